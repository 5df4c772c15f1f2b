// The texts of our extensions: English here, other languages under `inverseCrafter` in locales/<language>/main.json. It imports
// nothing of the page: locales.js connects it.

const ENGLISH = {
  cancelled: "The run was cancelled.",
  muted: "This node is muted or bypassed: enable it to read the scene.",
  connectGeometry: "Connect geometry (from Estimate Depth) to this node, then read the scene.",
  unread: "Press R to read the scene (the clip's depth, no sampler), or run.",
  noScene: "Connect geometry, from Estimate Depth, and the video to see the scene and its holes.",
  reading: "Reading the scene…",
  sceneGone: "The scene of the last run is gone. Press R to read it anew.",
  sceneBroken: "The scene of the last run cannot be read.",
  reportHint: "What was done is written here after a run.",

  through: "cam",
  throughHint: "Look through the target camera (V)",
  playHint: "Play (space)",
  addHint: "Add a keyframe at the current frame (K)",
  removeHint: "Delete the keyframe (Delete)",
  fill: "preset",
  fillHint: "Back to the preset: drop the keyframes",
  undoHint: "Undo (Ctrl+Z)",
  redoHint: "Redo (Ctrl+Shift+Z)",
  textHint: "The keyframes as JSON (T)",
  read: "read",
  readHint: "Read the scene: runs the clip's depth, no sampler (R)",
  largeHint: "Large (X)",

  holes: "holes {share} %",
  strip: "Above: the share of holes a frame, red above {limit} %. Below: keyframes. Double-click adds one.",
  madeOfKeyframes: "{count} keyframes",
  madeOfPreset: "preset {preset}",
  lengthOnly: "{made}, {frames} frames",
  most: "{made}, at most {most} % (frame {worst})",
  hereAndMost: "{made}, holes {here} % here, at most {most} % (frame {worst})",
  tooMany: "{figures}; above {limit} % in {count}: more than the footage has",

  x: "x",
  xHint: "Right of the source camera, in multiples of the subject's depth",
  y: "y",
  yHint: "Below the source camera",
  z: "z",
  zHint: "Before the source camera: 1 reaches the subject",
  tilt: "tilt",
  tiltHint: "Degrees up",
  pan: "pan",
  panHint: "Degrees to the right",
  roll: "roll",
  rollHint: "Degrees clockwise",
  lens: "lens",
  lensHint: "Focal length over the source's",
  ease: "ease",
  easeHint: "Pace from this keyframe to the next; path's: the node's ease",
  easeOfPath: "path's",
  linear: "linear",
  smooth: "smooth",
  aim: "aim",
  aimHint: "Look at the subject: the point one rho ahead of the source camera",

  elsewhere: "keyframes: they come from the node at that input. Disconnect it to shape the path here.",
  beyond: "keyframes: one at frame {frame}, but the path ends at {last}. Delete it, or use a longer clip.",
  notFinite: "{name}: {found}. Give a finite number.",
  notNumbers: "{name}: {found}. Give a list of {count} numbers.",
  manyRotations: "{name}: both of {found}. Keep one of them.",
  zeroQuaternion: "{name}: a length of zero. Give w, x, y, z; no rotation is [1, 0, 0, 0].",
  looksAtItself: "{name}: the camera's own position. Look at another point, or give euler angles.",
  looksUpright: "{name}: a point straight above or below. Look at another point, or give euler angles.",
  notObject: "{name}: {found}. Give an object, e.g. {sample}.",
  unknownField: "{name}: the unknown field '{found}'. Known are {known}.",
  notFrame: "{name}: {found}. Give a whole number from 0 on.",
  notFocal: "{name}: {found}. Give a number above 0; 1 keeps the lens.",
  notOneOf: "{name}: {found}. Choose one of: {known}.",
  notJson: "keyframes: text that is not JSON ({found}). Correct it, or undo the last change.",
  noKeyframes: "keyframes: no list of keyframes. Give a list such as {sample}.",
  sameFrame: "keyframes: two keyframes at frame {frame}. Keep one of them.",
  zeroFocal: "camera_path: a focal scale of zero or less. A dolly-zoom amount must stay below 1.",
  oneFrame: "frames: 1, which leaves no time to move. Give 2 or more, or set start to 'full'.",
};

let translation = () => undefined;

/** Take the words of the page's language from `find(key)`, which returns undefined where there are none. */
export function translateBy(find) {
  translation = find;
}

/** Return a text in the page's language; `values` fill its braces. */
export function text(key, values = {}) {
  return (translation(key) ?? ENGLISH[key]).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
