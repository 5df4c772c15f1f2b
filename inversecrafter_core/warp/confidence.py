"""How far to trust each warped pixel, from what is known when no truth is: estimated depth is wrong somewhere.

For every pixel of the target view an expected colour error is added up from terms, each ``[H, W]`` and 0 without doubt:

| term | what it is |
|---|---|
| ``edge`` | range of log depth within :data:`REACH` pixels, as far as depth matters there (``shift / (shift + HARMLESS)``) |
| ``disagreement`` | there and back: log ratio of the depth that a pixel has in the source and what the source says there |
| ``stretch`` | log of the area that a pixel covers in the source: skins between surfaces, cracks, magnification |
| ``parallax`` | shift times contrast: what a depth error would do |
| ``others`` | mean difference to what other source frames, warped to the same camera, show there: what it did |

``shift`` is how many source pixels a depth twice as deep would be off, to first order: 0 where the target camera stands in the
source's place. The confidence is ``1 / (1 + (error / TOLERANCE)^2)``: 1 = sure, 0 = a hole or no trust. All is relative or in
pixels, so the unit of depth does not matter.

The weights are a non-negative least-squares fit to the true error of warps of rendered scenes (``benchmarks.damage``, six
scenes of seed 5: exact depth, 10 and 20 % noise, bled outlines). Grazing angle, too, was tried, and got weight 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import NamedTuple

import torch
import torch.nn.functional as F

from ..camera.geometry import Geometry
from ..camera.path import CameraPath
from ..camera.projection import Transfer
from .frame import NEAR, Cleanup, View, see, transfers
from .holes import Progress
from .temporal import other_frames
from .warp import on_device, require_fit

REACH = 3
"""Pixels around which an outline makes depth doubtful."""
SMOOTH = 5
"""Side of the box over which differences between frames are averaged: an error is wider than the contrast that shows it."""
MOST_LOG = 3.0
"""Logarithms above this say no more."""
NO_LOG = 100.0
"""No logarithm of a depth comes near."""
HARMLESS = 4.0
"""Shift in pixels at which an outline is half as doubtful as it can be."""
STEP = 0.01
"""Relative step of the derivative after depth."""


class Weights(NamedTuple):
    """Expected colour error (0...1) for one unit of each term."""

    edge: float = 0.019
    disagreement: float = 0.043
    stretch: float = 0.011
    parallax: float = 0.007
    others: float = 0.58


WEIGHTS = Weights()
TOLERANCE = 0.06
"""Expected colour error at which the confidence is one half: of 0.03, 0.06 and 0.12 what regains most PSNR and LPIPS of the
whole view at 10 % noise, on two scenes of seed 5 sampled with the small video model."""
OTHERS = 2
"""Frames asked: one earlier, one later. Four and six predict the error no better."""


def _largest(values: torch.Tensor, radius: int) -> torch.Tensor:
    rows = F.max_pool2d(values[None, None], (1, 2 * radius + 1), 1, (0, radius))
    return F.max_pool2d(rows, (2 * radius + 1, 1), 1, (radius, 0))[0, 0]


def _slopes(values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Differences of ``[..., H, W]`` along columns and along rows: central, at the picture's border one-sided."""
    across, down = torch.gradient(values, dim=(-1, -2))
    return across, down


def edge(view: View) -> torch.Tensor:
    """Range of log depth of what is visible within :data:`REACH` pixels; ``[H, W]``."""
    level = view.depth.log()
    # What is empty takes part in neither end of the range.
    deepest = _largest(level.masked_fill(~view.visible, -NO_LOG), REACH)
    nearest = _largest((-level).masked_fill(~view.visible, -NO_LOG), REACH)
    return (deepest + nearest).clamp(0, MOST_LOG)


def way_back(view: View, depth: torch.Tensor, to_source: Transfer) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """``disagreement``, ``stretch``, and how many source pixels the position shifts for a depth twice as deep, to first order.

    Args:
        depth: ``[H, W]`` of the source frame that ``view`` is a view of.
    """
    position, returned = _source_position(view.depth, to_source)
    size = torch.tensor([depth.shape[1], depth.shape[0]], device=depth.device).view(2, 1, 1)
    grid = (2 * position / size - 1).movedim(0, -1)[None]
    there = F.grid_sample(depth[None, None], grid, mode="nearest", padding_mode="border", align_corners=False)[0, 0]
    disagreement = (returned.clamp_min(1e-12) / there).log().abs()
    (across_x, across_y), (down_x, down_y) = _slopes(position)
    covered = (across_x * down_y - across_y * down_x).abs().clamp_min(1e-12)
    shift = (_source_position(view.depth * (1 + STEP), to_source)[0] - position).square().sum(0).sqrt() / STEP
    return disagreement.clamp(max=MOST_LOG), covered.log().abs().clamp(max=MOST_LOG), shift


