// As much of a browser as the editor needs to live in Node.js: elements that hold no picture, and a page's `app` and `api`.
const nothing = () => {};

class FakeElement extends EventTarget {
  isConnected = true;
  children = [];
  dataset = {};
  style = {};
  classList = { toggle: nothing, add: nothing };
  textContent = "";
  clientWidth = 0; // nothing is drawn
  clientHeight = 0;

  constructor(tag) {
    super();
    this.tagName = tag.toUpperCase();
  }

  append(...more) {
    for (const one of more) if (one instanceof FakeElement) this.appendChild(one);
  }

  appendChild(one) {
    one.parentNode?.children.splice(one.parentNode.children.indexOf(one), 1);
    one.parentNode = this;
    this.children.push(one);
    return one;
  }

  remove() {
    this.parentNode?.children.splice(this.parentNode.children.indexOf(this), 1);
    this.parentNode = null;
  }

  replaceWith(other) {
    const { parentNode } = this;
    if (!parentNode) return;
    this.remove();
    parentNode.appendChild(other);
  }

  add = nothing;
  focus = nothing;
  setAttribute = nothing;
  getContext = () => new Proxy({}, { get: () => nothing, set: () => true });
}

const make = (tag) => new FakeElement(tag);
globalThis.window = globalThis;
globalThis.document = {
  createElement: make, createComment: make, getElementById: () => make("style"), head: make("head"), body: make("body"),
};
globalThis.Option = class extends FakeElement {
  constructor() {
    super("option");
  }
};
globalThis.ResizeObserver = class {
  observe() {}
};
globalThis.requestAnimationFrame = (draw) => setTimeout(draw, 0);
globalThis.cancelAnimationFrame = clearTimeout;

export const app = { extensions: [], registerExtension: (one) => app.extensions.push(one) };
export const api = Object.assign(new EventTarget(), { apiURL: (route) => route });

/** Let a host's message come: its name and its detail. */
export const send = (name, detail) => api.dispatchEvent(Object.assign(new Event(name), { detail }));

/** Wait until everything that is ready has run. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

const TRIES = 2000;

/** Wait until `holds()`; throws an Error where it does not come to hold. */
export async function until(holds) {
  for (let i = 0; i < TRIES && !holds(); i++) await settle();
  if (!holds()) throw new Error(`not so: ${holds}`);
}
