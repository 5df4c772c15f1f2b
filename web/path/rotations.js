// Vectors, quaternions (w, x, y, z) and 3x3 rotations (nine numbers, row by row), as inversecrafter_core/camera/rotation.py has
// them: OpenCV axes, radians. It imports nothing, so that it can be tested without a page.

export const subtract = (a, b) => a.map((value, i) => value - b[i]);
export const add = (a, b) => a.map((value, i) => value + b[i]);
export const scaled = (a, factor) => a.map((value) => value * factor);
export const length = (a) => Math.hypot(...a);
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

export const IDENTITY = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** Return the matrix product of two 3x3 matrices. */
export function multiply(a, b) {
  const product = new Array(9);
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 3; j++) product[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
  return product;
}

export const transposed = (m) => [m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]];

/** Return the vector `m v`. */
export const apply = (m, v) => [0, 3, 6].map((row) => m[row] * v[0] + m[row + 1] * v[1] + m[row + 2] * v[2]);

/** Return the rotation about x; positive tilts the camera up. */
export const turnX = (angle) => [1, 0, 0, 0, Math.cos(angle), -Math.sin(angle), 0, Math.sin(angle), Math.cos(angle)];

/** Return the rotation about y; positive pans the camera right. */
export const turnY = (angle) => [Math.cos(angle), 0, Math.sin(angle), 0, 1, 0, -Math.sin(angle), 0, Math.cos(angle)];

/** Return the rotation about z; positive rolls the camera clockwise. */
const turnZ = (angle) => [Math.cos(angle), -Math.sin(angle), 0, Math.sin(angle), Math.cos(angle), 0, 0, 0, 1];

const RADIANS = Math.PI / 180;

/** Return the rotation of `[tilt up, pan right, roll clockwise]` in degrees: pan, then tilt, then roll. */
export function fromEuler([up, right, roll]) {
  return multiply(multiply(turnY(right * RADIANS), turnX(up * RADIANS)), turnZ(roll * RADIANS));
}

/** Return `[tilt up, pan right, roll clockwise]` in degrees of a rotation; roll is 0 where tilt is a right angle. */
export function toEuler(m) {
  const up = Math.asin(Math.max(-1, Math.min(1, -m[5])));
  const level = Math.cos(up) > 1e-6;
  const right = level ? Math.atan2(m[2], m[8]) : Math.atan2(-m[6], m[0]);
  const roll = level ? Math.atan2(m[3], m[4]) : 0;
  return [up / RADIANS, right / RADIANS, roll / RADIANS];
}

/** Return the rotation without roll of a camera at `position` looking at `target`; null where there is none. */
export function lookAt(position, target) {
  const way = subtract(target, position);
  if (length(way) < 1e-6) return null;
  const forward = scaled(way, 1 / length(way));
  const across = cross([0, 1, 0], forward);
  if (length(across) < 1e-6) return null;
  const right = scaled(across, 1 / length(across));
  const down = cross(forward, right);
  return [right[0], down[0], forward[0], right[1], down[1], forward[1], right[2], down[2], forward[2]];
}

/** Return the rotation of a quaternion of any length but zero. */
export function fromQuaternion(quaternion) {
  const [w, x, y, z] = scaled(quaternion, 1 / length(quaternion));
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
    2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
    2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
  ];
}

/** Return the unit quaternion of a rotation (Shepperd 1978: the largest component first). */
export function toQuaternion(m) {
  const squares = [1 + m[0] + m[4] + m[8], 1 + m[0] - m[4] - m[8], 1 - m[0] + m[4] - m[8], 1 - m[0] - m[4] + m[8]];
  const largest = squares.indexOf(Math.max(...squares));
  const rows = [
    [squares[0], m[7] - m[5], m[2] - m[6], m[3] - m[1]],
    [m[7] - m[5], squares[1], m[1] + m[3], m[2] + m[6]],
    [m[2] - m[6], m[1] + m[3], squares[2], m[5] + m[7]],
    [m[3] - m[1], m[2] + m[6], m[5] + m[7], squares[3]],
  ];
  return scaled(rows[largest], 1 / length(rows[largest]));
}

/** Return the quaternion at `t` in 0...1 on the shorter great circle between two. */
export function slerp(first, second, t) {
  const cosine = dot(first, second);
  const end = cosine < 0 ? scaled(second, -1) : second;
  const angle = Math.atan2(length(subtract(end, scaled(first, Math.abs(cosine)))), Math.abs(cosine));
  if (angle < 1e-9) return first;
  return add(scaled(first, Math.sin((1 - t) * angle) / Math.sin(angle)), scaled(end, Math.sin(t * angle) / Math.sin(angle)));
}
