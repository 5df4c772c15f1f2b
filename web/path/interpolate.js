// The path through keyframes, as inversecrafter_core/camera/keyframes.py interpolates it. It imports nothing of the page.
import { rotationOf } from "./keyframes.js";
import { fromQuaternion, slerp, toQuaternion } from "./rotations.js";

const SOURCE = { frame: 0, position: [0, 0, 0], focal_scale: 1 };

/** Return the smoothstep of `t` in 0...1. */
export const smoothstep = (t) => t * t * (3 - 2 * t);

/** Return the slopes of the monotone cubic through `values` at `stamps` (Fritsch & Butland 1984), zero at both ends. */
function monotoneSlopes(stamps, values) {
  const slopes = new Array(values.length).fill(0);
  for (let i = 1; i < values.length - 1; i++) {
    const before = stamps[i] - stamps[i - 1], after = stamps[i + 1] - stamps[i];
    const rise = (values[i] - values[i - 1]) / before, next = (values[i + 1] - values[i]) / after;
    if (rise * next <= 0) continue;
    const first = 2 * after + before, second = after + 2 * before;
    slopes[i] = (first + second) / (first / rise + second / next);
  }
  return slopes;
}

/** Return a cubic Hermite spline at `t` in 0...1 of a segment of length `span`. */
function hermite(start, end, slope, endSlope, span, t) {
  const square = t * t, cube = square * t;
  return (
    start * (2 * cube - 3 * square + 1) + end * (3 * square - 2 * cube) +
    span * (slope * (cube - 2 * square + t) + endSlope * (cube - square))
  );
}

/**
 * Return a camera a frame: `[{position, rotation, focal_scale}]`, positions in multiples of rho, rotations 3x3.
 * Keyframes are sorted; the source camera is the first where none is at frame 0; after the last one the camera stays.
 */
export function interpolated(keyframes, frames, ease) {
  const keys = keyframes[0].frame === 0 ? [...keyframes] : [SOURCE, ...keyframes];
  if (keys.length === 1) keys.push({ ...keys[0], frame: keys[0].frame + 1 });
  const stamps = keys.map((key) => key.frame);
  const channels = [0, 1, 2].map((axis) => keys.map((key) => key.position[axis])).concat([keys.map((key) => key.focal_scale)]);
  const slopes = channels.map((values) => monotoneSlopes(stamps, values));
  const quaternions = keys.map((key) => toQuaternion(rotationOf(key)));
  const cameras = [];
  for (let frame = 0, segment = 0; frame < frames; frame++) {
    const time = Math.min(frame, stamps.at(-1));
    while (segment < keys.length - 2 && time >= stamps[segment + 1]) segment++;
    const span = stamps[segment + 1] - stamps[segment], t = (time - stamps[segment]) / span;
    const smooth = (keys[segment].ease ?? ease) === "smooth";
    const [x, y, z, focal] = channels.map((values, channel) =>
      smooth
        ? hermite(values[segment], values[segment + 1], slopes[channel][segment], slopes[channel][segment + 1], span, t)
        : values[segment] + t * (values[segment + 1] - values[segment]),
    );
    const turn = slerp(quaternions[segment], quaternions[segment + 1], smooth ? smoothstep(t) : t);
    cameras.push({ position: [x, y, z], rotation: fromQuaternion(turn), focal_scale: focal });
  }
  return cameras;
}
