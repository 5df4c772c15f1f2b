// The editor of Plan Camera Path on its node. Its value is the node's own `keyframes`, a text widget that is hidden beside it.
import { app } from "/scripts/app.js";
import { api } from "/scripts/api.js";
import { runBranch } from "./editor/branch.js";
import { Editor } from "./editor/editor.js";
import { PathModel } from "./editor/model.js";
import { after, outerValue, place, recall, restoredOutput } from "./nodes.js";
import { text } from "./texts.js";

const NODE = "InverseCrafterCameraPath";
const HEIGHT = 360;
const AS_SOURCE = { preset: "static", keyframes: "" }; // a branch that only reads the scene needs no path that can be made
const RESTORE_MS = 300, RESTORE_TRIES = 20;
const kept = new Map(); // node of a workflow -> {shared, history, run}: what is shown survives the node's object

const widgetOf = (node, name) => node.widgets?.find((widget) => widget.name === name);
const isLinked = (node, name) => node.inputs?.some((input) => input.name === name && input.link != null) ?? false;

/** Return what a PathModel reads and writes: the widgets of a node. */
function sourceOf(node) {
  const value = (name) => outerValue(node, name) ?? widgetOf(node, name)?.value;
  return {
    read: () => ({
      preset: value("preset"),
      frames: Number(value("frames")) || 1,
      amount: Number(value("amount")),
      unit: value("unit"),
      start: value("start"),
      ease: value("ease"),
      relative_to: value("relative_to"),
      keyframes: String(value("keyframes") ?? ""),
      fromClip: isLinked(node, "video") || isLinked(node, "geometry"),
      geometry: isLinked(node, "geometry"),
      elsewhere: isLinked(node, "keyframes"),
    }),
    setRelativeTo: (name) => {
      widgetOf(node, "relative_to").value = name;
    },
    write: (keyframes, done) => {
      widgetOf(node, "keyframes").value = keyframes;
      node.graph?.setDirtyCanvas?.(true);
      if (done) app.extensionManager?.workflow?.activeWorkflow?.changeTracker?.checkState?.();
    },
  };
}

/** Hide a widget in both renderers; it stays in the prompt and in saved workflows. */
function hide(widget) {
  widget.hidden = true;
  widget.options = Object.assign(widget.options ?? {}, { hidden: true });
  widget.computeLayoutSize = () => ({ minHeight: 0, maxHeight: 0, minWidth: 0 });
}

function addEditor(node) {
  const keyframes = widgetOf(node, "keyframes");
  if (!keyframes) return;
  hide(keyframes);
  const model = new PathModel(sourceOf(node)), shared = {};
  const editor = new Editor(model, shared, () => {
    if (!isLinked(node, "geometry")) throw new Error(text("connectGeometry"));
    return runBranch(node, AS_SOURCE);
  });
  const widget = node.addDOMWidget("editor", "InverseCrafterCameraEditor", editor.element, {
    getValue: () => "",
    setValue: () => {},
    getMinHeight: () => HEIGHT,
    serialize: false,
    hideOnZoom: false,
  });
  widget.serialize = false;
  const report = node.widgets.findIndex((one) => one.name === "report"); // below the editor, whichever came first
  if (report >= 0) node.widgets.push(...node.widgets.splice(report, 1));
  node.inverseCrafter = editor;
  follow(node, editor);
  editor.element.addEventListener("mouseenter", () => model.refresh()); // widgets of a subgraph's node call nobody in it
  model.addEventListener("change", () => editor.settled && remember(node, editor));
  // A node that a file or a tab brings is settled when what is kept of it was found; a new one when it is first touched.
  for (const touch of ["pointerdown", "keydown"])
    editor.element.addEventListener(touch, () => (editor.settled = true), { capture: true });
}

/** Let the editor follow the node's other widgets, whoever changes them. */
function follow(node, editor) {
  for (const widget of node.widgets) {
    if (widget.name === "editor" || widget.name === "report") continue;
    const original = widget.callback;
    widget.callback = function (...given) {
      const result = original?.apply(this, given);
      const { model } = editor, before = model.settings.keyframes;
      if (widget.name === "keyframes") {
        if (widget.value !== before) model.adopt();
      } else {
        const chosen = widget.name === "preset" && widget.value !== model.settings.preset;
        model.refresh();
        if (chosen && model.custom && !model.unreadable) model.fillFromPreset();
      }
      return result;
    };
  }
}

/** Show what a run has sent: its number of frames and its scene. */
function show(node, output) {
  const [run] = output?.path ?? [];
  const editor = node.inverseCrafter;
  if (!run || !editor) return;
  remember(node, editor).run = run;
  editor.model.run = run;
  editor.model.refresh();
  const query = run.scene && new URLSearchParams({ filename: run.scene, subfolder: "", type: "temp" });
  editor.open(query ? api.apiURL(`/view?${query}`) : null);
}

/** Keep what a node's next object goes on with, its history and what it shows, and return it. */
function remember(node, editor) {
  const name = place(node), { history } = editor.model;
  if (kept.get(name)?.history !== history) kept.set(name, { history }); // another node stood here, of a workflow of this name
  return Object.assign(kept.get(name), { shared: editor.shared });
}

/** After a graph was loaded: take the values, what an earlier object of this node has shown, and what the page restores later. */
function configured(node) {
  const editor = node.inverseCrafter;
  if (!editor) return;
  editor.settled = false;
  setTimeout(() => {
    const memory = recall(kept, node), keyframes = String(widgetOf(node, "keyframes").value ?? "");
    if (memory) {
      memory.history.push(keyframes); // the page's own undo may have changed it
      editor.model.history = memory.history;
    } else editor.model.history.reset(keyframes);
    if (memory?.shared) editor.resume(memory.shared);
    editor.settled = true;
    editor.model.refresh();
    if (memory?.run) show(node, { path: [memory.run] });
    restore(node);
  });
}

function restore(node, tries = RESTORE_TRIES) {
  const output = restoredOutput(node);
  if (output?.path) show(node, output);
  else if (tries > 1 && node.graph) setTimeout(() => restore(node, tries - 1), RESTORE_MS);
}

app.registerExtension({
  name: "InverseCrafter.CameraPath",
  beforeRegisterNodeDef(nodeType, definition) {
    if (definition.name !== NODE) return;
    after(nodeType, "onNodeCreated", addEditor);
    after(nodeType, "onExecuted", show);
    after(nodeType, "onConfigure", configured);
    after(nodeType, "onConnectionsChange", (node) => node.inverseCrafter?.model.refresh());
    after(nodeType, "onRemoved", (node) => node.inverseCrafter?.close());
  },
});
