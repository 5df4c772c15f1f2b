"""The motion of a camera without its shake."""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial.transform import Rotation

SHAKE = 8.0
"""Standard deviation in frames of the window that a pose is fitted in: half a second at 16 frames a second."""
START = 0.5
"""Growth of the window per frame from frame 0, where it is zero."""


def smooth_poses(camera_to_world: torch.Tensor, width: float = SHAKE) -> torch.Tensor:
    """Return cameras ``[F, 4, 4]`` on a smooth way through the given ones.

    Every pose is the value of a line fitted to its neighbours under a Gaussian window, positions in the world and rotations in
    the tangent space at that frame, so that a steady motion is unchanged, also at the end. Frame 0 keeps its pose, and the
    window grows from there, because a clip starts at the source camera.
    """
    poses = camera_to_world.detach().cpu().double().numpy()
    times, smooth = np.arange(len(poses), dtype=float), poses.copy()
    rotations = Rotation.from_matrix(poses[:, :3, :3])
    for frame in range(1, len(poses)):
        spread = min(width, START * frame)
        weights = np.exp(-0.5 * ((times - frame) / spread) ** 2)
        turned = (rotations[frame].inv() * rotations).as_rotvec()
        fitted = _line_at(times - frame, np.concatenate([poses[:, :3, 3], turned], 1), weights)
        smooth[frame, :3, 3] = fitted[:3]
        smooth[frame, :3, :3] = (rotations[frame] * Rotation.from_rotvec(fitted[3:])).as_matrix()
    return torch.from_numpy(smooth).to(camera_to_world)


def _line_at(times: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the value at time 0 of the lines fitted to ``values [F, C]`` at ``times [F]`` with ``weights [F]``, ``[C]``."""
    basis = np.stack([np.ones_like(times), times], 1) * np.sqrt(weights)[:, None]
    fitted: np.ndarray = np.linalg.lstsq(basis, values * np.sqrt(weights)[:, None], rcond=None)[0][0]
    return fitted
