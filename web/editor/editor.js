// The editor of a camera path: views, timeline, numbers and buttons around one model. It knows nothing of nodes.
import { HoleEstimate, TOO_MANY } from "../path/holes.js";
import { add, apply } from "../path/rotations.js";
import { text } from "../texts.js";
import { CameraView } from "./camera_view.js";
import { Inspector } from "./inspector.js";
import { keyActions, keyName } from "./keys.js";
import { Scene } from "./scene.js";
import { addStyle } from "./style.js";
import { Timeline } from "./timeline.js";
import { WorldView } from "./world_view.js";

const STRIP_MS = 16; // of every animation frame for the strip of holes
const PLAY_MS = 1000 / 16;

export class Editor {
  through = false;
  textShown = false;
  large = false;
  playing = 0;
  note = "";
  reading = false;

  /**
   * `model`: a PathModel. `shared`: an object that outlives the editor, with the scene and the eye's place. `read()`: runs the
   * branch of the clip's depth and rejects with a message for the user.
   */
  constructor(model, shared, read) {
    addStyle();
    Object.assign(this, { model, shared, runBranch: read });
    this.element = Object.assign(document.createElement("div"), { className: "ic-editor", tabIndex: 0 });
    this.element.type = "textarea"; // the page leaves undo and redo to elements of this type
    this.element.dataset.captureWheel = "true";
    this.#addBar();
    this.#addStage();
    this.timeline = new Timeline(this.element, model, shared);
    this.inspector = new Inspector(this.element, model);
    this.status = this.element.appendChild(Object.assign(document.createElement("div"), { className: "ic-status" }));
    this.#listen();
    this.lookThrough(shared.through ?? false);
    if (shared.scene) this.#sceneOpened();
    this.#changed();
  }

  #listen() {
    this.model.addEventListener("change", () => this.#changed());
    const actions = keyActions(this);
    this.element.addEventListener("keydown", (event) => {
      const typing = /INPUT|SELECT|TEXTAREA/.test(event.target.tagName);
      const action = typing && event.key !== "Escape" ? null : actions[keyName(event)];
      if (action || typing || !(event.ctrlKey || event.metaKey)) event.stopPropagation(); // Ctrl+Enter is the page's: run
      if (!action) return;
      event.preventDefault();
      action();
    });
    for (const name of ["pointerdown", "pointermove", "pointerup", "wheel", "dblclick", "contextmenu", "copy", "paste", "cut"])
      this.element.addEventListener(name, (event) => event.stopPropagation());
    this.element.addEventListener("pointerdown", (event) => {
      if (!/INPUT|SELECT|TEXTAREA|BUTTON/.test(event.target.tagName)) this.element.focus({ preventScroll: true });
    });
  }

