// Undo and redo of texts. It imports nothing.

const MOST = 200;

/** The states of a text: the one shown now, those before it and those that were undone. */
export class History {
  #states;
  #at = 0;

  constructor(first) {
    this.reset(first);
  }

  get now() {
    return this.#states[this.#at].text;
  }

  /** What else the step to the state shown now has changed, or null. */
  get beside() {
    return this.#states[this.#at].beside;
  }

  get canUndo() {
    return this.#at > 0;
  }

  get canRedo() {
    return this.#at < this.#states.length - 1;
  }

  /** Forget everything: `first` is the only state. */
  reset(first) {
    this.#states = [{ text: first, beside: null }];
    this.#at = 0;
  }

  /** Add a state after the one shown now; those that were undone are dropped. One equal to it is added only if `beside` changed. */
  push(text, beside = null) {
    if (text === this.now && !beside) return;
    this.#states.splice(this.#at + 1, Infinity, { text, beside });
    this.#states.splice(0, Math.max(0, this.#states.length - MOST));
    this.#at = this.#states.length - 1;
  }

  /** Return the state before, shown from here on. */
  undo() {
    this.#at = Math.max(0, this.#at - 1);
    return this.now;
  }

  /** Return the state that was undone last, shown from here on. */
  redo() {
    this.#at = Math.min(this.#states.length - 1, this.#at + 1);
    return this.now;
  }
}
