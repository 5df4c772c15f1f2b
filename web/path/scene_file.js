// Reads the file of a clip's points and cameras that inversecrafter_core/preview/scene.py writes. It imports nothing of the page.
import { IDENTITY } from "./rotations.js";
import { prepared } from "./warp.js";
import { text } from "../texts.js";

const MAGIC = "ICSCENE1";
export const PREFIX = 12; // bytes before the header
const STEPS = 32767, DROPPED = 32768;

/** Return the length of the header from the first PREFIX bytes. Throws an Error on another file. */
export function headerLength(bytes) {
  const magic = String.fromCharCode(...new Uint8Array(bytes, 0, 8));
  if (bytes.byteLength < PREFIX || magic !== MAGIC) throw new Error(text("sceneBroken"));
  return new DataView(bytes).getUint32(8, true);
}

const poseOf = (p) => ({ rotation: [p[0], p[1], p[2], p[4], p[5], p[6], p[8], p[9], p[10]], position: [p[3], p[7], p[11]] });

/** Return the header as an object: see the Python module; cameras as `{rotation, position, fx, fy, cx, cy}`. */
export function readHeader(bytes) {
  const header = JSON.parse(new TextDecoder().decode(bytes));
  const cameras = header.cameras.map(([fx, fy, cx, cy, ...pose]) => ({ fx, fy, cx, cy, ...poseOf(pose) }));
  return { ...header, cameras, stabilised: header.stabilised.map(poseOf) };
}

/** Return the bytes of a frame's depth in a tier of the header, "cloud" or "coarse". */
export const depthLength = (tier) => 2 * tier.grid[0] * tier.grid[1];

/** Return a frame ready to be warped (see warp.js) from the bytes of its depth. */
export function readFrame(bytes, tier, range) {
  const [height, width] = tier.grid;
  const codes = new Uint16Array(bytes), step = (range[1] - range[0]) / (STEPS - 1);
  const depth = new Float32Array(codes.length), splatted = new Uint8Array(codes.length);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] & STEPS;
    depth[i] = code ? Math.exp(range[0] + (code - 1) * step) : NaN;
    splatted[i] = code && !(codes[i] & DROPPED) ? 1 : 0;
  }
  return prepared(depth, splatted, width, height);
}

const WORLD = { rotation: IDENTITY, position: [0, 0, 0] };

/** Return the pose that a path's offsets are relative to at a place in `shown`: see RelativeTo of the core. */
export function anchorOf(header, place, relativeTo) {
  if (relativeTo === "world") return WORLD;
  return relativeTo === "stabilised" ? header.stabilised[place] : header.cameras[place];
}