  #addBar() {
    const bar = this.element.appendChild(Object.assign(document.createElement("div"), { className: "ic-bar" }));
    const button = (label, hint, action) => {
      const made = Object.assign(document.createElement("button"), { type: "button", textContent: label, title: text(hint) });
      made.addEventListener("click", () => {
        action();
        this.element.focus({ preventScroll: true });
      });
      return bar.appendChild(made);
    };
    const { model } = this;
    this.buttons = {
      through: button(text("through"), "throughHint", () => this.lookThrough(!this.through)),
      play: button("▶", "playHint", () => this.play(!this.playing)),
      add: button("+", "addHint", () => model.addKey()),
      remove: button("−", "removeHint", () => model.deleteKey()),
      fill: button(text("fill"), "fillHint", () => model.setText("")),
      undo: button("↶", "undoHint", () => model.undo()),
      redo: button("↷", "redoHint", () => model.redo()),
      text: button("{ }", "textHint", () => this.showText(!this.textShown)),
    };
    bar.append(Object.assign(document.createElement("span"), { className: "ic-space" }));
    this.buttons.read = button(text("read"), "readHint", () => this.read());
    this.buttons.large = button("⤢", "largeHint", () => this.enlarge(!this.large));
  }

  #addStage() {
    this.stage = this.element.appendChild(Object.assign(document.createElement("div"), { className: "ic-stage" }));
    this.world = new WorldView(this.stage, this.model, this.shared);
    this.camera = new CameraView(this.stage, this.model, this.shared);
    this.hint = this.stage.appendChild(Object.assign(document.createElement("div"), { className: "ic-hint" }));
    this.text = this.stage.appendChild(document.createElement("textarea"));
    Object.assign(this.text, { className: "ic-text", hidden: true, spellcheck: false });
    this.text.addEventListener("input", () => this.model.setText(this.text.value, false));
    this.text.addEventListener("change", () => this.model.commit());
  }

  /** Show the scene of a file at a URL; null for none. */
  async open(url) {
    if (url === this.shared.url && (url || !this.shared.scene)) {
      if (!this.reading) this.note = "";
      return this.#changed();
    }
    Object.assign(this.shared, { url, scene: null, current: null, estimate: null, shares: [] });
    this.note = "";
    try {
      const scene = url && (await Scene.open(url));
      if (url !== this.shared.url) return;
      this.shared.scene = scene;
      this.#sceneOpened();
    } catch (error) {
      if (url !== this.shared.url) return; // another one is opened meanwhile
      this.shared.url = null;
      this.note = error.message;
    }
    this.#changed();
  }

  /** Go on where another editor of the same node has stopped: its eye and its view. */
  resume({ orbit, through }) {
    if (orbit) Object.assign(this.world.orbit, structuredClone(orbit));
    this.lookThrough(through ?? false);
  }

  /** Stop what runs on its own, and let go of the scene: what is kept of the node outlives it. */
  close() {
    Object.assign(this.shared, { url: null, scene: null, current: null, estimate: null });
    this.play(false);
    this.enlarge(false);
    cancelAnimationFrame(this.working);
  }

  #sceneOpened() {
    if (this.shared.scene) this.shared.estimate = new HoleEstimate(this.shared.scene);
    this.followed = null;
    this.#changed();
  }

  /** Run the branch of the clip's depth, so that the scene can be shown. */
  async read() {
    if (this.reading) return;
    this.reading = true;
    const waiting = (this.note = text("reading"));
    this.#changed();
    try {
      await this.runBranch();
      if (this.note === waiting) this.note = "";
    } catch (error) {
      this.note = error.message;
    }
    this.reading = false;
    this.#changed();
  }

  lookThrough(on) {
    this.through = this.shared.through = on;
    this.camera.canvas.hidden = !on;
    this.world.canvas.hidden = on;
    this.#changed();
  }

  showText(on) {
    this.textShown = on;
    this.text.hidden = !on;
    if (on) this.text.value = this.model.settings.keyframes;
    this.#changed();
  }

  /** Fill the window, or go back to the node. */
  enlarge(on) {
    if (on === this.large) return;
    this.large = on;
    if (on) {
      this.anchor = document.createComment("editor");
      this.element.replaceWith(this.anchor);
      document.body.append(this.element);
    } else if (this.element.parentNode === document.body) this.anchor.replaceWith(this.element); // else the page has put it back
    this.element.classList.toggle("ic-large", on);
    this.element.focus({ preventScroll: true });
    this.#changed();
  }

  play(on) {
    clearInterval(this.playing);
    const next = () => this.element.isConnected ? this.model.goTo((this.model.frame + 1) % this.model.frames) : this.play(false);
    this.playing = on ? setInterval(next, PLAY_MS) : 0;
    this.#changed();
  }

  /** Move the keyframe at the current frame along the camera's own axes. */
  nudge(move) {
    const { position, rotation } = this.model.cameras[this.model.frame];
    this.model.placeKey(this.model.frame, add(position, apply(rotation, move)));
  }

  #changed() {
    if (!this.status) return;
    const { model, shared } = this;
    if (model.edits !== this.followed) {
      this.followed = model.edits;
      shared.estimate?.follow(model.cameras, model.relativeTo);
    }
    this.#load();
    this.#redraw();
    this.#work();
  }

  /** Load the frame that is shown, if it is another; one at a time, the newest next. */
  async #load() {
    const { scene } = this.shared, place = scene?.placeOf(this.model.frame);
    if (!scene || this.loading || (this.shared.current && this.place === place)) return;
    this.loading = true;
    let failed = false;
    try {
      this.shared.current = await scene.load(place);
      this.place = place;
    } catch (error) {
      failed = this.shared.scene === scene;
      if (failed) {
        this.shared.url = null; // so that the next run opens it anew
        if (!this.reading) this.note = error.message;
      }
    }
    this.loading = false;
    if (this.shared.scene !== scene) this.shared.current = null;
    this.#redraw();
    if (!failed) this.#load();
  }

  #work() {
    if (this.working || !this.shared.estimate || this.shared.estimate.done) return;
    this.working = requestAnimationFrame(() => {
      this.working = 0;
      const { estimate } = this.shared;
      if (estimate?.work(STRIP_MS)) {
        this.shared.shares = estimate.shares;
        this.#redrawStrip();
      }
      if (this.element.isConnected) this.#work();
    });
  }

  #redrawStrip() {
    this.timeline.redraw();
    this.#say();
  }

  #redraw() {
    (this.through ? this.camera : this.world).redraw();
    this.timeline.redraw();
    this.inspector.show();
    if (this.textShown && document.activeElement !== this.text) this.text.value = this.model.settings.keyframes;
    this.#showButtons();
    this.#say();
  }

  #showButtons() {
    const { buttons, model } = this;
    for (const [name, on] of [["through", this.through], ["text", this.textShown], ["play", this.playing], ["large", this.large]])
      buttons[name].setAttribute("aria-pressed", String(Boolean(on)));
    buttons.undo.disabled = !model.history.canUndo;
    buttons.redo.disabled = !model.history.canRedo;
    buttons.remove.disabled = !model.keys.some((key) => key.frame === (model.selected ?? model.frame));
    buttons.fill.disabled = !model.custom;
    buttons.read.disabled = this.reading;
  }

  #say() {
    const { model, shared } = this;
    this.hint.textContent = shared.scene || this.textShown ? "" : text(model.settings.geometry ? "unread" : "noScene");
    const message = model.error || this.note;
    this.status.classList.toggle("ic-error", Boolean(message) && !this.reading);
    this.status.textContent = message || this.#figures();
    this.status.title = this.status.textContent;
  }

  #figures() {
    const { model, shared } = this;
    const { preset } = model.settings;
    const made = model.custom ? text("madeOfKeyframes", { count: model.keys.length }) : text("madeOfPreset", { preset });
    const known = (shared.shares ?? []).filter((share) => share !== undefined);
    if (!known.length) return text("lengthOnly", { made, frames: model.frames });
    const most = Math.max(...known), worst = shared.shares.indexOf(most);
    const red = known.filter((share) => share > TOO_MANY).length;
    const here = shared.shares[model.frame];
    const percent = (share) => (100 * share).toFixed(0), values = { made, most: percent(most), worst };
    const figures = here === undefined ? text("most", values) : text("hereAndMost", { ...values, here: percent(here) });
    return red ? text("tooMany", { figures, limit: 100 * TOO_MANY, count: red }) : figures;
  }
}
