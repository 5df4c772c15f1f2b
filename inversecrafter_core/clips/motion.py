"""Motion between two pictures beside the parallax of their cameras, by optical flow.

Fields are ``[H, W, 2]`` (x, y) in pixels, pictures ``[2, H, W, 3]`` in 0...1, the start first.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import torch
import torch.nn.functional as F

from ..camera import Geometry, pixel_centres
from ..camera.projection import transfer
from ..flow import PairFlow, flow_between, sample
from ..warp.splat import SAME_SURFACE
from ..warp.viewer import Viewer

WINDOW = 7
"""Pixels a side over which differences are averaged before they are compared."""
CLEARLY = 0.6, 0.01
"""Flow beside the parallax is used where the difference is below this share of parallax's alone, and lower by this much
(of 0...1).
"""

BETTER, WRONG = (0.02, 0.06), (0.06, 0.12)
"""Differences (of 0...1) at which parallax begins to be refuted, and at which it is: of the ends along parallax less those
along flow, and along parallax alone.
"""
CLOSED = 24
"""Reach of one moving thing's refuted parts, as a divisor of the picture's width."""


class Motion(NamedTuple):
    """``beside [H, W, 2]``: how far a pixel lands beside its parallax at the other end; ``refuted [H, W]`` in 0...1: how
    clearly the other end shows something else there.
    """

    beside: torch.Tensor
    refuted: torch.Tensor


def residual_motion(pictures: torch.Tensor, viewer: Viewer, flow: PairFlow, own: int) -> Motion:
    """Find where the pixels of one end land in the other beside where their depth places them.

    The other end is seen from this end's camera first: depth explains large parallax better than flow does, and what is left
    (errors of depth and camera, things that moved a little) is small. It is used only where the pictures bear it out. A
    pixel that the other end cannot show, because something stands before it there or it is outside, is left where it is.

    Args:
        pictures: ``[2, H, W, 3]``.
        viewer: of both ends from both ends' own cameras.
        flow: between the pictures as they are.
        own: the end, 0 or 1.
    """
    geometry, view = viewer.geometry, viewer.see(pictures[1 - own], 1 - own, own)
    shown = torch.where(view.visible[..., None], view.image, pictures[own])
    rest = flow_between(pictures[own], shown).field[0]
    landing, visible = parallax(geometry, own)
    still, moved = (_difference(pictures, own, place, visible) for place in (landing, landing + rest))
    better = visible & clearly_less(moved, still)
    error = torch.where(better, moved, still)
    elsewhere = _difference(pictures, own, _places(geometry.size) + flow.field[own], visible)
    refuted = torch.maximum(_ramp(error - elsewhere, *BETTER), _ramp(error, *WRONG)) * visible
    return Motion(torch.where(better[..., None], rest, 0.0), _whole(refuted))


def _ramp(value: torch.Tensor, low: float, high: float) -> torch.Tensor:
    return ((value - low) / (high - low)).clamp(0, 1)


def _whole(refuted: torch.Tensor) -> torch.Tensor:
    """Gaps closed and the rim taken in: a thing that moves does so as a whole, also where its texture repeats itself."""
    reach = refuted.shape[1] // CLOSED
    grown = F.max_pool2d(refuted[None, None], 2 * reach + 1, 1, reach)
    return -F.max_pool2d(-grown, reach + 1 - reach % 2, 1, reach // 2)[0, 0]


def clearly_less(one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
    """Tell if a difference is so much smaller that its explanation replaces the other's."""
    share, least = CLEARLY
    return (one < share * two) & (one < two - least)


def sampled(values: torch.Tensor, positions: torch.Tensor, interpolation: int = cv2.INTER_LINEAR) -> torch.Tensor:
    """Read ``values [H, W, ...]`` at pixel positions ``[h, w, 2]``, first centre at (0.5, 0.5); the border repeated."""
    return torch.from_numpy(sample(values.numpy(), positions.numpy() - 0.5, interpolation))


def _places(size: tuple[int, int]) -> torch.Tensor:
    return torch.stack(torch.broadcast_tensors(*pixel_centres(*size)), -1)


def parallax(geometry: Geometry, own: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return where pixels land at the other end by their depth ``[H, W, 2]``, and whether it shows them ``[H, W]``."""
    cameras = [(geometry.intrinsics[side], geometry.camera_to_world[side]) for side in (own, 1 - own)]
    x, y, z = transfer(*cameras[0], *cameras[1])(geometry.depth[own])
    landing = torch.stack([x, y], -1) / z.clamp_min(1e-6)[..., None]
    inside = ((landing >= 0) & (landing < torch.tensor([geometry.size[1], geometry.size[0]]))).all(-1) & (z > 0)
    there = sampled(geometry.depth[1 - own], landing, cv2.INTER_NEAREST)
    return landing, inside & (there * SAME_SURFACE > z)


def _difference(pictures: torch.Tensor, own: int, landing: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference ``[H, W]`` between an end and the other at ``landing``, over what is ``counted`` in a window."""
    difference = (sampled(pictures[1 - own], landing) - pictures[own]).abs().mean(-1)
    both = torch.stack([difference * counted, counted.float()])[None]
    total, count = F.avg_pool2d(both, WINDOW, 1, WINDOW // 2, count_include_pad=False)[0]
    return total / count.clamp_min(1e-6)
