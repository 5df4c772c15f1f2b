// Pinhole cameras of a scene, in multiples of rho, and the maps between their pixels. It imports nothing of the page.
//
// A camera: `{rotation, position, fx, fy, cx, cy}`, camera to world, lens in pixels. See inversecrafter_core/camera/projection.py.
import { add, apply, multiply, scaled, subtract, transposed } from "./rotations.js";

/** Return the target camera of a path's `{position, rotation, focal_scale}`, relative to `anchor`, with a source's lens. */
export function placed(offset, anchor, source) {
  const lens = { fx: source.fx * offset.focal_scale, fy: source.fy * offset.focal_scale, cx: source.cx, cy: source.cy };
  const position = add(apply(anchor.rotation, offset.position), anchor.position);
  return { rotation: multiply(anchor.rotation, offset.rotation), position, ...lens };
}

/** Return a place in the world relative to `anchor`. */
export const offsetFrom = (position, anchor) => apply(transposed(anchor.rotation), subtract(position, anchor.position));

/** Return a camera whose pixels are those of a grid of every `stride`-th pixel of its image. */
export function onGrid(camera, stride) {
  const first = Math.floor(stride / 2) + 0.5 - stride / 2;
  const { fx, fy, cx, cy } = camera;
  return { ...camera, fx: fx / stride, fy: fy / stride, cx: (cx - first) / stride, cy: (cy - first) / stride };
}

const lensMatrix = ({ fx, fy, cx, cy }) => [fx, 0, cx, 0, fy, cy, 0, 0, 1];
const inverseLens = ({ fx, fy, cx, cy }) => [1 / fx, 0, -cx / fx, 0, 1 / fy, -cy / fy, 0, 0, 1];

/** Return the map of pixels with depth from one camera to another: `[u' w, v' w, w] = depth * matrix [u, v, 1] + offset`. */
export function transfer(from, to) {
  const back = transposed(to.rotation), lens = lensMatrix(to);
  const matrix = multiply(multiply(lens, multiply(back, from.rotation)), inverseLens(from));
  return { matrix, offset: apply(lens, apply(back, subtract(from.position, to.position))) };
}

/** Return the four corners of the picture of a camera at `depth`, in the world, clockwise from the upper left. */
export function frustum(camera, width, height, depth) {
  const { fx, fy, cx, cy, rotation, position } = camera;
  const corners = [[0, 0], [width, 0], [width, height], [0, height]];
  return corners.map(([u, v]) => add(apply(rotation, scaled([(u - cx) / fx, (v - cy) / fy, 1], depth)), position));
}
