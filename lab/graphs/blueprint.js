// Makes one node of a built graph, in the real page: what is not outside goes into a subgraph, whose inputs get names.
// Returns the graph of its node with what is outside, and that node's id.
async ({ name, outside, sockets, widgets, note }) => {
  const app = window.app;
  const inside = app.graph.nodes.filter((node) => !outside.includes(node.id) && node.type !== 'MarkdownNote');
  for (const group of [...app.graph.groups]) app.graph.remove(group);
  const { subgraph, node } = app.graph.convertToSubgraph(new Set(inside));
  subgraph.name = name;
  node.title = name;
  // Sockets that come from outside are named after the node there.
  for (const [socket, id, input] of sockets) {
    const target = subgraph.getNodeById(id);
    const slot = target.inputs.find((one) => one.name === input);
    const at = subgraph.inputs.find((one) => one.linkIds.includes(slot.link));
    if (at) {
      if (at.name !== socket) { subgraph.renameInput(at, socket); at.name = socket; }
      continue;
    }
    const there = subgraph.inputs.find((one) => one.name === socket) ?? subgraph.addInput(socket, slot.type);
    if (!there.connect(slot, target)) throw new Error(`${socket} does not fit ${target.type}.${input}`);
  }
  for (const [label, id, widget] of widgets) {
    const target = subgraph.getNodeById(id);
    const slot = target?.inputs.find((one) => one.widget?.name === widget);
    if (!slot) throw new Error(`${target?.type ?? id} has no input for its widget '${widget}'`);
    const there = subgraph.inputs.find((one) => one.name === label) ?? subgraph.addInput(label, slot.type);
    if (!there.connect(slot, target)) throw new Error(`${label} does not fit ${target.type}.${widget}`);
  }
  // The definition's nodes keep their columns; the node stands between what is outside.
  const [TITLE, GAP, WIDTH] = [30, 24, 320];
  const others = app.graph.nodes.filter((one) => outside.includes(one.id));
  const before = others.filter((one) => (one.outputs ?? []).some((slot) => slot.links?.length));
  const after = others.filter((one) => !before.includes(one));
  let x = 460;
  for (const column of [before, [node], after]) {
    let y = TITLE;
    for (const one of column) {
      one.pos = [x, y];
      one.setSize([WIDTH, Math.max(one.computeSize()[1], one === node ? 0 : one.size[1])]);
      y += one.size[1] + TITLE + GAP;
    }
    x += WIDTH + 2 * GAP;
  }
  const read = app.graph.nodes.find((one) => one.type === 'MarkdownNote');
  read.widgets[0].value = note;
  read.setSize([400, 520]);
  read.pos = [0, TITLE];
  // Not the workflow of graphToPrompt(): it leaves unlinked widgets out of the inputs, and on loading the page takes each widget
  // on the node from the place that its input has among those that are left.
  const workflow = app.graph.serialize();
  workflow.extra.ds = { scale: 0.9, offset: [90, 150] };
  return JSON.stringify({ starter: workflow, id: node.id });
}
