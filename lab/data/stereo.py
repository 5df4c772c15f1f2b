"""The motorcycle stereo pair with its true disparity, as a warp with a known answer.

The right image's principal point lies ``doffs`` pixels to the right of the left one's, so that
``x_right = x_left - disparity`` and ``depth = f b / (disparity + doffs)`` hold together. Depth is in mm.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from inversecrafter_core.camera import Geometry, intrinsics_from_focal

FOCAL, CENTRE, CENTRE_OFFSET, BASELINE = 994.978, (311.193, 254.877), 31.086, 193.001


class StereoPair(NamedTuple):
    """``left, right [H, W, 3]``, the left view's geometry (one frame), and the right camera."""

    left: torch.Tensor
    right: torch.Tensor
    geometry: Geometry
    intrinsics: torch.Tensor
    camera: torch.Tensor


def _image(path: Path) -> torch.Tensor:
    stored = cv2.imread(str(path))
    if stored is None:
        raise FileNotFoundError(path)
    return torch.from_numpy(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB)).float() / 255


def load_stereo_pair(left: Path, right: Path, disparity: Path) -> StereoPair:
    """Read the pair from its three files."""
    first, second = _image(left), _image(right)
    with np.load(disparity) as archive:
        shift = torch.from_numpy(archive["arr_0"].astype(np.float32))
    known = torch.isfinite(shift)
    depth = FOCAL * BASELINE / (torch.where(known, shift, 0.0) + CENTRE_OFFSET)
    height, width = shift.shape
    lens = intrinsics_from_focal(FOCAL, height, width, CENTRE)
    other = intrinsics_from_focal(FOCAL, height, width, (CENTRE[0] + CENTRE_OFFSET, CENTRE[1]))
    camera = torch.eye(4)
    camera[0, 3] = BASELINE
    return StereoPair(first, second, Geometry(depth[None], known[None], lens[None], torch.eye(4)[None], True), other, camera)


def psnr(first: torch.Tensor, second: torch.Tensor, where: torch.Tensor) -> float:
    """PSNR in dB over the pixels ``where [H, W]`` of two images ``[H, W, 3]`` in 0...1."""
    return float(-10 * torch.log10((first - second)[where].square().mean()))
