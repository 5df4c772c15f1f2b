// The view through the target camera: the current frame warped live, holes in a signal colour; drags turn and move the camera.
import { onGrid, placed, transfer } from "../path/cameras.js";
import { add, apply, multiply, turnX, turnY } from "../path/rotations.js";
import { Warp, paint } from "../path/warp.js";
import { text } from "../texts.js";
import { addCanvas, onDrag } from "./canvas.js";

const WHEEL_MS = 400; // without a turn of the wheel, after which its turns are one step to undo
const HOLE = 0xffff00ff; // magenta, as in the pictures of the node pages

export class CameraView {
  share = null; // of holes in the picture shown

  constructor(parent, model, shared) {
    Object.assign(this, { model, shared });
    const { canvas, redraw, paint: paintNow } = addCanvas(parent, "ic-view", (context, size) => this.#draw(context, size));
    Object.assign(this, { canvas, redraw, paint: paintNow });
    this.layer = document.createElement("canvas");
    onDrag(canvas, (_, event) => this.#begin(event));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.#step([0, 0, -event.deltaY * 0.0002]);
      clearTimeout(this.turning);
      this.turning = setTimeout(() => this.model.commit(), WHEEL_MS);
    });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** Move the camera of the current frame along its own axes, in multiples of rho. */
  #step(move) {
    const { frame, cameras } = this.model;
    const { position, rotation } = cameras[frame];
    this.model.placeKey(frame, add(position, apply(rotation, move)), false);
  }

  #begin(event) {
    const slide = event.shiftKey || event.button !== 0;
    const width = this.canvas.clientWidth;
    return {
      move: (dx, dy) => {
        if (slide) this.#step([-dx / width, -dy / width, 0]);
        else this.#turn(dx / width, dy / width);
      },
      end: (moved) => moved && this.model.commit(),
    };
  }

  #turn(dx, dy) {
    const { frame, cameras } = this.model;
    const turned = multiply(multiply(turnY(-dx), cameras[frame].rotation), turnX(dy));
    this.model.turnKey(frame, turned, false);
  }

  /** Warp the current frame to the target camera; return false where there is no frame. */
  #warp() {
    const loaded = this.shared.current;
    if (!loaded) return false;
    const { width, height } = loaded.frame;
    if (this.warp?.width !== width || this.warp?.height !== height) {
      this.warp = new Warp(width, height);
      this.image = new ImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
      Object.assign(this.layer, { width, height });
    }
    const { cameras, frame, relativeTo } = this.model, { scene } = this.shared;
    const target = onGrid(placed(cameras[frame], scene.anchor(frame, relativeTo), scene.source(frame)), scene.header.cloud.stride);
    const back = transfer(target, loaded.camera);
    this.warp.see(loaded.frame, transfer(loaded.camera, target), back);
    paint(this.warp, back, loaded.colours, HOLE, this.pixels);
    this.layer.getContext("2d").putImageData(this.image, 0, 0);
    return true;
  }

  #draw(context, [width, height]) {
    context.fillStyle = "#111";
    context.fillRect(0, 0, width, height);
    this.share = this.#warp() ? 1 - this.warp.coverage : null;
    if (this.share === null) return;
    const scale = Math.min(width / this.layer.width, height / this.layer.height);
    const [across, down] = [this.layer.width * scale, this.layer.height * scale];
    context.drawImage(this.layer, (width - across) / 2, (height - down) / 2, across, down);
    const words = text("holes", { share: (100 * this.share).toFixed(1) });
    context.font = "12px sans-serif";
    context.fillStyle = "rgba(0, 0, 0, 0.65)";
    context.fillRect(6, height - 24, context.measureText(words).width + 12, 18);
    context.fillStyle = "#fff";
    context.fillText(words, 12, height - 11);
  }
}
