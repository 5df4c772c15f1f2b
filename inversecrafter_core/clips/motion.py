"""Residual motion between two pictures: what optical flow finds besides the parallax of their cameras.

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
"""Side in pixels of the box over which differences are averaged."""
CLEARLY = 0.6, 0.01
"""Residual flow is used where its difference is below this share of parallax's alone, and lower by this much (of 0...1)."""

BETTER, WRONG = (0.02, 0.06), (0.06, 0.12)
"""Ranges of differences (of 0...1) over which parallax becomes refuted: of parallax minus flow, and of parallax alone."""
CLOSED = 24
"""Distance up to which the refuted parts of one moving thing are joined, as a divisor of the picture's width."""


class Motion(NamedTuple):
    """Residual motion of one end.

    ``residual [H, W, 2]``: displacement of a pixel at the other end, in addition to its parallax. ``refuted [H, W]`` in 0...1:
    certainty that the other end shows something else there.
    """

    residual: torch.Tensor
    refuted: torch.Tensor


def residual_motion(pictures: torch.Tensor, viewer: Viewer, flow: PairFlow, own: int) -> Motion:
    """Return the displacement of one end's pixels in the other end in addition to their parallax.

    The other end is warped to this end's camera first: depth explains large parallax better than flow, and the rest (errors of
    depth and camera, small motion) is small. It is used only where it lowers the difference of the pictures. A pixel that the
    other end cannot show, because it is occluded or outside, has none.

    Args:
        pictures: ``[2, H, W, 3]``.
        viewer: of both ends, with both ends' own cameras.
        flow: between the pictures.
        own: index of the end, 0 or 1.
    """
    geometry, view = viewer.geometry, viewer.see(pictures[1 - own], 1 - own, own)
    warped = torch.where(view.visible[..., None], view.image, pictures[own])
    rest = flow_between(pictures[own], warped).field[0]
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
    """Return ``refuted`` with gaps closed and the rim included: a moving thing moves as a whole, even where it is uniform."""
    reach = refuted.shape[1] // CLOSED
    grown = F.max_pool2d(refuted[None, None], 2 * reach + 1, 1, reach)
    return -F.max_pool2d(-grown, reach + 1 - reach % 2, 1, reach // 2)[0, 0]


def clearly_less(one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
    """Return where the difference ``one`` is clearly smaller than ``two`` (:data:`CLEARLY`)."""
    share, least = CLEARLY
    return (one < share * two) & (one < two - least)


def sampled(values: torch.Tensor, positions: torch.Tensor, interpolation: int = cv2.INTER_LINEAR) -> torch.Tensor:
    """Sample ``values [H, W, ...]`` at pixel positions ``[h, w, 2]``, first centre at (0.5, 0.5); the border is repeated."""
    return torch.from_numpy(sample(values.numpy(), positions.numpy() - 0.5, interpolation))


def _places(size: tuple[int, int]) -> torch.Tensor:
    return torch.stack(torch.broadcast_tensors(*pixel_centres(*size)), -1)


def parallax(geometry: Geometry, own: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the positions of pixels at the other end by their depth ``[H, W, 2]``, and whether it shows them ``[H, W]``."""
    cameras = [(geometry.intrinsics[side], geometry.camera_to_world[side]) for side in (own, 1 - own)]
    x, y, z = transfer(*cameras[0], *cameras[1])(geometry.depth[own])
    landing = torch.stack([x, y], -1) / z.clamp_min(1e-6)[..., None]
    inside = ((landing >= 0) & (landing < torch.tensor([geometry.size[1], geometry.size[0]]))).all(-1) & (z > 0)
    there = sampled(geometry.depth[1 - own], landing, cv2.INTER_NEAREST)
    return landing, inside & (there * SAME_SURFACE > z)


def _difference(pictures: torch.Tensor, own: int, landing: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    """Return the mean absolute difference ``[H, W]`` of both ends at ``landing``, over the ``counted`` pixels of a box."""
    difference = (sampled(pictures[1 - own], landing) - pictures[own]).abs().mean(-1)
    both = torch.stack([difference * counted, counted.float()])[None]
    total, count = F.avg_pool2d(both, WINDOW, 1, WINDOW // 2, count_include_pad=False)[0]
    return total / count.clamp_min(1e-6)
