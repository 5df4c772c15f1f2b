// The warp of a frame, as inversecrafter_core/warp/splat.py makes it: which pixels of a target camera are known, and from where.
//
// Step by step the same as there, on a grid of the frame's pixels. A frame is prepared once (`prepared`), then warped as often
// as the camera moves (`Warp`), without new memory. It imports nothing of the page.
import { outlines } from "./outlines.js";
import { closeCracks } from "./cracks.js";

const EMPTY = 1e30; // depth of a target pixel on which no point fell
const NEAR = 1e-3; // near plane in multiples of rho
const PAD = 3;
const REACH = 0.98, THIN_REACH = 0.7;
const SAME_SURFACE = 1.05, LEAST = 0.02;

/**
 * Return a frame that is ready to be warped: `depth` (Float32Array, NaN where unknown), `splatted` (Uint8Array, 1: a point of
 * the warp, 0: unknown, or an outline's slide), and its outlines.
 */
export const prepared = (depth, splatted, width, height) => ({
  depth, splatted, width, height, ...outlines(depth, splatted, width, height, SAME_SURFACE),
});

/** The warp of frames of one size. After `see`, `depth` has the target's depth and `seen` how many pixels are known. */
export class Warp {
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.stride = width + 2 * PAD;
    this.padded = new Float32Array(this.stride * (height + 2 * PAD));
    this.depth = new Float32Array(width * height);
    this.landed = new Float32Array(width * height);
    this.places = new Float32Array(3 * width * height); // x, y and depth of every point in the target
    this.marks = new Uint8Array(width * height);
    this.covered = [];
    this.seen = 0;
  }

  /** Warp a prepared frame by the transfers to the target's pixels and back. */
  see(frame, there, back) {
    this.#splat(frame, there);
    this.#unpad(this.landed);
    closeCracks(this.padded, this.stride, this.height + 2 * PAD, SAME_SURFACE);
    this.#cover(frame.atUnknown, REACH, false);
    this.#cover(frame.behind, REACH, true);
    this.#cover(frame.thin, THIN_REACH, true);
    this.#unpad(this.depth);
    this.#undoWrong(frame, back);
    this.seen = 0;
    for (let i = 0; i < this.depth.length; i++) if (this.depth[i] < EMPTY) this.seen++;
    return this;
  }

  /** The known share of the target's pixels, 0...1. */
  get coverage() {
    return this.seen / this.depth.length;
  }

  #splat({ depth, splatted, width, height }, { matrix: m, offset: o }) {
    const { padded, places } = this;
    padded.fill(EMPTY);
    for (let y = 0, i = 0; y < height; y++) {
      const v = y + 0.5;
      const rowX = m[1] * v + m[2], rowY = m[4] * v + m[5], rowZ = m[7] * v + m[8];
      for (let x = 0; x < width; x++, i++) {
        const u = x + 0.5, d = depth[i];
        const z = splatted[i] ? d * (m[6] * u + rowZ) + o[2] : 0;
        if (!(z > NEAR)) {
          places[3 * i + 2] = EMPTY;
          continue;
        }
        const px = (d * (m[0] * u + rowX) + o[0]) / z, py = (d * (m[3] * u + rowY) + o[1]) / z;
        places[3 * i] = px;
        places[3 * i + 1] = py;
        places[3 * i + 2] = z;
        const cell = this.#cell(px, py);
        if (z < padded[cell]) padded[cell] = z;
      }
    }
  }

  #cell(px, py) {
    const column = Math.max(-PAD, Math.min(this.width + PAD - 1, Math.floor(px)));
    const row = Math.max(-PAD, Math.min(this.height + PAD - 1, Math.floor(py)));
    return (row + PAD) * this.stride + column + PAD;
  }

  #unpad(target) {
    for (let y = 0; y < this.height; y++) {
      const first = (y + PAD) * this.stride + PAD;
      target.set(this.padded.subarray(first, first + this.width), y * this.width);
    }
  }

  /** Let points cover the pixels within `reach` of them; where `onlyEmpty`, those that were empty before. */
  #cover(points, reach, onlyEmpty) {
    const { padded, places, stride, width, height, covered } = this;
    covered.length = 0;
    for (const i of points) {
      const z = places[3 * i + 2];
      if (z >= EMPTY) continue;
      const x = places[3 * i] - 0.5, y = places[3 * i + 1] - 0.5;
      const left = Math.max(-1, Math.min(width, Math.ceil(x - reach)));
      const right = Math.max(-1, Math.min(width, Math.floor(x + reach)));
      const top = (Math.max(-1, Math.min(height, Math.ceil(y - reach))) + PAD) * stride + PAD;
      const bottom = (Math.max(-1, Math.min(height, Math.floor(y + reach))) + PAD) * stride + PAD;
      for (const cell of [top + left, top + right, bottom + left, bottom + right])
        if (!onlyEmpty || padded[cell] >= EMPTY) covered.push(cell, z);
    }
    for (let i = 0; i < covered.length; i += 2) if (covered[i + 1] < padded[covered[i]]) padded[covered[i]] = covered[i + 1];
  }

  /** Undo fillings around outlines where the source shows another surface: they were no cracks. */
  #undoWrong(frame, back) {
    const { marks, places, width, height, depth, landed } = this;
    marks.fill(0);
    for (const points of [frame.atUnknown, frame.behind])
      for (const i of points) {
        if (places[3 * i + 2] >= EMPTY) continue;
        const column = Math.floor(places[3 * i]), row = Math.floor(places[3 * i + 1]);
        for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++)
          for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) marks[y * width + x] = 1;
      }
    for (let i = 0; i < marks.length; i++)
      if (marks[i] && depth[i] < EMPTY && ownWeight(frame, back, i % width, Math.floor(i / width), depth[i]) <= LEAST)
        depth[i] = landed[i];
  }
}

