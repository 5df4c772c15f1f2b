// The view of the scene from outside: points, source and target cameras, the path as a curve, keyframes to drag.
import { frustum, offsetFrom, placed } from "../path/cameras.js";
import { Orbit, depthOf, drawPoints, nearest } from "../path/orbit.js";
import { rotationOf } from "../path/keyframes.js";
import { add } from "../path/rotations.js";
import { addCanvas, colourAt, onDrag } from "./canvas.js";

const BACKGROUND = 0xff211d1b;
const LENS = { fx: 1, fy: 1, cx: 0.5, cy: 0.5, rotation: [1, 0, 0, 0, 1, 0, 0, 0, 1], position: [0, 0, 0] };
const GRAB = 11; // pixels around a keyframe in which it is grabbed
const MOST_FRUSTA = 24;
const MOST_PIXELS = 400_000; // of the drawn cloud; a larger view enlarges them
const MOST_SOURCES = 8;
const FAINT = "rgba(235, 235, 235, 0.35)";
const REACH = 0.12; // length of a frustum, in multiples of rho
const PIVOT = [0, 0, 1];

export class WorldView {
  constructor(parent, model, shared) {
    Object.assign(this, { model, shared, orbit: new Orbit(shared.orbit) });
    const { canvas, redraw, paint } = addCanvas(parent, "ic-view", (context, size) => this.#draw(context, size));
    Object.assign(this, { canvas, redraw, paint });
    this.layer = document.createElement("canvas");
    onDrag(canvas, (place, event) => this.#begin(place, event));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.#changed(() => this.orbit.zoom(Math.exp(event.deltaY * 0.0012)));
    });
    canvas.addEventListener("dblclick", () => this.home());
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  home() {
    this.#changed(() => this.orbit.home());
  }

  #changed(change) {
    change();
    this.shared.orbit = this.orbit.state;
    this.redraw();
  }

