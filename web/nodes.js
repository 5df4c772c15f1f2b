// What our extensions share: a name for a node that outlives its object, methods of node classes, results of the last run.
import { app } from "/scripts/app.js";

const UNNAMED = "00000000-0000-0000-0000-000000000000"; // a graph that was never saved nor left, until its tab is left
const placeIn = (node, graph) => [app.extensionManager?.workflow?.activeWorkflow?.key, graph, node.id].join(" ");

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
