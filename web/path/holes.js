// The share of holes along a path, estimated on coarse frames, a few at a time so that a drag stays fluent. It imports no page.
import { onGrid, placed, transfer } from "./cameras.js";
import { anchorOf } from "./scene_file.js";
import { Warp } from "./warp.js";

/**
 * Above this share of holes a path asks for more than the footage has. With 30 % of a clip hidden, half of what guidance gains
 * in LPIPS over the bare model is left, with 60 % nothing that is certain: the table of sweeps in docs/benchmarks.md.
 */
export const TOO_MANY = 0.3;

const STILL_FRAMES = 25; // of a path through a still that are estimated

const evenly = (frames) => {
  const count = Math.min(frames, STILL_FRAMES);
  return Array.from({ length: count }, (_, i) => (count > 1 ? Math.round((i * (frames - 1)) / (count - 1)) : 0));
};

export class HoleEstimate {
  shares = []; // per frame of the path: 0...1, or undefined where it is not known yet
  found = []; // per place that is estimated
  #next = 0;
  #old = new Set();

  /** `scene`: with `header` and `coarse` frames, as Scene has them. */
  constructor(scene) {
    this.scene = scene;
    const [height, width] = scene.header.coarse.grid;
    this.warp = new Warp(width, height);
    this.places = scene.header.coarse.places.map((place) => ({ place, frame: scene.header.shown[place] }));
  }

  /** Begin anew for another path: `cameras` a frame. What was found stays until it is replaced. */
  follow(cameras, relativeTo) {
    Object.assign(this, { cameras, relativeTo });
    if (this.scene.header.frames === 1) this.places = evenly(cameras.length).map((frame) => ({ place: 0, frame }));
    this.found.length = this.places.length;
    this.#next = Math.min(this.#next, this.places.length - 1);
    this.#old.clear();
    this.places.forEach((_, index) => this.#old.add(index));
  }

  get done() {
    return this.#old.size === 0;
  }

  /** Estimate for `milliseconds`, going round; return whether anything was found. `clock` returns milliseconds. */
  work(milliseconds, clock = () => performance.now()) {
    const end = clock() + milliseconds;
    let any = false;
    while (this.#old.size && clock() < end) {
      while (!this.#old.has(this.#next)) this.#next = (this.#next + 1) % this.places.length;
      this.found[this.#next] = this.#share(this.#next);
      this.#old.delete(this.#next);
      any = true;
    }
    if (any) this.#spread();
    return any;
  }

  #share(index) {
    const { place, frame } = this.places[index], { header, coarse } = this.scene;
    const target = this.cameras[Math.min(frame, this.cameras.length - 1)], source = header.cameras[place];
    const from = onGrid(source, header.coarse.stride);
    const to = onGrid(placed(target, anchorOf(header, place, this.relativeTo), source), header.coarse.stride);
    return 1 - this.warp.see(coarse[Math.min(index, coarse.length - 1)], transfer(from, to), transfer(to, from)).coverage;
  }

  /** Fill the frames between the estimated ones. */
  #spread() {
    this.shares = new Array(this.cameras.length);
    for (let frame = 0, index = 0; frame < this.cameras.length; frame++) {
      while (index < this.places.length - 2 && this.places[index + 1].frame <= frame) index++;
      const after = Math.min(index + 1, this.places.length - 1);
      const [one, other] = [this.places[index].frame, this.places[after].frame];
      const t = other > one ? Math.max(0, Math.min(1, (frame - one) / (other - one))) : 0;
      const [low, high] = [this.found[index], this.found[after]];
      this.shares[frame] = low === undefined || high === undefined ? (low ?? high) : low + t * (high - low);
    }
  }
}
