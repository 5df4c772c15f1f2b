"""The motion of a camera without its shake."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.spatial.transform import Rotation

SHAKE = 8.0
"""Standard deviation in frames of the window that a pose is fitted in: half a second at 16 frames a second."""
START = 0.5
"""Growth of the window per frame from frame 0, where it is zero."""
REACH = 6
"""Standard deviations beyond which a neighbour counts for nothing."""
NO_TURN = 1e-9
"""Angle in radians below which a rotation has no axis."""


def smooth_poses(camera_to_world: torch.Tensor, width: float = SHAKE) -> torch.Tensor:
    """Return cameras ``[F, 4, 4]`` on a smooth way through the given ones.

    Every pose is the value of a line fitted to its neighbours under a Gaussian window, positions in the world and rotations in
    the tangent space at that frame, so that a steady motion is unchanged, also at the end. Frame 0 keeps its pose, and the
    window grows from there, because a clip starts at the source camera.
    """
    poses = camera_to_world.detach().cpu().double().numpy()
    rotations, smooth = Rotation.from_matrix(poses[:, :3, :3]), poses.copy()
    for frame in range(1, len(poses)):
        spread = min(width, START * frame)
        first, last = max(0, frame - math.ceil(REACH * spread)), frame + math.ceil(REACH * spread) + 1
        times = np.arange(first, min(last, len(poses)), dtype=float) - frame
        turned = _unwrapped((rotations[frame].inv() * rotations[first:last]).as_rotvec(), frame - first)
        fitted = _line_at(times, np.concatenate([poses[first:last, :3, 3], turned], 1), np.exp(-0.5 * (times / spread) ** 2))
        smooth[frame, :3, 3] = fitted[:3]
        smooth[frame, :3, :3] = (rotations[frame] * Rotation.from_rotvec(fitted[3:])).as_matrix()
    return torch.from_numpy(smooth).to(camera_to_world)


def _unwrapped(vectors: np.ndarray, frame: int) -> np.ndarray:
    """Return rotation vectors ``[F, 3]`` without their jumps at half a circle, followed from ``frame`` outwards."""
    if np.linalg.norm(vectors, axis=1).max() < 0.75 * math.pi:
        return vectors
    whole = vectors.copy()
    for step, places in ((1, range(frame + 1, len(whole))), (-1, range(frame - 1, -1, -1))):
        for place in places:
            before, angle = whole[place - step], float(np.linalg.norm(whole[place]))
            axis = whole[place] / angle if angle > NO_TURN else before / max(NO_TURN, float(np.linalg.norm(before)))
            whole[place] = axis * (angle + 2 * math.pi * round((before @ axis - angle) / (2 * math.pi)))
    return whole


def _line_at(times: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the value at time 0 of the lines fitted to ``values [F, C]`` at ``times [F]`` with ``weights [F]``, ``[C]``."""
    basis = np.stack([np.ones_like(times), times], 1) * np.sqrt(weights)[:, None]
    fitted: np.ndarray = np.linalg.lstsq(basis, values * np.sqrt(weights)[:, None], rcond=None)[0][0]
    return fitted
