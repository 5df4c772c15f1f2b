// Keyframes and their JSON, as inversecrafter_core/camera/keyframes.py reads it. It imports nothing of the page.
//
// A keyframe keeps the fields that its author wrote ("euler", "quaternion" or "look_at"), so that text and editor agree.
import { IDENTITY, fromEuler, fromQuaternion, length, lookAt, toEuler } from "./rotations.js";
import { text } from "../texts.js";

const EASES = ["linear", "smooth"];
const ROTATIONS = ["euler", "quaternion", "look_at"];
const FIELDS = ["frame", "position", "focal_scale", "ease", ...ROTATIONS];
const DIGITS = 6;
const LIMIT = 1e30; // magnitude from which a number counts as infinite, as in the run

/** Error of a bad input, in the user's terms: the input, what was found, and what to do. */
export class InputError extends Error {
  /** `key`, `values`: of the text, see texts.js. */
  constructor(key, values) {
    super(text(key, values));
  }
}

const shown = (value) => JSON.stringify(value) ?? String(value);

function requireNumber(value, name) {
  if (typeof value !== "number" || !(Math.abs(value) < LIMIT)) throw new InputError("notFinite", { name, found: shown(value) });
  return value;
}

function requireNumbers(value, count, name) {
  if (!Array.isArray(value) || value.length !== count)
    throw new InputError("notNumbers", { name, found: shown(value), count });
  return value.map((item) => requireNumber(item, name));
}

function requireRotation(entry, position, name) {
  const given = ROTATIONS.filter((key) => key in entry);
  if (given.length > 1) throw new InputError("manyRotations", { name, found: given.join(", ") });
  if (!given.length) return {};
  const [field] = given;
  const numbers = requireNumbers(entry[field], field === "quaternion" ? 4 : 3, `${name}.${field}`);
  if (field === "quaternion" && length(numbers) < 1e-6)
    throw new InputError("zeroQuaternion", { name: `${name}.quaternion` });
  if (field === "look_at" && !lookAt(position, numbers)) {
    const itself = length(numbers.map((value, i) => value - position[i])) < 1e-6;
    throw new InputError(itself ? "looksAtItself" : "looksUpright", { name: `${name}.look_at` });
  }
  return { [field]: numbers };
}

function requireKeyframe(entry, index) {
  const name = `keyframes[${index}]`;
  if (entry === null || typeof entry !== "object" || Array.isArray(entry))
    throw new InputError("notObject", { name, found: shown(entry), sample: '{"frame": 0, "position": [0, 0, 0]}' });
  const unknown = Object.keys(entry).find((key) => !FIELDS.includes(key));
  if (unknown) throw new InputError("unknownField", { name, found: unknown, known: FIELDS.join(", ") });
  if (!Number.isInteger(entry.frame) || entry.frame < 0)
    throw new InputError("notFrame", { name: `${name}.frame`, found: shown(entry.frame) });
  const position = requireNumbers(entry.position === undefined ? [0, 0, 0] : entry.position, 3, `${name}.position`);
  const focal = requireNumber(entry.focal_scale === undefined ? 1 : entry.focal_scale, `${name}.focal_scale`);
  if (focal <= 0) throw new InputError("notFocal", { name: `${name}.focal_scale`, found: shown(focal) });
  if (entry.ease !== undefined && !EASES.includes(entry.ease))
    throw new InputError("notOneOf", { name: `${name}.ease`, found: shown(entry.ease), known: EASES.join(", ") });
  const ease = entry.ease === undefined ? {} : { ease: entry.ease };
  return { frame: entry.frame, position, ...requireRotation(entry, position, name), focal_scale: focal, ...ease };
}

/**
 * Return the keyframes in `json`, sorted by frame. Frames beyond the end of a path are no error here (see `beyond`).
 * Throws InputError, naming the keyframe and the field.
 */
export function parseKeyframes(json) {
  let entries;
  try {
    entries = JSON.parse(json);
  } catch (error) {
    throw new InputError("notJson", { found: error.message });
  }
  if (entries && !Array.isArray(entries) && typeof entries === "object" && "keyframes" in entries) entries = entries.keyframes;
  if (!Array.isArray(entries) || !entries.length)
    throw new InputError("noKeyframes", { sample: '[{"frame": 16, "position": [-0.1, 0, 0]}]' });
  const keys = entries.map(requireKeyframe).sort((one, other) => one.frame - other.frame);
  const twice = keys.find((key, i) => i && keys[i - 1].frame === key.frame);
  if (twice) throw new InputError("sameFrame", { frame: twice.frame });
  return keys;
}

/** Return what the keyframes in `json` say they are relative to, as those that Save Camera Path writes do; null where they do not. */
export function statedFrame(json) {
  try {
    return JSON.parse(json)?.relative_to ?? null;
  } catch {
    return null;
  }
}

const rounded = (value) => Number(value.toFixed(DIGITS)) + 0;

/** Return the JSON of keyframes, one a line; fields that say nothing are left out. */
export function formatKeyframes(keys) {
  const lines = keys.map((key) => {
    const entry = { frame: key.frame, position: key.position.map(rounded) };
    for (const field of ROTATIONS) if (key[field]) entry[field] = key[field].map(rounded);
    if (key.focal_scale !== 1) entry.focal_scale = rounded(key.focal_scale);
    if (key.ease) entry.ease = key.ease;
    return JSON.stringify(entry).replaceAll(",", ", ").replaceAll(":", ": ");
  });
  return `[${lines.join(",\n ")}]`;
}

/** Return the rotation, a 3x3 matrix, of a keyframe. */
export function rotationOf(key) {
  if (key.euler) return fromEuler(key.euler);
  if (key.quaternion) return fromQuaternion(key.quaternion);
  return key.look_at ? lookAt(key.position, key.look_at) : IDENTITY;
}

/** Return a keyframe with another rotation, as euler angles. */
export function turned(key, rotation) {
  const { quaternion, look_at, ...rest } = key;
  return { ...rest, euler: toEuler(rotation) };
}

/** Return the keyframe at another place; null where it would look at its own place, or straight up or down. */
export function moved(key, position) {
  return key.look_at && !lookAt(position, key.look_at) ? null : { ...key, position };
}

/** Return the first keyframe beyond a path of `frames` frames, which a run refuses; undefined where there is none. */
export const beyond = (keys, frames) => keys.find((key) => key.frame >= frames);
