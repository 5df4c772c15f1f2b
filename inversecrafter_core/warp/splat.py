"""Depth-first splatting: the source frame as a target camera sees it.

It has two stages instead of one weighted sum (the first is the forward map of Mark, McMillan & Bishop 1997):

1. Every source point is splatted on the target pixel it falls in, and the nearest depth wins. This is an integer minimum,
   which does not depend on the order, so that two runs are bit-identical on one device. Cracks opened by magnification are
   closed. Background points next to something nearer, and points at the picture's border, also cover adjacent pixels that are
   still empty, because their surface continues there unseen; a foreground would only grow over what is behind it. Points next
   to unknown depth cover adjacent pixels in any case, since nothing shows that their surface ends there.
2. Colours are read *backward*: a target pixel and its depth give a position in the source, at which the source is sampled. A
   pixel costs one interpolation, however many points fell on it. Where the four source pixels around the position include a
   nearer surface, the background is read from its own pixels alone (:class:`Background`). A foreground keeps the mixed colours
   of its outline, which are the source's anti-aliasing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import torch
import torch.nn.functional as F

from ..camera.projection import Shifted, Transfer
from .holes import dilate_holes

EMPTY = 1e30
"""Depth of a target pixel on which no point fell."""
PAD = 3
"""Cells around the target picture: two for cracks that reach its border, and one for all points beyond."""
REACH = 0.98
"""Pixels, per axis, that a background point covers around itself. Just below 1, so that a point on a pixel's centre covers
that pixel only."""
THIN_REACH = 0.7
"""Pixels that a point of a thing one or two pixels wide covers: more is wrong at outlines, less loses parts of the thing."""
OUTSIDE = 9.0
"""A normalised source coordinate so far outside that no interpolation kernel touches the picture."""
SAME_SURFACE = 1.05
"""Ratio of depths up to which they belong to one surface."""
LEAST = 0.02
"""Smallest weight of a background's own pixels, among the four around a position, with which its colour is read from them."""


class Sampling(StrEnum):
    """Interpolation of colours between source pixels."""

    BILINEAR = "bilinear"
    BICUBIC = "bicubic"


class Splat(NamedTuple):
    """The points of a source frame on the target image.

    ``depth [height, width]``: planar z in the target camera, :data:`EMPTY` where no point fell. ``landed [height, width]``: the
    same before cracks were closed and adjacent pixels covered. ``fringe [N]``: flat indices of the target pixels around points
    next to something nearer, next to unknown depth, or at the border.
    """

    depth: torch.Tensor
    landed: torch.Tensor
    fringe: torch.Tensor


def splat_depth(
    depth: torch.Tensor,
    valid: torch.Tensor,
    to_target: Transfer,
    size: tuple[int, int],
    near: float,
    known: torch.Tensor | None = None,
) -> Splat:
    """Splat a source frame's points on the target image; the nearest wins.

    Args:
        depth: ``[H, W]`` planar z of the source frame.
        valid: ``[H, W]`` bool; only these points are splatted.
        to_target: transfer from source pixels to target pixels.
        size: ``(height, width)`` of the target image.
        near: near plane of the target camera; points before it are ignored.
        known: ``[H, W]`` bool, where the depth is known; None for everywhere.
    """
    height, width = size
    x, y, z = to_target(depth)
    z.masked_fill_((z > near).logical_and_(valid).logical_not_(), EMPTY)
    x.div_(z)
    y.div_(z)
    # Cells around the picture collect the points outside; values are clamped before the cast, which would overflow.
    padded = torch.full((height + 2 * PAD, width + 2 * PAD), EMPTY, device=depth.device)
    stride, first = padded.shape[1], PAD * (padded.shape[1] + 1)
    row, column = y.floor().clamp_(-PAD, height + PAD - 1).int(), x.floor().clamp_(-PAD, width + PAD - 1).int()
    cells = row.mul_(stride).add_(column).add_(first).flatten().long()
    # Positive floats sort like their bit patterns, and an integer minimum is exact in any order.
    buffer, bits = padded.flatten().view(torch.int32), z.flatten().view(torch.int32)
    buffer.scatter_reduce_(0, cells, bits, "amin")
    landed = padded[PAD:-PAD, PAD:-PAD].contiguous()
    close_cracks(padded)
    masked = depth if known is None else depth.masked_fill(~known, torch.nan)
    behind, thin = (pixels[valid.flatten()[pixels]] for pixels in at_outlines(masked))
    at_unknown = behind[:0] if known is None else (valid & ~dilate_holes(known, 1)).flatten().nonzero()[:, 0]
    for points, reach in ((at_unknown, REACH), (behind, REACH), (thin, THIN_REACH)):
        left, right = _covered(x.flatten()[points], width, reach)
        top, bottom = (line * stride for line in _covered(y.flatten()[points], height, reach))
        covered = torch.stack([top + left, top + right, bottom + left, bottom + right]) + first
        if points is not at_unknown:
            covered.masked_fill_(buffer[covered] != torch.tensor(EMPTY).view(torch.int32), 0)
        buffer.scatter_reduce_(0, covered.flatten(), bits[points].repeat(4), "amin")
    return Splat(padded[PAD:-PAD, PAD:-PAD].contiguous(), landed, _around(cells[torch.cat([at_unknown, behind])], padded.shape))


