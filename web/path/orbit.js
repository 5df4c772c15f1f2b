// The eye that looks at a scene from outside: it turns about a point, pans and zooms; and the points as it sees them. No page.
import { add, apply, dot, multiply, scaled, subtract, transposed, turnX, turnY } from "./rotations.js";

const LENS = 1.1; // focal length over the shorter side of the picture
const NEAREST = 1e-3, MOST_PIXELS = 7;
const FAR = 3.4e38;
const HOME = { target: [0, 0, 0.6], pan: -0.55, tilt: -0.4, distance: 1.45 };

export class Orbit {
  constructor(state = HOME) {
    Object.assign(this, structuredClone(state));
  }

  home() {
    Object.assign(this, structuredClone(HOME));
  }

  get state() {
    return { target: [...this.target], pan: this.pan, tilt: this.tilt, distance: this.distance };
  }

  get rotation() {
    return multiply(turnY(this.pan), turnX(this.tilt));
  }

  get eye() {
    return subtract(this.target, scaled(apply(this.rotation, [0, 0, 1]), this.distance));
  }

  turn(dx, dy) {
    this.pan += dx;
    this.tilt = Math.max(-1.55, Math.min(1.55, this.tilt - dy));
  }

  /** Move the target by pixels, in the plane of the picture. */
  shift(dx, dy, size) {
    const step = this.distance / (LENS * Math.min(...size));
    this.target = add(this.target, apply(this.rotation, [-dx * step, -dy * step, 0]));
  }

  zoom(factor) {
    this.distance = Math.max(0.05, Math.min(100, this.distance * factor));
  }

  /** Return a function from points in the world to `[x, y, depth]` in a picture of `[width, height]`; depth <= 0 is behind. */
  projection([width, height]) {
    const back = transposed(this.rotation), eye = this.eye, focal = LENS * Math.min(width, height);
    return (point) => {
      const [x, y, z] = apply(back, subtract(point, eye));
      return [width / 2 + (focal * x) / z, height / 2 + (focal * y) / z, z];
    };
  }

  /**
   * Return the move in the world of a drag by `dx, dy` pixels at `depth`, in the plane of the picture; with `straight` along
   * that axis of the world which the drag follows most closely.
   */
  drag(dx, dy, depth, size, straight) {
    const move = apply(this.rotation, scaled([dx, dy, 0], depth / (LENS * Math.min(...size))));
    if (!straight) return move;
    const seen = transposed(this.rotation);
    const axes = [0, 1, 2].map((axis) => [seen[axis], seen[axis + 3]]); // every world axis in the picture
    const along = axes.map(([x, y]) => (dx * x + dy * y) / (Math.hypot(x, y) || 1));
    const axis = along.reduce((best, value, i) => (Math.abs(value) > Math.abs(along[best]) ? i : best), 0);
    const length = Math.hypot(...axes[axis]);
    const reach = length > 0.05 ? (along[axis] / length) * (depth / (LENS * Math.min(...size))) : 0;
    return [0, 1, 2].map((i) => (i === axis ? reach : 0));
  }
}

/** Draw points, each as large as a pixel of its frame is at its place, to `pixels` (RGBA) by `depth`; the nearest wins. */
export function drawPoints({ xyz, radius, colours }, orbit, [width, height], pixels, depth, background) {
  pixels.fill(background);
  depth.fill(FAR);
  const r = orbit.rotation, [ex, ey, ez] = orbit.eye, focal = LENS * Math.min(width, height);
  for (let i = 0, n = 0; n < colours.length; i += 3, n++) {
    const dx = xyz[i] - ex, dy = xyz[i + 1] - ey, dz = xyz[i + 2] - ez;
    const z = r[2] * dx + r[5] * dy + r[8] * dz;
    if (z < NEAREST) continue;
    const x = width / 2 + (focal * (r[0] * dx + r[3] * dy + r[6] * dz)) / z;
    const y = height / 2 + (focal * (r[1] * dx + r[4] * dy + r[7] * dz)) / z;
    const half = Math.min(MOST_PIXELS, Math.max(1, (2 * focal * radius[n]) / z)) / 2;
    const left = Math.max(0, Math.round(x - half)), right = Math.min(width, Math.round(x + half));
    const top = Math.max(0, Math.round(y - half)), bottom = Math.min(height, Math.round(y + half));
    for (let row = top; row < bottom; row++)
      for (let at = row * width + left, end = row * width + right; at < end; at++)
        if (z < depth[at]) {
          depth[at] = z;
          pixels[at] = colours[n];
        }
  }
}

/** Return the distance in pixels of a place from the nearest of `places`, and its index; Infinity where there is none. */
export function nearest([x, y], places) {
  const distances = places.map(([px, py, depth]) => (depth === undefined || depth > 0 ? Math.hypot(px - x, py - y) : Infinity));
  const index = distances.reduce((best, value, i) => (value < distances[best] ? i : best), 0);
  return { index, distance: distances[index] ?? Infinity };
}

/** Return how far a point lies in front of an eye. */
export const depthOf = (point, orbit) => dot(subtract(point, orbit.eye), apply(orbit.rotation, [0, 0, 1]));
