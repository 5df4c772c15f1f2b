"""Depth-first splatting: where the target camera sees the source frame, and at what depth.

Two stages instead of one weighted sum (Mark, McMillan & Bishop 1997 would call the first half a forward map):

1. every source point is thrown at the target pixels it touches (at most 2x2) and the nearest depth wins: an integer minimum,
   which has one result whatever the order, so that two runs are bit-identical on one device;
2. colour is then read *backward*: target pixel and its depth give a source position, and the source is sampled there.
   So colours are never averaged over surfaces, and a pixel costs one interpolation however many points fell on it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..camera.projection import Shifted, Transfer

EMPTY = 1e30
"""Depth of a target pixel that nothing fell on."""
REACH = 0.98
"""How far (pixels, per axis) a point reaches. Just below 1, so that a point on a pixel's centre touches that pixel only."""
OUTSIDE = 9.0
"""A normalised source coordinate that no kernel reaches the picture from."""
SAME_SURFACE = 1.05
"""Depths within this ratio belong to one surface when cracks are closed."""


def splat_depth(
    depth: torch.Tensor, valid: torch.Tensor, to_target: Transfer, size: tuple[int, int], near: float
) -> torch.Tensor:
    """Throw a source frame's points at the target image; the nearest wins.

    Args:
        depth: ``[H, W]`` planar z of the source frame.
        valid: ``[H, W]`` bool; the rest is not thrown.
        to_target: source pixels to target pixels.
        size: ``(height, width)`` of the target image.
        near: points nearer to the target camera's plane than this, or behind it, never land.

    Returns:
        ``[height, width]`` planar z in the target camera, :data:`EMPTY` where nothing fell.
    """
    height, width = size
    x, y, z = to_target(depth)
    z = torch.where((z > near).logical_and_(valid), z, EMPTY)
    x.div_(z).sub_(0.5)
    y.div_(z).sub_(0.5)
    # One cell of padding on each side takes what falls outside; clamping comes before the cast, which overflows.
    left = (x - REACH).ceil_().clamp_(-1, width).int()
    right = x.add_(REACH).floor_().clamp_(-1, width).int()
    top = (y - REACH).ceil_().clamp_(-1, height).int().mul_(width + 2)
    bottom = y.add_(REACH).floor_().clamp_(-1, height).int().mul_(width + 2)
    across, down = right.sub_(left).flatten(), bottom.sub_(top).flatten()
    cells = top.add_(left).add_(width + 3).flatten().long()
    # Positive floats sort like their bit patterns, and an integer minimum is exact in any order.
    bits = z.flatten().view(torch.int32)
    nearest = torch.full(((height + 2) * (width + 2),), EMPTY, device=depth.device)
    buffer = nearest.view(torch.int32)
    buffer.scatter_reduce_(0, cells, bits, "amin")
    for step in (across, down, across.neg()):
        buffer.scatter_reduce_(0, cells.add_(step), bits, "amin")
    return nearest.view(height + 2, width + 2)[1:-1, 1:-1].contiguous()


def close_cracks(depth: torch.Tensor, ratio: float = SAME_SURFACE) -> torch.Tensor:
    """Close one-pixel cracks in a splatted depth ``[H, W]``, in place, and return it.

    A pixel that is empty or clearly deeper than its two opposite neighbours, while those lie on one surface, is a crack
    that magnification opened: it gets their mean. Columns first, then rows.
    """
    for before, centre, after in (
        (depth[:, :-2], depth[:, 1:-1], depth[:, 2:]),
        (depth[:-2], depth[1:-1], depth[2:]),
    ):
        far, close = torch.maximum(before, after), torch.minimum(before, after)
        crack = (far < close * ratio) & (far * ratio < centre)
        torch.where(crack, far.add_(close).mul_(0.5), centre, out=centre)
    return depth


def sample_backward(
    image: torch.Tensor,
    depth: torch.Tensor,
    to_source: Transfer | Shifted,
    mode: str = "bilinear",
    out: torch.Tensor | None = None,
) -> torch.Tensor:
    """Read the source's colours where target pixels with a depth come from.

    Args:
        image: ``[H, W, C]`` source frame.
        depth: ``[height, width]`` planar z in the target camera.
        to_source: target pixels to source pixels.
        mode: ``"bilinear"`` or ``"bicubic"``.
        out: ``[height, width, C]`` contiguous, to write into.

    Returns:
        ``[height, width, C]``, 0 where the depth is :data:`EMPTY`.
    """
    rows, columns = image.shape[:2]
    height, width = depth.shape
    x, y, z = to_source.then(torch.tensor([[2 / columns, 0, -1], [0, 2 / rows, -1], [0, 0, 1]]))(depth)
    grid = torch.empty((height, width, 2), device=depth.device)
    # A visible pixel reads inside the source's outermost centres, an empty one far outside, where padding gives 0.
    edge_x, edge_y = 1 - 1 / columns, 1 - 1 / rows
    grid[..., 0] = x.div_(z).clamp_(-edge_x, edge_x).masked_fill_(depth >= EMPTY, OUTSIDE)
    torch.clamp(y.div_(z), -edge_y, edge_y, out=grid[..., 1])
    # grid_sample runs one thread per batch item: bands of rows keep the cores busy and change no value.
    bands = next((n for n in (8, 4, 2) if height % n == 0), 1) if depth.device.type == "cpu" else 1
    sampled = F.grid_sample(
        image.permute(2, 0, 1).expand(bands, -1, -1, -1),
        grid.view(bands, height // bands, width, 2),
        mode=mode,
        padding_mode="border" if mode == "bicubic" else "zeros",
        align_corners=False,
    )
    if out is None:
        out = torch.empty((height, width, image.shape[2]), device=image.device)
    out.view(bands, height // bands, width, -1).copy_(sampled.permute(0, 2, 3, 1))
    if mode == "bicubic":
        # A cubic kernel reaches past the border, which must not be dark; so the holes are blackened afterwards.
        out.mul_((depth < EMPTY)[..., None])
    return out