  #source(frame) {
    return this.shared.scene?.source(frame) ?? LENS;
  }

  #anchor(frame) {
    return this.shared.scene?.anchor(frame, this.model.relativeTo) ?? LENS;
  }

  /** The target camera in the world at a frame. */
  #target(frame) {
    return placed(this.model.cameras[frame], this.#anchor(frame), this.#source(frame));
  }

  #keyCamera(key) {
    const offset = { position: key.position, rotation: rotationOf(key), focal_scale: key.focal_scale };
    return placed(offset, this.#anchor(key.frame), this.#source(key.frame));
  }

  /** `[width, height]` in CSS pixels. */
  get size() {
    return [this.canvas.clientWidth, this.canvas.clientHeight];
  }

  /** Return where every keyframe is in the picture, `[x, y, depth]`, and its camera in the world. */
  keyPlaces() {
    const project = this.orbit.projection(this.size);
    return this.model.keys.map((key) => {
      const camera = this.#keyCamera(key);
      return { key, camera, at: project(camera.position) };
    });
  }

  #begin(place, event) {
    const { size } = this, places = this.keyPlaces();
    const { index, distance } = nearest(place, places.map(({ at }) => at));
    if (event.button === 0 && distance < GRAB) return this.#dragKey(places[index].key, places[index].camera, size);
    if (event.button === 0 && !event.shiftKey) {
      const turn = (dx, dy) => this.#changed(() => this.orbit.turn(dx / 150, dy / 150));
      return { move: turn, end: (moved) => moved || this.model.select(null) };
    }
    return { move: (dx, dy) => this.#changed(() => this.orbit.shift(dx, dy, size)) };
  }

  #dragKey({ frame }, { position }, size) {
    this.model.select(frame);
    const depth = depthOf(position, this.orbit);
    let [x, y] = [0, 0];
    return {
      move: (dx, dy, event) => {
        [x, y] = [x + dx, y + dy];
        const world = add(position, this.orbit.drag(x, y, depth, size, event.shiftKey));
        this.model.placeKey(frame, offsetFrom(world, this.#anchor(frame)), false);
      },
      end: (moved) => moved && this.model.commit(),
    };
  }

  #draw(context, size) {
    const project = this.orbit.projection(size);
    this.#drawPoints(context, size);
    const line = (points, colour, width = 1, closed = false) => {
      const at = points.map(project);
      if (at.some(([, , depth]) => depth <= 0.01)) return;
      context.beginPath();
      at.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      if (closed) context.closePath();
      Object.assign(context, { strokeStyle: colour, lineWidth: width });
      context.stroke();
    };
    if (!this.shared.scene) this.#drawGrid(line);
    this.#drawSources(line);
    this.#drawPath(line);
    this.#drawPivot(context, project);
    this.#drawKeys(context, project, line);
  }

  #drawPoints(context, [width, height]) {
    const loaded = this.shared.current;
    if (!loaded) {
      context.fillStyle = "#1b1d21";
      context.fillRect(0, 0, width, height);
      return;
    }
    const { layer } = this, shrink = Math.min(1, Math.sqrt(MOST_PIXELS / (width * height)));
    const [across, down] = [Math.round(width * shrink), Math.round(height * shrink)];
    if (layer.width !== across || layer.height !== down || !this.image) {
      Object.assign(layer, { width: across, height: down });
      this.image = new ImageData(across, down);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.depth = new Float32Array(across * down);
    }
    drawPoints(loaded.points, this.orbit, [across, down], this.pixels, this.depth, BACKGROUND);
    layer.getContext("2d").putImageData(this.image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(layer, 0, 0, width, height);
  }

  #drawGrid(line) {
    for (let i = -4; i <= 4; i++) {
      line([[i / 4, 0.4, -0.5], [i / 4, 0.4, 1.5]], "#30343b");
      line([[-1, 0.4, 0.5 + i / 4], [1, 0.4, 0.5 + i / 4]], "#30343b");
    }
    line([[0, 0, 0], PIVOT], "#555");
  }

  #drawCamera(line, camera, colour, width, reach) {
    const [height, across] = this.shared.scene?.size ?? [0.75, 1];
    const lens = this.shared.scene ? camera : { ...camera, cx: 0.5, cy: 0.375 };
    const corners = frustum(lens, across, height, reach);
    line(corners, colour, width, true);
    for (const corner of corners) line([camera.position, corner], colour, width);
  }

  /** Draw the source camera of the current frame, and where the clip's own camera went. */
  #drawSources(line) {
    const cameras = this.shared.scene?.header.cameras ?? [], skip = Math.ceil(cameras.length / MOST_SOURCES);
    cameras.forEach((camera, i) => {
      if (i) line([cameras[i - 1].position, camera.position], FAINT);
      if (i % skip === 0) this.#drawCamera(line, camera, FAINT, 1, REACH * 0.6);
    });
    this.#drawCamera(line, this.#source(this.model.frame), "rgba(235, 235, 235, 0.9)", 1, REACH * 1.25);
  }

  #drawPath(line) {
    const { frames } = this.model;
    const step = Math.max(1, Math.floor(frames / 500));
    let before = this.#target(0).position;
    for (let frame = step; frame < frames; frame += step) {
      const { position } = this.#target(frame);
      line([before, position], colourAt(frame / (frames - 1)), 2.5);
      before = position;
    }
  }

  #drawPivot(context, project) {
    const [x, y, depth] = project(PIVOT);
    if (depth <= 0) return;
    context.fillStyle = "#f0b43c";
    context.beginPath();
    context.arc(x, y, 3.5, 0, 7);
    context.fill();
  }

  #drawKeys(context, project, line) {
    const { keys, selected, frame, frames } = this.model;
    const skip = Math.ceil(keys.length / MOST_FRUSTA);
    this.#drawCamera(line, this.#target(frame), "#fff", 2, REACH);
    keys.forEach((key, i) => {
      const camera = this.#keyCamera(key), colour = colourAt(Math.min(1, key.frame / Math.max(1, frames - 1)));
      if (i % skip === 0) this.#drawCamera(line, camera, colour, 1, REACH * 0.8);
      const [x, y, depth] = project(camera.position);
      if (depth <= 0.01 || (i % skip && key.frame !== selected)) return;
      context.beginPath();
      context.arc(x, y, key.frame === selected ? 6.5 : 4.5, 0, 7);
      Object.assign(context, { fillStyle: colour, strokeStyle: key.frame === selected ? "#fff" : "#000", lineWidth: 2 });
      context.fill();
      context.stroke();
    });
  }
}
