// Runs the branch that ends in one node, and nothing else: the clip and its depth, no sampler. Works on every frontend, since
// it sends a prompt of its own, cut out of the page's.
import { app } from "/scripts/app.js";
import { api } from "/scripts/api.js";
import { text } from "../texts.js";

/** Return the node that an id of a prompt, such as "12:5", stands for. */
function nodeOf(id) {
  let graph = app.rootGraph ?? app.graph, node = null;
  for (const part of id.split(":")) {
    node = graph?.getNodeById(part) ?? graph?.getNodeById(Number(part));
    graph = node?.subgraph;
  }
  return node;
}

/** Return the part of a prompt that feeds the node with this id, itself included. */
function upstream(prompt, id, found = {}) {
  if (found[id] || !prompt[id]) return found;
  found[id] = prompt[id];
  for (const value of Object.values(prompt[id].inputs))
    if (Array.isArray(value) && value.length === 2) upstream(prompt, String(value[0]), found);
  return found;
}

/** Say in a sentence what a refused prompt lacks. */
function refusal(error) {
  const answer = error.response ?? {};
  const [first] = Object.values(answer.node_errors ?? {});
  const detail = first?.errors?.[0];
  return detail ? `${first.class_type}: ${detail.message} ${detail.details ?? ""}` : (answer.error?.message ?? error.message);
}

const ENDS = {
  execution_success: () => "",
  execution_error: (detail) => detail.exception_message,
  execution_interrupted: () => text("cancelled"),
};

/** Watch how prompts end, from now on: a short one ends before the answer to its sending is here. */
class Endings {
  #found = new Map(); // prompt id -> "", or why it failed
  #awaited = null; // prompt id
  #waiting = () => {};
  #listeners = { status: () => this.#look() };

  constructor() {
    for (const [name, failure] of Object.entries(ENDS))
      this.#listeners[name] = ({ detail }) => this.#end(detail?.prompt_id, failure(detail));
    for (const [name, listener] of Object.entries(this.#listeners)) api.addEventListener(name, listener);
  }

  #end(promptId, failure) {
    this.#found.set(promptId, failure);
    this.#waiting();
  }

  /** After a change of the queue or a new connection: a prompt that was taken out, or ended unheard, sends no message. */
  async #look() {
    const id = this.#awaited;
    if (id === null || this.#found.has(id)) return;
    try {
      const { queue_running, queue_pending } = await (await api.fetchApi("/queue")).json();
      if ([...queue_running, ...queue_pending].some((item) => item[1] === id)) return;
      const entry = (await (await api.fetchApi(`/history/${id}`)).json())[id];
      const [name, detail] = entry?.status?.messages?.findLast(([kind]) => kind in ENDS) ?? [];
      if (!this.#found.has(id)) this.#end(id, name ? ENDS[name](detail) : entry ? "" : text("cancelled"));
    } catch {
      // The host does not answer; when it does, it sends its status.
    }
  }

  /** Wait until a prompt has ended. Throws an Error that says why it failed. */
  async of(promptId) {
    this.#awaited = promptId;
    this.#look();
    while (!this.#found.has(promptId)) await new Promise((resolve) => (this.#waiting = resolve));
    if (this.#found.get(promptId)) throw new Error(this.#found.get(promptId));
  }

  close() {
    for (const [name, listener] of Object.entries(this.#listeners)) api.removeEventListener(name, listener);
  }
}

/**
 * Run the branch that ends in `node`, with some of its inputs replaced, and wait for it.
 * Throws an Error whose message says what is missing, or why it failed.
 */
export async function runBranch(node, replaced) {
  const { output, workflow } = await app.graphToPrompt();
  const id = Object.keys(output).find((one) => one.split(":").at(-1) === String(node.id) && nodeOf(one) === node);
  if (!id) throw new Error(text("muted"));
  const prompt = structuredClone(upstream(output, id));
  Object.assign(prompt[id].inputs, replaced, { reading: Date.now() }); // what is cached would send no result
  prompt["scene"] = { class_type: "PreviewAny", inputs: { source: [id, 2] }, _meta: { title: "Scene" } };
  const endings = new Endings();
  try {
    const { prompt_id } = await api.queuePrompt(-1, { output: prompt, workflow }).catch((error) => {
      throw new Error(refusal(error));
    });
    await endings.of(prompt_id);
  } finally {
    endings.close();
  }
}
