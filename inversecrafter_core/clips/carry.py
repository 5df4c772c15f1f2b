"""One picture carried towards another camera: its parallax by depth, other motion by a field.

Splatting as in :mod:`..warp.splat`, depth first and colours read backward, with one difference: every target pixel also learns
*which* source pixel won it, because the motion beside parallax is known there and nowhere else.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F

from ..camera.projection import Shifted, Transfer
from ..warp.splat import EMPTY, REACH, close_cracks, sample_backward

NOBODY = (1 << 62) - 1


class Carried(NamedTuple):
    """One end as a camera between both sees it.

    ``image [H, W, 3]``, 0 where nothing is seen; ``visible [H, W]`` bool; ``depth [H, W]`` planar z there; ``density [H, W]``:
    source pixels per target pixel, 1 at most, lower where the picture is stretched; ``trust`` and ``refuted [H, W]`` of the
    source pixel that is seen.
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
    """Show a picture to another camera while its things move.

    Args:
        image: ``[H, W, 3]``.
        depth: ``[H, W]`` planar z.
        usable: ``[H, W]`` bool; the rest is not thrown.
        motion: ``[H, W, 2]`` (x, y): pixels of the target by which a pixel lands beside where its depth says.
        marks: trust and refuted, ``[H, W]`` each: they belong to a pixel and are never interpolated.
        to_target, to_source: source pixels to target pixels, and back.
        near: what comes nearer to the target camera than this never lands.
    """
    landed, winner = _throw(depth, usable, motion, to_target, near)
    seen = close_cracks(landed.clone())
    own = (landed < EMPTY) & (seen == landed)
    attached = torch.cat([motion, torch.stack(marks, -1)], -1)
    gathered = _spread(attached.reshape(-1, 4)[winner.flatten().clamp_min(0)].reshape(*depth.shape, 4), own)
    back = Shifted(to_source, gathered[..., :2])
    image = sample_backward(image, seen, back)
    return Carried(image, seen < EMPTY, seen, _density(seen, back), gathered[..., 2], gathered[..., 3])


def _throw(
    depth: torch.Tensor, usable: torch.Tensor, motion: torch.Tensor, to_target: Transfer, near: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Nearest depth ``[H, W]`` and the source pixel ``[H, W]`` it came from; :data:`EMPTY` and -1 where nothing fell."""
    height, width = depth.shape
    x, y, z = to_target(depth)
    lands = (z > near) & usable
    x, y = (value / torch.where(lands, z, 1.0) + motion[..., axis] - 0.5 for axis, value in enumerate((x, y)))
    # Positive floats sort like their bits; below them stands the number of the pixel, so one integer minimum settles both.
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
    """``values [H, W, C]`` where ``known``; beside it, for closed cracks, the mean of known neighbours."""
    held = torch.cat([values.movedim(-1, 0) * known, known[None].float()])
    around = F.avg_pool2d(held[None], 3, 1, 1)[0]
    mean = (around[:-1] / around[-1:].clamp_min(1e-6)).movedim(0, -1)
    return torch.where(known[..., None], values, mean)


def _density(seen: torch.Tensor, back: Shifted) -> torch.Tensor:
    """Source pixels per target pixel, ``[H, W]``: the area a target pixel covers in the source, 0 where nothing is seen."""
    x, y, z = back(torch.where(seen < EMPTY, seen, 1.0))
    place = torch.stack([x / z, y / z])
    right = F.pad(place.diff(dim=2), (0, 1), mode="replicate")
    down = F.pad(place.diff(dim=1), (0, 0, 0, 1), mode="replicate")
    area = (right[0] * down[1] - right[1] * down[0]).abs()
    smooth = F.avg_pool2d(area.clamp(0, 1)[None, None], 3, 1, 1, count_include_pad=False)[0, 0]
    return smooth * (seen < EMPTY)
