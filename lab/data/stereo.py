"""Two stereo pairs with their true disparity: the motorcycle, a warp with a known answer, and the aloe of Debian's opencv-doc.

The motorcycle's right image has its principal point ``doffs`` pixels to the right of the left one's, so that
``x_right = x_left - disparity`` and ``depth = f b / (disparity + doffs)`` hold together. Depth is in mm. Of the aloe neither
lens nor offset is told, so its disparity gives no depth, but the order of depths.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from inversecrafter_core.camera import Geometry, intrinsics_from_focal
from lab.world.photographs import installed_pictures, read_picture

from .assets import asset, why_missing

PAIR = ("motorcycle_left", "motorcycle_right", "motorcycle_disp")
ALOE = "aloeL.jpg", "aloeGT.png"
FOCAL, CENTRE, CENTRE_OFFSET, BASELINE = 994.978, (311.193, 254.877), 31.086, 193.001


class StereoPair(NamedTuple):
    """``left, right [H, W, 3]``, the left view's geometry (one frame), and the right camera."""

    left: torch.Tensor
    right: torch.Tensor
    geometry: Geometry
    intrinsics: torch.Tensor
    camera: torch.Tensor


def load_stereo_pair(left: Path, right: Path, disparity: Path) -> StereoPair:
    """Read the pair from its three files."""
    first, second = (torch.from_numpy(read_picture(path)).float() / 255 for path in (left, right))
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


def stereo_pair() -> StereoPair | None:
    """Return the pair of the catalogue, or None where it cannot be had."""
    left, right, disparity = map(asset, PAIR)
    return None if left is None or right is None or disparity is None else load_stereo_pair(left, right, disparity)


def why_no_pair() -> str:
    """Return why :func:`stereo_pair` is None; empty when it is not."""
    return ", ".join(f"{name}: {why_missing(name)}" for name in PAIR if asset(name) is None)


def aloe_pair() -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return the aloe's left view ``[H, W, 3]`` and its disparity ``[H, W]`` in pixels, 0 = unknown; None if not installed."""
    found = installed_pictures("opencv-doc", ALOE)
    if len(found) < len(ALOE):
        return None
    picture, disparity = map(torch.from_numpy, found)
    return picture.float() / 255, disparity[..., 0].float()