/** Return the weight, among the four source pixels around a target pixel's position, of those of its own surface. */
function ownWeight({ depth, width, height }, { matrix: m, offset: o }, column, row, d) {
  const u = column + 0.5, v = row + 0.5;
  const w = d * (m[6] * u + m[7] * v + m[8]) + o[2];
  const x = Math.max(0, Math.min(width - 1, (d * (m[0] * u + m[1] * v + m[2]) + o[0]) / w - 0.5));
  const y = Math.max(0, Math.min(height - 1, (d * (m[3] * u + m[4] * v + m[5]) + o[1]) / w - 0.5));
  const left = Math.min(width - 2, Math.floor(x)), top = Math.min(height - 2, Math.floor(y));
  let total = 0;
  for (let dy = 0; dy < 2; dy++)
    for (let dx = 0; dx < 2; dx++) {
      const around = depth[(top + dy) * width + left + dx];
      const other = around * SAME_SURFACE < w || around > w * SAME_SURFACE; // false at NaN: unknown is no other surface
      if (!other) total += (dx ? x - left : 1 - x + left) * (dy ? y - top : 1 - y + top);
    }
  return total;
}

/** Write the target's picture to `pixels` (Uint32Array, RGBA): the source's nearest `colours`, `hole` where nothing is known. */
export function paint(warp, { matrix: m, offset: o }, colours, hole, pixels) {
  const { width, height, depth } = warp;
  for (let y = 0, i = 0; y < height; y++) {
    const v = y + 0.5;
    for (let x = 0; x < width; x++, i++) {
      const d = depth[i], u = x + 0.5;
      if (d >= EMPTY) {
        pixels[i] = hole;
        continue;
      }
      const w = d * (m[6] * u + m[7] * v + m[8]) + o[2];
      const column = Math.floor((d * (m[0] * u + m[1] * v + m[2]) + o[0]) / w);
      const row = Math.floor((d * (m[3] * u + m[4] * v + m[5]) + o[1]) / w);
      pixels[i] = colours[Math.max(0, Math.min(height - 1, row)) * width + Math.max(0, Math.min(width - 1, column))];
    }
  }
}
