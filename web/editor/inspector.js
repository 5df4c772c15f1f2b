// The numbers of the keyframe at the current frame: place, angles, lens, pace, and whether it looks at the subject.
import { moved, rotationOf, turned } from "../path/keyframes.js";
import { fromEuler, lookAt, toEuler } from "../path/rotations.js";
import { text } from "../texts.js";

const PIVOT = [0, 0, 1];
const NUMBERS = [
  { name: "x", hint: "xHint", step: 0.01 },
  { name: "y", hint: "yHint", step: 0.01 },
  { name: "z", hint: "zHint", step: 0.01 },
  { name: "tilt", hint: "tiltHint", step: 1 },
  { name: "pan", hint: "panHint", step: 1 },
  { name: "roll", hint: "rollHint", step: 1 },
  { name: "lens", hint: "lensHint", step: 0.01 },
];

const PACES = { "": "easeOfPath", linear: "linear", smooth: "smooth" };

/** Return the numbers of a camera `{position, rotation, focal_scale}` in the order of the fields. */
const numbersOf = ({ position, rotation, focal_scale }) => [...position, ...toEuler(rotation), focal_scale];

/** Return the keyframe with the number of a field set; null where it cannot be. */
function withNumber(key, field, value) {
  if (field < 3) return moved(key, key.position.map((one, i) => (i === field ? value : one)));
  if (field === 6) return value > 0 ? { ...key, focal_scale: value } : null;
  const angles = toEuler(rotationOf(key));
  angles[field - 3] = value;
  return turned(key, fromEuler(angles));
}

export class Inspector {
  constructor(parent, model) {
    this.model = model;
    this.box = document.createElement("div");
    this.box.className = "ic-inspector";
    parent.append(this.box);
    this.fields = NUMBERS.map((number, field) => this.#addNumber(number, field));
    this.ease = this.#addEase();
    this.aim = this.#addAim();
  }

  #label(control, hint) {
    const label = document.createElement("label");
    label.title = text(hint);
    label.append(text(control.name), control);
    this.box.append(label);
    return control;
  }

  #addNumber({ name, hint, step }, field) {
    const input = Object.assign(document.createElement("input"), { type: "number", step, name });
    input.addEventListener("change", () => {
      const value = Number(input.value), frame = this.model.frame;
      if (input.value !== "" && Number.isFinite(value)) this.model.changeKey(frame, (key) => withNumber(key, field, value));
      this.show();
    });
    return this.#label(input, hint);
  }

  #addEase() {
    const select = Object.assign(document.createElement("select"), { name: "ease" });
    for (const [value, key] of Object.entries(PACES)) select.add(new Option(text(key), value));
    select.addEventListener("change", () =>
      this.model.changeKey(this.model.frame, ({ ease, ...key }) => (select.value ? { ...key, ease: select.value } : key)),
    );
    return this.#label(select, "easeHint");
  }

  #addAim() {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: "aim" });
    box.addEventListener("change", () =>
      this.model.changeKey(this.model.frame, (key) => {
        const { euler, quaternion, look_at, ...rest } = key;
        if (!box.checked) return turned(key, rotationOf(key));
        return lookAt(key.position, PIVOT) && { ...rest, look_at: PIVOT };
      }),
    );
    return this.#label(box, "aimHint");
  }

  /** Show the numbers of the current frame; those of a frame without a keyframe are the path's, and faint. */
  show() {
    const { model } = this, { key } = model;
    this.box.classList.toggle("ic-between", !key);
    numbersOf(model.cameras[model.frame]).forEach((value, field) => {
      const input = this.fields[field];
      if (document.activeElement !== input) input.value = String(Number(value.toFixed(field > 2 && field < 6 ? 2 : 3)) + 0);
    });
    this.ease.value = key?.ease ?? "";
    this.aim.checked = Boolean(key?.look_at);
  }
}
