// The state of an editor: settings of its node, keyframes, the path that they give, what is selected. It imports no page.
//
// The node's widgets are the only truth: `source.read()` returns their values, `source.write(text, done)` sets the keyframes,
// at the end of a drag `done`, `source.setRelativeTo(name)` what they are relative to. The model tells listeners of every change by an event "change".
import { History } from "../path/history.js";
import { interpolated } from "../path/interpolate.js";
import { InputError, beyond, formatKeyframes, moved, parseKeyframes, statedFrame, turned } from "../path/keyframes.js";
import { PRESETS, presetKeyframes, presetPath } from "../path/presets.js";
import { IDENTITY, lookAt } from "../path/rotations.js";
import { text } from "../texts.js";

const RELATIVE_TO = ["source", "world", "stabilised"];
const MOST_FRAMES = 10000;
const STILL = { position: [0, 0, 0], rotation: IDENTITY, focal_scale: 1 };

export class PathModel extends EventTarget {
  frame = 0; // the current frame
  selected = null; // the frame of the selected keyframe
  run = null; // of the last run: {frames, requested}; requested: the widget's frames, null where the clip set the length
  error = ""; // why the widgets give no path
  keys = [];
  cameras = [STILL]; // of the path, one a frame: {position, rotation, focal_scale}
  edits = 0;
  #related = null; // since the last step to undo: {from, to} of what the keyframes are relative to

  constructor(source) {
    super();
    this.source = source;
    this.history = new History(source.read().keyframes);
    this.refresh();
  }

  /** Whether keyframes, and not the preset, make the path. */
  get custom() {
    return this.settings.keyframes.trim() !== "";
  }

  /** What the path is relative to: "source", "world" or "stabilised". */
  get relativeTo() {
    return (!this.custom && PRESETS[this.settings.preset]?.relativeTo) || this.settings.relative_to;
  }

  get frames() {
    return this.cameras.length;
  }

  /** The keyframe at the current frame, or undefined. */
  get key() {
    return this.keys.find((key) => key.frame === this.frame);
  }

  /** Read the widgets again; where they give no path, keep what is shown and say why in `error`. */
  refresh() {
    this.settings = this.source.read();
    const { run, settings } = this;
    const known = run && (run.requested === null ? settings.fromClip : run.requested === settings.frames);
    const frames = Math.max(1, Math.min(MOST_FRAMES, known ? run.frames : settings.frames));
    this.edits++;
    try {
      this.error = settings.elsewhere ? text("elsewhere") : "";
      this.#follow(frames);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.error = error.message;
    }
    this.frame = Math.min(this.frame, this.frames - 1);
    if (!this.keys.some((key) => key.frame === this.selected)) this.selected = null;
    this.dispatchEvent(new Event("change"));
  }

