// The preset trajectories, as inversecrafter_core/camera/presets.py has them, and keyframes in their place. No page needed.
import { InputError } from "./keyframes.js";
import { smoothstep } from "./interpolate.js";
import { IDENTITY, apply, lookAt, subtract, toEuler, turnX, turnY } from "./rotations.js";

const PIVOT = [0, 0, 1];
const RADIANS = Math.PI / 180;

const camera = (position, rotation = IDENTITY, focal_scale = 1) => ({ position, rotation, focal_scale });
const aboutPivot = (rotation) => camera(subtract(PIVOT, apply(rotation, PIVOT)), rotation);
const atPivot = (position) => camera(position, lookAt(position, PIVOT) ?? IDENTITY);
const spiral = (t, amount) => atPivot([t * amount * Math.cos(2 * Math.PI * t), t * amount * Math.sin(2 * Math.PI * t), 0]);

// `at(t, amount)`: the camera at `t` in 0...1; `keys`: keyframes that stand for the whole; `aim`: they look at the pivot;
// `relativeTo`: the preset's own frame of reference, in place of the node's.
export const PRESETS = {
  arc_left: { at: (t, a) => aboutPivot(turnY(t * a)), amount: 9.6, unit: "degrees", keys: 3, aim: true },
  arc_right: { at: (t, a) => aboutPivot(turnY(-t * a)), amount: 9.6, unit: "degrees", keys: 3, aim: true },
  arc_up: { at: (t, a) => aboutPivot(turnX(-t * a)), amount: 9.6, unit: "degrees", keys: 3, aim: true },
  arc_down: { at: (t, a) => aboutPivot(turnX(t * a)), amount: 4.8, unit: "degrees", keys: 3, aim: true },
  zoom_in: { at: (t, a) => camera([0, 0, t * a]), amount: 0.056, unit: "rho", keys: 2 },
  zoom_out: { at: (t, a) => camera([0, 0, -t * a]), amount: 0.084, unit: "rho", keys: 2 },
  orbit: { at: (t, a) => aboutPivot(turnY(-t * a)), amount: 30, unit: "degrees", keys: 5, aim: true },
  dolly: { at: (t, a) => camera([0, 0, t * a]), amount: 0.2, unit: "rho", keys: 2 },
  dolly_zoom: { at: (t, a) => camera([0, 0, t * a], IDENTITY, 1 - t * a), amount: 0.3, unit: "rho", keys: 2 },
  pan: { at: (t, a) => camera([0, 0, 0], turnY(t * a)), amount: 10, unit: "degrees", keys: 2 },
  tilt: { at: (t, a) => camera([0, 0, 0], turnX(t * a)), amount: 8, unit: "degrees", keys: 2 },
  crane: { at: (t, a) => atPivot([0, -t * a, 0]), amount: 0.15, unit: "rho", keys: 3, aim: true },
  spiral: { at: spiral, amount: 0.1, unit: "rho", keys: 17, aim: true },
  static: { at: () => camera([0, 0, 0]), amount: 0, unit: "rho", keys: 1, still: true },
  stabilise: { at: () => camera([0, 0, 0]), amount: 0, unit: "rho", keys: 1, still: true, relativeTo: "stabilised" },
};

/** Return a preset's full motion in radians or rho from the widgets `preset`, `amount` and `unit`. Throws InputError. */
function fullAmount({ preset, amount, unit }) {
  const known = PRESETS[preset];
  if (!known) throw new InputError("notOneOf", { name: "preset", found: `'${preset}'`, known: Object.keys(PRESETS).join(", ") });
  if (!Number.isFinite(amount)) throw new InputError("notFinite", { name: "amount", found: amount });
  const full = unit === "times_preset" ? amount * known.amount : amount;
  if (preset === "dolly_zoom" && full >= 1) throw new InputError("zeroFocal");
  return known.unit === "degrees" ? full * RADIANS : full;
}

function pace(frame, frames, { start, ease }) {
  if (start === "full") return 1;
  const t = frames > 1 ? frame / (frames - 1) : 0;
  return ease === "smooth" ? smoothstep(t) : t;
}

/** Return a camera a frame of the widgets `preset`, `amount`, `unit`, `start` and `ease`. Throws InputError. */
export function presetPath(settings, frames) {
  const full = fullAmount(settings);
  if (frames === 1 && settings.start !== "full" && !PRESETS[settings.preset].still)
    throw new InputError("oneFrame");
  return Array.from({ length: frames }, (_, frame) => PRESETS[settings.preset].at(pace(frame, frames, settings), full));
}

const WIDEST = 100 * RADIANS; // a turn between two keyframes: from half a circle on, it could go the other way round

/** Return how many keyframes stand for a preset, and their own pace where the path's would stop at each of them. */
function keysFor({ start, ease, preset }, full) {
  const known = PRESETS[preset];
  if (start === "full") return { count: 1 };
  const turns = known.unit === "degrees" ? Math.ceil(Math.abs(full) / WIDEST) + 1 : 1;
  const count = Math.max(known.keys, turns);
  if (ease !== "smooth" || count < 3) return { count };
  return count > 3 ? { count: 2 * count - 1, own: "linear" } : { count: 2 };
}

const same = (one, other) => one.every((value, i) => Math.abs(value - other[i]) < 1e-9);

/** Return few keyframes in place of a preset: interpolated with its `ease`, they give nearly its path. Throws InputError. */
export function presetKeyframes(settings, frames) {
  const full = fullAmount(settings), known = PRESETS[settings.preset];
  const { count, own } = keysFor(settings, full), last = frames - 1;
  const chosen = new Set(Array.from({ length: count }, (_, i) => (count > 1 ? Math.round((i * last) / (count - 1)) : 0)));
  return [...chosen].map((frame) => {
    const { position, rotation, focal_scale } = known.at(pace(frame, frames, settings), full);
    const aimed = known.aim && same(lookAt(position, PIVOT) ?? IDENTITY, rotation);
    const aim = aimed ? { look_at: PIVOT } : same(rotation, IDENTITY) ? {} : { euler: toEuler(rotation) };
    return { frame, position, ...aim, focal_scale, ...(own ? { ease: own } : {}) };
  });
}
