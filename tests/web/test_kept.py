"""What outlives a node's object: a switch of tabs makes it anew, and another node may come to stand in its place."""

from __future__ import annotations

SCRIPT = """
import { api, app, settle } from "./fake_page.js";
import "./camera_path.js";
const graph = { id: "graph", setDirtyCanvas() {} };
class Node {
  inputs = [];
  graph = graph;
  constructor(id, keyframes = "") {
    const values = { preset: "arc_left", frames: 5, amount: 1, unit: "times_preset", start: "source", ease: "linear",
      relative_to: "source", keyframes };
    this.id = id;
    this.widgets = Object.entries(values).map(([name, value]) => ({ name, value }));
    this.onNodeCreated();
  }
  addDOMWidget(name) {
    this.widgets.push({ name });
    return this.widgets.at(-1);
  }
}
app.extensions[0].beforeRegisterNodeDef(Node, { name: "InverseCrafterCameraPath" });
app.extensionManager = { workflow: { activeWorkflow: { key: "tab" } } };
globalThis.fetch = () => new Promise(() => {});
const touched = (node) => node.inverseCrafter.element.dispatchEvent(new Event("pointerdown"));
const shows = (node, scene) => node.onExecuted({ path: [{ frames: 5, requested: null, scene }] });
const again = async (node) => {
  const made = new Node(node.id, node.widgets.find((one) => one.name === "keyframes").value);
  node.onRemoved();
  made.onConfigure({});
  await settle();
  return made;
};
const state = ({ inverseCrafter: { shared, model } }) => [String(shared.url).includes("a.bin"), model.history.canUndo];
const first = new Node(1);
touched(first);
first.inverseCrafter.model.addKey(2);
shows(first, "a.bin");
const same = await again(first);
const kept = state(same);
same.onRemoved();
const other = new Node(1); // the graph was emptied, and numbers begin anew
touched(other);
other.inverseCrafter.model.goTo(3);
const anew = state(await again(other));
shows(other, "a.bin");
app.extensionManager.workflow.activeWorkflow = { key: "tab" }; // that tab is closed; the next unsaved workflow has its name
answer([kept, anew, state(await again(new Node(1)))]);
process.exit(0);
"""


def test_a_scene_and_its_history_are_kept_for_the_node_and_not_for_another_in_its_place(javascript):
    assert javascript(SCRIPT) == [[True, True], [False, False], [False, False]]
