// The timeline: the share of holes a frame as a strip, keyframes as diamonds, the current frame as a line.
import { TOO_MANY } from "../path/holes.js";
import { text } from "../texts.js";
import { addCanvas, colourAt, onDrag } from "./canvas.js";

const SIDE = 10, STRIP = 26, KEYS = 38; // pixels: margins, the strip's height, the diamonds' line
const FINE = "#3f9e8f", RED = "#e5484d", UNKNOWN = "#33363c";
const GRAB = 8;
const FULL = 2 * TOO_MANY; // the share of holes that fills the strip's height

export class Timeline {
  constructor(parent, model, shared) {
    Object.assign(this, { model, shared });
    const { canvas, redraw, paint } = addCanvas(parent, "ic-timeline", (context, size) => this.#draw(context, size));
    Object.assign(this, { canvas, redraw, paint });
    canvas.title = text("strip", { limit: 100 * TOO_MANY });
    onDrag(canvas, (place) => this.#begin(place));
    canvas.addEventListener("dblclick", (event) => this.model.addKey(this.#frameAt(event.offsetX)));
  }

  #x(frame) {
    return SIDE + (frame / Math.max(1, this.model.frames - 1)) * (this.canvas.clientWidth - 2 * SIDE);
  }

  #frameAt(x) {
    const share = (x - SIDE) / Math.max(1, this.canvas.clientWidth - 2 * SIDE);
    return Math.max(0, Math.min(this.model.frames - 1, Math.round(share * (this.model.frames - 1))));
  }

  #begin([x, y]) {
    const { model } = this;
    const key = y > STRIP && model.keys.find((one) => Math.abs(this.#x(one.frame) - x) < GRAB);
    if (!key) {
      model.goTo(this.#frameAt(x));
      return { move: (dx, dy, event, [to]) => model.goTo(this.#frameAt(to)) };
    }
    model.select(key.frame);
    let frame = key.frame;
    return {
      move: (dx, dy, event, [to]) => {
        frame = model.shiftKey(frame, this.#frameAt(to), false);
      },
      end: (moved) => moved && model.commit(),
    };
  }

  #draw(context, [width, height]) {
    context.clearRect(0, 0, width, height);
    this.#drawStrip(context);
    this.#drawRuler(context);
    for (const key of this.model.keys) this.#drawKey(context, key);
    const x = this.#x(this.model.frame);
    context.fillStyle = "#fff";
    context.fillRect(x - 0.75, 0, 1.5, height);
    context.font = "10px sans-serif";
    const number = `${this.model.frame}`;
    const { width: wide } = context.measureText(number);
    context.fillText(number, x + 4 + wide > width ? x - 4 - wide : x + 4, 10);
  }

  #drawStrip(context) {
    const { frames } = this.model, shares = this.shared.shares ?? [];
    const step = this.#x(1) - this.#x(0) || this.canvas.clientWidth - 2 * SIDE;
    context.fillStyle = UNKNOWN;
    context.fillRect(SIDE, 2, this.canvas.clientWidth - 2 * SIDE, STRIP - 4);
    for (let frame = 0; frame < frames; frame++) {
      const share = shares[frame];
      if (share === undefined) continue;
      const tall = Math.max(1, (Math.min(share, FULL) / FULL) * (STRIP - 4));
      context.fillStyle = share > TOO_MANY ? RED : FINE;
      const left = Math.max(SIDE, this.#x(frame) - step / 2);
      const right = Math.min(this.canvas.clientWidth - SIDE, this.#x(frame) + step / 2);
      context.fillRect(left, STRIP - 2 - tall, Math.max(0.5, right - left + 0.3), tall);
    }
    context.fillStyle = "rgba(255, 255, 255, 0.35)";
    context.fillRect(SIDE, STRIP - 2 - (TOO_MANY / FULL) * (STRIP - 4), this.canvas.clientWidth - 2 * SIDE, 1);
  }

  #drawRuler(context) {
    context.fillStyle = "#555";
    context.fillRect(SIDE, KEYS, this.canvas.clientWidth - 2 * SIDE, 1);
  }

  #drawKey(context, key) {
    const { frames, selected, custom } = this.model;
    const x = this.#x(Math.min(key.frame, frames - 1)), size = key.frame === selected ? 6 : 4.5;
    context.beginPath();
    [[x, KEYS - size], [x + size, KEYS], [x, KEYS + size], [x - size, KEYS]].forEach(([px, py]) => context.lineTo(px, py));
    context.closePath();
    const colour = key.frame < frames ? colourAt(key.frame / Math.max(1, frames - 1)) : RED;
    Object.assign(context, { fillStyle: custom ? colour : "#1b1d21", strokeStyle: key.frame === selected ? "#fff" : colour });
    context.lineWidth = key.frame === selected ? 2 : 1;
    context.fill();
    context.stroke();
  }
}
