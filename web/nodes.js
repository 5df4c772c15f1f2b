// What our extensions share: a name for a node that outlives its object, methods of node classes, results of the last run.
import { app } from "/scripts/app.js";

/** Name a node across switches of tabs, which make its object anew: its workflow, its graph and its number. */
export const place = (node) => [app.extensionManager?.workflow?.activeWorkflow?.key, node.graph?.id, node.id].join(" ");

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
