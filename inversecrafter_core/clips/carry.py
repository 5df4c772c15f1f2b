"""The warp of one picture to another camera, with parallax from depth and residual motion from a field.

Splatting as in :mod:`..warp.splat`, depth first and colours read backward. In addition every target pixel keeps the index of
its source pixel, because the residual motion is defined at source pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F

from ..camera.projection import Shifted, Transfer
from ..warp.splat import EMPTY, REACH, close_cracks, sample_backward

NOBODY = (1 << 62) - 1


class Carried(NamedTuple):
    """One end warped to a camera between both.

    ``image [H, W, 3]``, 0 in holes; ``visible [H, W]`` bool; ``depth [H, W]`` planar z; ``density [H, W]``: source pixels per
    target pixel, at most 1, lower where the picture is stretched; ``trust`` and ``refuted [H, W]`` of the visible source pixel.
    """

    image: torch.Tensor
    visible: torch.Tensor
    depth: torch.Tensor
    density: torch.Tensor
    trust: torch.Tensor
    refuted: torch.Tensor


def carry(
    image: torch.Tensor,
    depth: torch.Tensor,
    usable: torch.Tensor,
    motion: torch.Tensor,
    marks: tuple[torch.Tensor, torch.Tensor],
    to_target: Transfer,
    to_source: Transfer,
    near: float,
) -> Carried:
    """Warp a picture to another camera, with residual motion.

    Args:
        image: ``[H, W, 3]``.
        depth: ``[H, W]`` planar z.
        usable: ``[H, W]`` bool; only these pixels are splatted.
        motion: ``[H, W, 2]`` (x, y), residual motion in pixels of the target, added to the position by depth.
        marks: trust and refuted, ``[H, W]`` each; they are not interpolated.
        to_target, to_source: transfers from source pixels to target pixels, and back.
        near: near plane of the target camera.
    """
    landed, winner = _splat(depth, usable, motion, to_target, near)
    seen = close_cracks(landed.clone())
    own = (landed < EMPTY) & (seen == landed)
    attached = torch.cat([motion, torch.stack(marks, -1)], -1)
    gathered = _spread(attached.reshape(-1, 4)[winner.flatten().clamp_min(0)].reshape(*depth.shape, 4), own)
    back = Shifted(to_source, gathered[..., :2])
    image = sample_backward(image, seen, back)
    return Carried(image, seen < EMPTY, seen, _density(seen, back), gathered[..., 2], gathered[..., 3])


def _splat(
    depth: torch.Tensor, usable: torch.Tensor, motion: torch.Tensor, to_target: Transfer, near: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the nearest depth ``[H, W]`` and its source pixel ``[H, W]``; :data:`EMPTY` and -1 where no point fell."""
    height, width = depth.shape
    x, y, z = to_target(depth)
    lands = (z > near) & usable
    x, y = (value / torch.where(lands, z, 1.0) + motion[..., axis] - 0.5 for axis, value in enumerate((x, y)))
    # Positive floats sort like their bits; the pixel's index in the low bits lets one integer minimum select both.
    numbers = torch.arange(depth.numel()).view_as(depth)
    key = torch.where(lands, (z.contiguous().view(torch.int32).long() << 31) | numbers, NOBODY).flatten()
    buffer = torch.full(((height + 2) * (width + 2),), NOBODY)
    columns = ((x - REACH).ceil().clamp(-1, width).long(), (x + REACH).floor().clamp(-1, width).long())
    rows = ((y - REACH).ceil().clamp(-1, height).long(), (y + REACH).floor().clamp(-1, height).long())
    for row in rows:
        for column in columns:
            cell = (row + 1) * (width + 2) + column + 1
            buffer.scatter_reduce_(0, torch.where(lands, cell, 0).flatten(), key, "amin")
    won = buffer.view(height + 2, width + 2)[1:-1, 1:-1]
    fell = won < NOBODY
    nearest = torch.where(fell, (won >> 31).int().view(torch.float32), EMPTY)
    return nearest.contiguous(), torch.where(fell, won & ((1 << 31) - 1), -1)


def _spread(values: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Return ``values [H, W, C]`` where ``known``, elsewhere, for closed cracks, the mean of known neighbours."""
    weighted = torch.cat([values.movedim(-1, 0) * known, known[None].float()])
    around = F.avg_pool2d(weighted[None], 3, 1, 1)[0]
    mean = (around[:-1] / around[-1:].clamp_min(1e-6)).movedim(0, -1)
    return torch.where(known[..., None], values, mean)


def _density(seen: torch.Tensor, back: Shifted) -> torch.Tensor:
    """Return source pixels per target pixel, ``[H, W]``: the area of a target pixel in the source, 0 in holes."""
    x, y, z = back(torch.where(seen < EMPTY, seen, 1.0))
    place = torch.stack([x / z, y / z])
    right = F.pad(place.diff(dim=2), (0, 1), mode="replicate")
    down = F.pad(place.diff(dim=1), (0, 0, 0, 1), mode="replicate")
    area = (right[0] * down[1] - right[1] * down[0]).abs()
    smooth = F.avg_pool2d(area.clamp(0, 1)[None, None], 3, 1, 1, count_include_pad=False)[0, 0]
    return smooth * (seen < EMPTY)