  #follow(frames) {
    if (!this.custom) {
      this.cameras = presetPath(this.settings, frames);
      this.keys = presetKeyframes(this.settings, frames);
      return;
    }
    this.keys = parseKeyframes(this.settings.keyframes);
    this.cameras = interpolated(this.keys, frames, this.settings.ease);
    const late = beyond(this.keys, frames);
    if (late) this.error = text("beyond", { frame: late.frame, last: frames - 1 });
  }

  /** Take the widgets' text as it is now: somebody else has changed it. */
  adopt() {
    if (this.writing) return;
    this.refresh();
    this.#push(this.settings.keyframes);
  }

  /** Set the text of the keyframes; `done`: this is a step to undo, not a moment of a drag. */
  setText(keyframes, done = true) {
    this.#write(keyframes, done);
    this.refresh();
  }

  #write(keyframes, done) {
    this.writing = true;
    this.source.write(keyframes, done);
    this.writing = false;
    if (done) this.#push(keyframes);
  }

  #push(keyframes) {
    this.history.push(keyframes, this.#related);
    this.#related = null;
  }

  /** Change what the keyframes are relative to, as a part of the step that follows. */
  #relate(name) {
    this.#related = { from: this.#related?.from ?? this.settings.relative_to, to: name };
    this.source.setRelativeTo(name);
  }

  /** Show another state of the history, whose step changed what the keyframes are relative to; what the user chose since stays. */
  #step(keyframes, from, to) {
    if (to && this.settings.relative_to === from) this.source.setRelativeTo(to);
    this.setText(keyframes);
  }

  undo() {
    this.#push(this.settings.keyframes); // a change that has not ended is a step of its own
    const { canUndo, beside } = this.history;
    if (canUndo) this.#step(this.history.undo(), beside?.to, beside?.from);
  }

  redo() {
    if (!this.history.canRedo) return;
    const keyframes = this.history.redo(), { beside } = this.history;
    this.#step(keyframes, beside?.from, beside?.to);
  }

  /** End a drag, or the typing of a text: what it has made is a step to undo. A text may say what it is relative to. */
  commit() {
    const stated = statedFrame(this.settings.keyframes);
    if (RELATIVE_TO.includes(stated) && stated !== this.settings.relative_to) this.#relate(stated);
    this.setText(this.settings.keyframes);
  }

  /** Replace the keyframes by `change(keys)`; a preset becomes keyframes by that. Text that cannot be read stays as it is. */
  edit(change, done = true) {
    if (this.unreadable) return;
    const keys = change(this.keys);
    if (keys && this.relativeTo !== this.settings.relative_to) this.#relate(this.relativeTo);
    if (keys) this.setText(keys.length ? formatKeyframes(keys.sort((a, b) => a.frame - b.frame)) : "", done);
  }

  /** Whether the keyframes are not the editor's to change: text that is no list of keyframes, or another node's. */
  get unreadable() {
    if (this.settings.elsewhere) return true;
    if (!this.custom) return false;
    try {
      parseKeyframes(this.settings.keyframes);
      return false;
    } catch {
      return true;
    }
  }

  /** Replace all keyframes by those of the preset that is chosen now; one that cannot be made says why in `error`. */
  fillFromPreset() {
    try {
      const keys = presetKeyframes(this.settings, this.frames), { relativeTo } = PRESETS[this.settings.preset];
      if (relativeTo && relativeTo !== this.settings.relative_to) this.#relate(relativeTo);
      this.setText(formatKeyframes(keys));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.error = error.message;
      this.dispatchEvent(new Event("change"));
    }
  }

  select(frame) {
    this.selected = frame;
    this.goTo(frame ?? this.frame);
  }

  goTo(frame) {
    this.frame = Math.max(0, Math.min(this.frames - 1, Math.round(frame)));
    this.dispatchEvent(new Event("change"));
  }

  /** Return a keyframe that leaves the path as it is at a frame; it looks where its neighbours look, if they look at one point. */
  #keyAt(frame) {
    const { position, rotation, focal_scale } = this.cameras[frame];
    const around = [this.keys.findLast((key) => key.frame < frame), this.keys.find((key) => key.frame > frame)].filter(Boolean);
    const aims = around.map((key) => JSON.stringify(key.look_at));
    const [ease] = around.filter((key) => key.frame < frame && key.ease).map((key) => ({ ease: key.ease }));
    const key = { frame, position, focal_scale, ...ease };
    const aim = around[0]?.look_at;
    return aim && aims.every((one) => one === aims[0]) && lookAt(position, aim) ? { ...key, look_at: aim } : turned(key, rotation);
  }

  /** Add a keyframe at a frame, the current one by default, and select it. */
  addKey(frame = this.frame) {
    if (!this.keys.some((key) => key.frame === frame)) this.edit((keys) => [...keys, this.#keyAt(frame)]);
    else if (!this.custom) this.edit((keys) => [...keys]);
    this.select(frame);
  }

  /** Delete the selected keyframe, or the one at the current frame. */
  deleteKey() {
    const frame = this.selected ?? this.frame;
    this.selected = null;
    if (this.keys.some((key) => key.frame === frame)) this.edit((keys) => keys.filter((key) => key.frame !== frame));
  }

  /** Replace the keyframe at `frame`, made where there is none, by `change(key)`; null leaves it. */
  changeKey(frame, change, done = true) {
    this.edit((keys) => {
      const key = keys.find((one) => one.frame === frame) ?? this.#keyAt(frame);
      const changed = change(key);
      return changed && [...keys.filter((one) => one.frame !== frame), changed];
    }, done);
  }

  placeKey(frame, position, done = true) {
    this.changeKey(frame, (key) => moved(key, position), done);
  }

  turnKey(frame, rotation, done = true) {
    this.changeKey(frame, (key) => turned(key, rotation), done);
  }

  /** Move a keyframe to another frame where there is none; return the frame where it is then. */
  shiftKey(from, to, done = true) {
    const target = Math.max(0, Math.min(this.frames - 1, Math.round(to)));
    if (target !== from && !this.keys.some((key) => key.frame === target)) {
      this.edit((keys) => keys.map((key) => (key.frame === from ? { ...key, frame: target } : key)), done);
      if (!this.error) this.selected = this.frame = target;
      this.dispatchEvent(new Event("change"));
      return target;
    }
    return from;
  }
}
