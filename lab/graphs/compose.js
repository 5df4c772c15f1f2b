// Builds a workflow in the real page from its written form, lays it out, and returns both files: {ui, api}.
async (spec) => {
  const many = spec.columns.filter((column) => !column.under).length > 7;  // columns are narrower, so that they have room in Vue
  const [TITLE, GAP, BESIDE, MARGIN, HEADING, WIDTH] = [30, 24, many ? 6 : 12, 10, 54, many ? 262 : 284];  // canvas units
  const NOTE = [many ? 330 : 400, 1240];
  const [ROW, BADGE] = [4, 24];  // Vue nodes of newer hosts take more for a widget, and have a row with the name of a pack
  const room = (node) => node.computeSize()[1] + ROW * (node.widgets ?? []).length + (node.properties.cnr_id === 'comfy-core' ? 0 : BADGE);
  const SPREAD = 1.2;  // the page of 0.3.75 moves Vue nodes apart by so much, away from the origin
  const READABLE = 0.575;  // below this scale the canvas leaves out every word
  const WINDOW = [1920, 960, 70, 130];  // pixels: the canvas of a common window, and what the page's bars cover at the left and above
  const app = window.app;
  app.graph.clear();
  const made = {};
  const add = (entry) => {
    const node = LiteGraph.createNode(entry.type);
    if (!node) throw new Error(`no such node: ${entry.type}`);
    app.graph.add(node);
    node.title = entry.title ?? node.title.replace(/ \(InverseCrafter\)$/, '');
    if (entry.color) { node.color = entry.color; node.bgcolor = entry.color; }
    if (!entry.type.endsWith('Note')) node.properties.cnr_id = entry.type.startsWith('InverseCrafter') ? 'inversecrafter' : 'comfy-core';
    return node;
  };
  const entries = spec.columns.flatMap((column) => column.nodes);
  for (const entry of entries) made[entry.key] = add(entry);
  for (const entry of entries) {
    const node = made[entry.key];
    for (const [name, value] of Object.entries(entry.widgets)) {
      const widget = (node.widgets ?? []).find((w) => w.name === name);
      if (!widget) throw new Error(`${entry.type} has no widget '${name}'; it has ${(node.widgets ?? []).map((w) => w.name)}`);
      widget.value = value;
    }
    for (const [name, [key, output]] of Object.entries(entry.links)) {
      const target = node.findInputSlot(name);
      const source = made[key].outputs.findIndex((o) => o.name === output);
      if (target < 0) throw new Error(`${entry.type} has no input '${name}'; it has ${node.inputs.map((i) => i.name)}`);
      if (source < 0) throw new Error(`${key} has no output '${output}'; it has ${made[key].outputs.map((o) => o.name)}`);
      if (!made[key].connect(source, node, target)) throw new Error(`${key}.${output} does not fit ${entry.key}.${name}`);
    }
  }

  // A column stands beside the one before it, or below the one that it names with `under`.
  const ends = {};
  let next = NOTE[0] + 2 * MARGIN + BESIDE;
  for (const column of spec.columns) {
    const above = ends[column.under];
    const [left, top] = above ?? [next, 0];
    if (!above) next += WIDTH + 2 * MARGIN + BESIDE;
    let y = top + TITLE;
    for (const entry of column.nodes) {
      const node = made[entry.key];
      node.setSize([WIDTH, Math.max(room(node), entry.height)]);
      node.pos = [left, y];
      node.mode = entry.mode;
      y += node.size[1] + TITLE + GAP;
    }
    const bottom = y - TITLE - GAP + MARGIN;
    ends[column.title] = [left, bottom + HEADING + GAP];
    const group = new LiteGraph.LGraphGroup(column.title);
    group.pos = [left - MARGIN, top - HEADING];
    group.size = [WIDTH + 2 * MARGIN, bottom - top + HEADING];
    group.color = column.color;
    group.font_size = 20;  // so that no title is cut
    app.graph.add(group);
  }
  const note = add({ type: 'MarkdownNote', title: 'Read me', color: '#332922' });
  note.widgets[0].value = spec.note;
  note.setSize(NOTE);
  note.pos = [0, TITLE];

  const { workflow, output } = await app.graphToPrompt();
  // The whole graph in view. A file without a view opens fitted too, but the page of 0.3.75 then pulls Vue nodes apart.
  const frames = [note, ...app.graph.groups].map((one) => [...one.pos, ...one.size]);
  const [x, y] = [0, 1].map((axis) => Math.min(...frames.map((one) => one[axis])));
  const [width, height] = [0, 1].map((axis) => Math.max(...frames.map((one) => one[axis] + one[axis + 2])) - [x, y][axis]);
  const fitted = Math.min((WINDOW[0] - WINDOW[2]) / width / SPREAD, (WINDOW[1] - WINDOW[3]) / height);
  const scale = Math.max(fitted, READABLE);
  workflow.extra.ds = { scale, offset: [WINDOW[2] / scale - x, WINDOW[3] / scale - y] };
  // A script that has the real Wan needs the text encoder: it is in the API form too, without a link, so that it is not run.
  for (const entry of entries.filter((one) => one.type === 'CLIPLoader')) made[entry.key].mode = 0;
  const spare = (await app.graphToPrompt()).output;
  for (const [id, node] of Object.entries(spare)) if (node.class_type === 'CLIPLoader') output[id] = node;
  // Through JSON text: handed over as an object, undefined members would arrive as null, which the page's own schema refuses.
  return JSON.stringify({ ui: workflow, api: output });
}
