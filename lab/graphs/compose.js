// Builds a workflow in the real page from its written form and returns both files: {ui, api}.
async (spec) => {
  const app = window.app;
  app.graph.clear();
  const made = {};
  for (const entry of spec.nodes) {
    const node = LiteGraph.createNode(entry.type);
    if (!node) throw new Error(`no such node: ${entry.type}`);
    app.graph.add(node);
    node.pos = [...entry.pos];
    if (entry.title) node.title = entry.title;
    if (entry.color) { node.color = entry.color; node.bgcolor = entry.color; }
    made[entry.key] = node;
  }
  for (const entry of spec.nodes) {
    const node = made[entry.key];
    for (const [name, value] of Object.entries(entry.widgets)) {
      const widget = (node.widgets ?? []).find((w) => w.name === name);
      if (!widget && entry.type.endsWith('Note')) { node.widgets[0].value = value; continue; }
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
  for (const entry of spec.nodes) {
    const node = made[entry.key];
    const computed = node.computeSize();
    node.setSize(entry.size ? [...entry.size] : [Math.max(computed[0], 270), computed[1]]);
    node.mode = entry.mode;
    if (!entry.type.endsWith('Note')) node.properties.cnr_id = entry.type.startsWith('InverseCrafter') ? 'inversecrafter' : 'comfy-core';
  }
  for (const entry of spec.groups) {
    const group = new LiteGraph.LGraphGroup(entry.title);
    group.pos = [entry.bounding[0], entry.bounding[1]];
    group.size = [entry.bounding[2], entry.bounding[3]];
    group.color = entry.color;
    app.graph.add(group);
  }
  app.graph.extra = {};
  app.canvas.ds.reset();  // the view is part of the file
  const { workflow, output } = await app.graphToPrompt();
  // Through JSON text: handed over as an object, undefined members would arrive as null, which the page's own schema refuses.
  return JSON.stringify({ ui: workflow, api: output });
}
