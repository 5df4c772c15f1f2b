// What our extensions share: a name for a node that outlives its object, methods of node classes, results of the last run.
import { app } from "/scripts/app.js";

const UNNAMED = "00000000-0000-0000-0000-000000000000"; // a graph that was never saved nor left, until its tab is left
const numbers = new WeakMap(); // workflow -> its number; a closed tab's name is the next unsaved workflow's
let workflows = 0;

function workflowNumber(workflow) {
  if (workflow && !numbers.has(workflow)) numbers.set(workflow, ++workflows);
  return numbers.get(workflow) ?? 0;
}

const placeIn = (node, graph) => [workflowNumber(app.extensionManager?.workflow?.activeWorkflow), graph, node.id].join(" ");

/** Name a node across switches of tabs, which make its object anew: its workflow, its graph and its number. */
export const place = (node) => placeIn(node, node.graph?.id);

/** Return what a map has kept under a node's place; what was kept while its graph had no name yet moves there. */
export function recall(map, node) {
  const before = placeIn(node, UNNAMED);
  if (!map.has(place(node)) && map.has(before)) {
    map.set(place(node), map.get(before));
    map.delete(before);
  }
  return map.get(place(node));
}

/** Append `more` to a method of every node of a class. */
export function after(nodeType, method, more) {
  const original = nodeType.prototype[method];
  nodeType.prototype[method] = function (...given) {
    const result = original?.apply(this, given);
    more(this, ...given);
    return result;
  };
}

/** Return what the page restored of a node's last run, or undefined. The nodes of a subgraph have its id before theirs. */
export const restoredOutput = (node) => {
  const inSubgraph = node.graph && node.graph !== (app.rootGraph ?? app.graph) ? `${node.graph.id}:${node.id}` : null;
  return app.nodeOutputs?.[inSubgraph ?? node.id];
};

const OF_SUBGRAPH = -10; // the origin of links that come from outside a subgraph

/** Return all nodes of a graph and of its subgraphs. */
function* allNodes(graph, seen = new Set()) {
  if (!graph || seen.has(graph)) return;
  seen.add(graph);
  for (const node of graph.nodes) {
    yield node;
    yield* allNodes(node.subgraph, seen);
  }
}

/** Return the value that the node around a subgraph gives to a widget in it; undefined where it gives none. */
export function outerValue(node, name) {
  const link = node.graph?.getLink?.(node.inputs?.find((input) => input.name === name)?.link);
  if (Number(link?.origin_id) !== OF_SUBGRAPH) return undefined;
  const { name: outer } = node.graph.inputs[link.origin_slot];
  const around = [...allNodes(app.rootGraph ?? app.graph)].find((one) => one.subgraph === node.graph);
  return around?.widgets?.find((widget) => widget.name === outer)?.value;
}