def _source_position(depth: torch.Tensor, to_source: Transfer) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixels ``[2, H, W]`` (x, y) in the source, and planar depth ``[H, W]`` there."""
    x, y, z = to_source(depth)
    return torch.stack([x / z, y / z]), z


def contrast(image: torch.Tensor) -> torch.Tensor:
    """Length of the gradient of the mean colour of ``[H, W, 3]``, smoothed over 3x3; ``[H, W]`` per pixel."""
    return F.avg_pool2d(torch.hypot(*_slopes(image.mean(-1)))[None], 3, 1, 1)[0]


def difference(view: View, others: Iterable[View]) -> torch.Tensor:
    """Mean absolute colour difference ``[H, W]`` to other views from the same camera, where both see; 0 where no other does."""
    total, count = torch.zeros_like(view.depth), torch.zeros_like(view.depth)
    for other in others:
        both = (view.visible & other.visible).float()
        total += (view.image - other.image).abs().mean(-1) * both
        count += both
    mean = total / count.clamp_min(1)
    return F.avg_pool2d(mean[None, None], SMOOTH, 1, SMOOTH // 2)[0, 0]


def expected_error(terms: Mapping[str, torch.Tensor], weights: Weights = WEIGHTS) -> torch.Tensor:
    """The weighted sum of terms ``[H, W]`` by name."""
    return torch.stack([weight * terms[name] for name, weight in weights._asdict().items()]).sum(0)


def confidence_of(error: torch.Tensor, tolerance: float = TOLERANCE) -> torch.Tensor:
    """``1 / (1 + (error / tolerance)^2)``."""
    return 1 / (1 + (error / tolerance).square())


def doubts(
    video: torch.Tensor,
    geometry: Geometry,
    frame: int,
    camera: torch.Tensor,
    intrinsics: torch.Tensor,
    cleanup: Cleanup,
    others: int = OTHERS,
) -> tuple[View, dict[str, torch.Tensor]]:
    """A source frame seen from a target camera, and every term of its doubt ``[H, W]`` (anything where it is not visible).

    Args:
        video, geometry: on one device.
        others: how many other frames are asked, nearest first.
    """
    near = NEAR * geometry.pivot_depth

    def seen(source: int) -> View:
        image = video[source].to(geometry.depth.device)
        return see(image, geometry, source, camera, intrinsics, near, cleanup)

    view = seen(frame)
    _, to_source = transfers(geometry, frame, camera, intrinsics)
    disagreement, stretch, shift = way_back(view, geometry.depth[frame], to_source)
    asked = islice(other_frames(frame, len(video)), others)
    terms = {
        "edge": edge(view) * shift / (shift + HARMLESS),
        "disagreement": disagreement,
        "stretch": stretch,
        "parallax": shift * contrast(view.image),
        "others": difference(view, map(seen, asked)),
    }
    return view, terms


def warp_confidence(
    video: torch.Tensor,
    geometry: Geometry,
    path: CameraPath,
    *,
    cleanup: Cleanup = Cleanup(),  # noqa: B008  (an immutable tuple)
    others: int = OTHERS,
    device: torch.device | str | None = None,
    progress: Progress | None = None,
) -> torch.Tensor:
    """How far each pixel of :func:`warp_video`'s result is to be trusted.

    Args:
        video, geometry, path, cleanup, device, progress: as given to :func:`warp_video`.
        others: how many other frames of the clip are asked for each, nearest first; 0 asks none and is faster.

    Returns:
        ``[F, H, W]`` float32 on the CPU in 0...1: 1 = sure, 0 = a hole.

    Raises:
        InputError: as :func:`warp_video`.
    """
    video = require_fit(video, geometry, path)
    geometry = on_device(geometry, device)
    cameras, intrinsics = path.resolve(geometry)
    sure = torch.empty(video.shape[:3])
    for frame in range(len(video)):
        view, terms = doubts(video, geometry, frame, cameras[frame], intrinsics[frame], cleanup, others)
        sure[frame] = torch.where(view.visible, confidence_of(expected_error(terms)), 0.0)
        if progress is not None:
            progress(frame + 1, len(video))
    return sure
