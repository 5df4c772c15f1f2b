"""The preview of a camera path: from above on the left, from the side on the right."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from ..camera.path import CameraPath

SIZE = 256
INK, FAINT, PIVOT_COLOUR = (235, 235, 235), (90, 90, 90), (240, 180, 60)
FRUSTUMS = 7


def _colour(t: float) -> tuple[int, int, int]:
    """Return the colour at ``t`` in 0...1, from blue to red."""
    return int(70 + 170 * t), int(130 - 40 * t), int(240 - 170 * t)


def _view(path: CameraPath, axes: tuple[int, int], title: str) -> np.ndarray:
    """Draw the path seen along the third axis; ``axes`` are the world axes that point right and down."""
    canvas = np.full((SIZE, SIZE, 3), 28, np.uint8)
    poses = path.camera_to_world.cpu().numpy().astype(np.float64)
    positions, pivot = poses[:, :3, 3], np.array([0.0, 0.0, 1.0])
    points = np.concatenate([positions, pivot[None], np.zeros((1, 3))])[:, list(axes)]
    signs = np.array([1.0, -1.0 if axes[1] == 2 else 1.0])
    low, high = (points * signs).min(0), (points * signs).max(0)
    scale = 0.72 * SIZE / max(float((high - low).max()), 0.2)

    def pixel(point: np.ndarray) -> tuple[int, int]:
        at = (point[list(axes)] * signs - (low + high) / 2) * scale + SIZE / 2
        return round(float(at[0])), round(float(at[1]))

    cv2.line(canvas, pixel(np.zeros(3)), pixel(pivot), FAINT, 1, cv2.LINE_AA)
    cv2.circle(canvas, pixel(pivot), 4, PIVOT_COLOUR, -1, cv2.LINE_AA)
    for first, second, t in zip(positions, positions[1:], np.linspace(0, 1, len(positions)), strict=False):
        cv2.line(canvas, pixel(first), pixel(second), _colour(float(t)), 2, cv2.LINE_AA)
    for frame in np.unique(np.linspace(0, len(poses) - 1, FRUSTUMS).round().astype(int)):
        reach = 22 / scale
        half = 0.45 / float(path.focal_scale[frame])
        corners = [poses[frame, :3, :3] @ np.array([x * reach, y * reach, reach]) + positions[frame]
                   for x, y in ((half, -half), (-half, half))]  # fmt: skip
        outline = np.array([pixel(positions[frame]), pixel(corners[0]), pixel(corners[1])], np.int32)
        cv2.polylines(canvas, [outline], True, _colour(frame / max(1, len(poses) - 1)), 1, cv2.LINE_AA)
    cv2.putText(canvas, title, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)
    return canvas


def path_picture(path: CameraPath) -> torch.Tensor:
    """Return a picture of a path, ``[256, 512, 3]`` float32 in 0...1.

    The dot is the pivot, one rho ahead of the source camera; cameras are blue in the first frame to red in the last. On the
    left the path from above, forward is up; on the right from the camera's right side, forward is to the right.
    """
    top = _view(path, (0, 2), f"{path.name}: top")
    side = _view(path, (2, 1), f"side, {path.frames} frames")
    return torch.from_numpy(np.concatenate([top, side], 1)).float() / 255
