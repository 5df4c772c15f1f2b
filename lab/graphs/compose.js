// Builds a workflow in the real page from its written form, lays it out, and returns both files: {ui, api}.
async (spec) => {
  const [TITLE, GAP, MARGIN, WIDTH, NOTE_WIDTH] = [30, 40, 20, 320, 600];
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

  // Columns of the first row stand beside one another, those of the second below the one that they name.
  const stack = (column, left, top) => {
    let y = top + TITLE;
    for (const entry of column.nodes) {
      const node = made[entry.key];
      node.setSize([WIDTH, Math.max(node.computeSize()[1], entry.height)]);
      node.pos = [left, y];
      node.mode = entry.mode;
      y += node.size[1] + TITLE + GAP;
    }
    return y - TITLE - GAP;
  };
  const frame = (column, left, top, bottom) => {
    const group = new LiteGraph.LGraphGroup(column.title);
    group.pos = [left - MARGIN, top - 60];
    group.size = [WIDTH + 2 * MARGIN, bottom - top + 60 + MARGIN];
    group.color = column.color;
    app.graph.add(group);
  };
  const first = spec.columns.filter((column) => !column.under);
  const lefts = Object.fromEntries(first.map((column, i) => [column.title, i * (WIDTH + 2 * MARGIN + GAP)]));
  const bottom = Math.max(...first.map((column) => stack(column, lefts[column.title], 0)));
  for (const column of first) frame(column, lefts[column.title], 0, bottom);
  const below = bottom + 120;
  for (const column of spec.columns.filter((one) => one.under))
    frame(column, lefts[column.under], below, stack(column, lefts[column.under], below));
  const note = add({ type: 'MarkdownNote', title: 'Read me', color: '#332922' });
  note.widgets[0].value = spec.note;
  note.setSize([NOTE_WIDTH, Math.min(bottom - TITLE, 1000)]);
  note.pos = [-NOTE_WIDTH - MARGIN - GAP, TITLE];

  const { workflow, output } = await app.graphToPrompt();
  delete workflow.extra.ds;  // without a view of its own a workflow opens fitted to the window
  // A script that has the real Wan needs the text encoder: it is in the API form too, without a link, so that it is not run.
  for (const entry of entries.filter((one) => one.type === 'CLIPLoader')) made[entry.key].mode = 0;
  const spare = (await app.graphToPrompt()).output;
  for (const [id, node] of Object.entries(spare)) if (node.class_type === 'CLIPLoader') output[id] = node;
  // Through JSON text: handed over as an object, undefined members would arrive as null, which the page's own schema refuses.
  return JSON.stringify({ ui: workflow, api: output });
}
