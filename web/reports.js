// Draws what a node says of its run: the `text` it sends, in a box on the node, in the classic renderer and in Vue nodes.
// The stock page draws such text for one node of its own only. Nodes with an output called "report" get the box.
import { app } from "/scripts/app.js";
import { after, place, recall, restoredOutput } from "./nodes.js";
import { text } from "./texts.js";

const WIDGET = "report";
const HEIGHT = 76;
const RESTORE_MS = 300;
const RESTORE_TRIES = 20;
const shown = new Map(); // node of a workflow -> the output drawn last: the page loses one that comes before its answer to the run

const reports = (definition) =>
  definition.name?.startsWith("InverseCrafter") && (definition.output_name ?? []).includes(WIDGET);

/**
 * Append the read-only box. It is the stock one of texts: newer pages draw in Vue nodes what its setter registers, and nothing
 * that a widget of our own is set to. It goes neither into the prompt nor into the saved workflow.
 */
function addBox(node) {
  const placeholder = text("reportHint");
  const { widget } = app.widgets.STRING(node, WIDGET, ["STRING", { multiline: true, placeholder }], app);
  widget.element.readOnly = true;
  Object.assign(widget.options, { getMinHeight: () => HEIGHT, serialize: false, read_only: true, placeholder });
  widget.serialize = false;
  widget.label = node.outputs?.find((output) => output.name === WIDGET)?.localized_name;
}

function show(node, output) {
  const widget = node.widgets?.find((one) => one.name === WIDGET);
  const words = output?.text;
  if (!widget || words === undefined) return;
  shown.set(place(node), output);
  widget.value = Array.isArray(words) ? words.join("\n") : String(words);
  widget.callback?.(widget.value); // Vue nodes learn of a new value this way
}

/** After a switch of tabs: draw what was drawn, or what the page restores some time later of a run that ended meanwhile. */
function restore(node, tries = RESTORE_TRIES) {
  setTimeout(() => {
    const output = restoredOutput(node) ?? recall(shown, node);
    if (output?.text !== undefined) show(node, output);
    else if (tries > 1 && node.graph) restore(node, tries - 1);
  }, RESTORE_MS);
}

app.registerExtension({
  name: "InverseCrafter.Reports",
  beforeRegisterNodeDef(nodeType, definition) {
    if (!reports(definition)) return;
    after(nodeType, "onNodeCreated", addBox);
    after(nodeType, "onExecuted", show);
    after(nodeType, "onConfigure", (node) => restore(node));
  },
});