def _covered(place: torch.Tensor, length: int, reach: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the first and the last pixel that points at ``place [N]`` cover on one axis; -1 and ``length`` are outside."""
    centre = place - 0.5
    first, last = (centre - reach).ceil().clamp(-1, length), (centre + reach).floor().clamp(-1, length)
    return first.long(), last.long()


def _around(cells: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Return flat indices into the picture of the 3x3 pixels around ``cells [N]`` of the padded picture, each once."""
    marks = torch.zeros(size, dtype=torch.bool, device=cells.device)
    for down in (-size[1], 0, size[1]):
        for across in (-1, 0, 1):
            marks.view(-1)[(cells + (down + across)).clamp_(0, marks.numel() - 1)] = True
    return marks[PAD:-PAD, PAD:-PAD].flatten().nonzero()[:, 0]


def at_outlines(depth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Find the pixels at the outlines of ``depth [H, W]``; there are none at NaN.

    Returns:
        Flat indices of pixels next to something clearly nearer or at the picture's border, and of pixels of thin things, which
        have something clearly deeper next to them on one side and within two pixels on the other.
    """
    closer = depth * SAME_SURFACE
    behind, thin = torch.zeros_like(depth, dtype=torch.bool), torch.zeros_like(depth, dtype=torch.bool)
    behind[0] = behind[-1] = behind[:, 0] = behind[:, -1] = True
    for axis in (0, 1):
        after = depth.narrow(axis, 1, depth.shape[axis] - 1) > closer.narrow(axis, 0, depth.shape[axis] - 1)
        before = depth.narrow(axis, 0, depth.shape[axis] - 1) > closer.narrow(axis, 1, depth.shape[axis] - 1)
        behind.narrow(axis, 1, depth.shape[axis] - 1).logical_or_(after)
        behind.narrow(axis, 0, depth.shape[axis] - 1).logical_or_(before)
        for width in (1, 2):
            # A bar from pixel i to i + width - 1, with deeper pixels on both sides.
            length = depth.shape[axis] - 1 - width
            if length > 0:
                bar = before.narrow(axis, 0, length) & after.narrow(axis, width, length)
                for place in range(1, width + 1):
                    thin.narrow(axis, place, length).logical_or_(bar)
    return behind.flatten().nonzero()[:, 0], thin.flatten().nonzero()[:, 0]


def close_cracks(depth: torch.Tensor, ratio: float = SAME_SURFACE) -> torch.Tensor:
    """Close cracks of one and of two pixels in a splatted depth ``[H, W]``, contiguous, in place, and return it.

    A crack is opened by magnification: pixels that are empty, or clearly deeper than both sides, between pixels of one surface.
    They take the depths between. Rows are closed first, then columns; narrow cracks before wide ones.
    """
    for axis in (1, 0):
        length = max(0, depth.shape[axis] - 2)
        before, centre, after = (depth.narrow(axis, place, length) for place in range(3))
        far, close = torch.maximum(before, after), torch.minimum(before, after)
        crack = (far < close * ratio) & (far * ratio < centre)
        torch.where(crack, far.add_(close).mul_(0.5), centre, out=centre)
    for axis in (1, 0):
        _close_wider(depth, axis, ratio)
    return depth


def _close_wider(depth: torch.Tensor, axis: int, ratio: float) -> None:
    """Close cracks of two pixels along one axis, in place; there are few, so they are indexed."""
    flat, stride = depth.view(-1), depth.stride(axis)
    closer, last = flat * ratio, max(0, len(flat) - 3 * stride)
    falls, rises = flat[stride:] > closer[:-stride], flat[:-stride] > closer[stride:]
    edge = (falls[:last] & rises[2 * stride :]).nonzero()[:, 0]
    edge = edge[edge // stride % depth.shape[axis] < depth.shape[axis] - 3]
    before, first, second, after = (flat[edge + place * stride] for place in range(4))
    far = torch.maximum(before, after)
    crack = (far < torch.minimum(before, after) * ratio) & (far * ratio < torch.minimum(first, second))
    edge, before, step = edge[crack], before[crack], (after - before)[crack] / 3
    flat[edge + stride], flat[edge + 2 * stride] = before + step, before + 2 * step


def sample_backward(
    image: torch.Tensor,
    depth: torch.Tensor,
    to_source: Transfer | Shifted,
    sampling: Sampling = Sampling.BILINEAR,
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    """Sample the source's colours for the target pixels that have a depth.

    Args:
        image: ``[H, W, C]`` source frame.
        depth: ``[height, width]`` planar z in the target camera.
        to_source: transfer from target pixels to source pixels.
        sampling: interpolation of colours.
        out: ``[height, width, C]`` contiguous, to write the result to.

    Returns:
        ``[height, width, C]``, 0 where the depth is :data:`EMPTY`.
    """
    rows, columns = image.shape[:2]
    height, width = depth.shape
    x, y, z = to_source.then(torch.tensor([[2 / columns, 0, -1], [0, 2 / rows, -1], [0, 0, 1]]))(depth)
    grid = torch.empty((height, width, 2), device=depth.device)
    # Visible pixels are read within the source's outermost centres, empty ones far outside, where padding gives 0.
    edge_x, edge_y = 1 - 1 / columns, 1 - 1 / rows
    grid[..., 0] = x.div_(z).clamp_(-edge_x, edge_x).masked_fill_(depth >= EMPTY, OUTSIDE)
    torch.clamp(y.div_(z), -edge_y, edge_y, out=grid[..., 1])
    # grid_sample uses one thread per batch item: bands of rows use all cores and give the same values.
    bands = next((n for n in (8, 4, 2) if height % n == 0), 1) if depth.device.type == "cpu" else 1
    sampled = F.grid_sample(
        image.permute(2, 0, 1).contiguous().expand(bands, -1, -1, -1),
        grid.view(bands, height // bands, width, 2),
        mode=sampling.value,
        padding_mode="border" if sampling == Sampling.BICUBIC else "zeros",
        align_corners=False,
    )
    if out is None:
        out = torch.empty((height, width, image.shape[2]), device=image.device)
    out.view(bands, height // bands, width, -1).copy_(sampled.permute(0, 2, 3, 1))
    if sampling == Sampling.BICUBIC:
        # A cubic kernel extends past the border, which must not be dark, so the holes are set to 0 here.
        out.mul_((depth < EMPTY)[..., None])
    return out


class Background(NamedTuple):
    """Target pixels whose position in the source lies between their own surface and something nearer.

    ``pixels [N]``: flat indices into the target. ``corners [4, N]``: flat indices of the source pixels around each. ``weights
    [4, N]``: their weights, 0 for another surface, 1 in sum.
    """

    pixels: torch.Tensor
    corners: torch.Tensor
    weights: torch.Tensor


def find_background(
    source_depth: torch.Tensor, seen: Splat, to_source: Transfer, known: torch.Tensor | None = None
) -> Background:
    """Return the fringe pixels whose colours need their own surface's pixels, and undo wrong fillings of the fringe.

    A fringe pixel at whose position the source shows another surface was not a crack: its depth before filling is restored.
    Unknown depth does not count as another surface.

    Args:
        source_depth: ``[H, W]``.
        seen: its splat; ``seen.depth`` is corrected in place.
        to_source: transfer from target pixels to source pixels.
        known: ``[H, W]`` bool, as in :func:`splat_depth`.
    """
    rows, columns = source_depth.shape
    width, flat = seen.depth.shape[1], seen.depth.view(-1)
    fringe = seen.fringe[flat[seen.fringe] < EMPTY]
    x, y, z = to_source.at(fringe % width + 0.5, fringe // width + 0.5, flat[fringe])
    x, y = (x / z - 0.5).clamp(0, columns - 1), (y / z - 0.5).clamp(0, rows - 1)
    left, top = x.floor().clamp(0, columns - 2), y.floor().clamp(0, rows - 2)
    x, y, first = x - left, y - top, (top * columns + left).long()
    corners = torch.stack([first, first + 1, first + columns, first + columns + 1])
    weights = torch.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y])
    around = source_depth.flatten()[corners]
    if known is not None:
        around = torch.where(known.flatten()[corners], around, z)
    nearer = around * SAME_SURFACE < z
    weights = weights * ~(nearer | (around > z * SAME_SURFACE))
    total = weights.sum(0)
    wrong, mixed = fringe[total <= LEAST], (nearer.any(0) & (total > LEAST)).nonzero()[:, 0]
    flat[wrong] = seen.landed.view(-1)[wrong]
    return Background(fringe[mixed], corners[:, mixed], weights[:, mixed] / total[mixed])


def read_background(image: torch.Tensor, background: Background, out: torch.Tensor) -> None:
    """Write the background's colours, read from its own pixels alone, to ``out [height, width, C]``, contiguous."""
    colours = image.reshape(-1, image.shape[2])[background.corners]
    out.view(-1, image.shape[2])[background.pixels] = (background.weights[..., None] * colours).sum(0)
