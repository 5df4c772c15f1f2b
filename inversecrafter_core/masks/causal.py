"""Latent masks from pixel masks alone: each latent cell sees its own group of frames times its own square of pixels.

The groups and squares are those of the VAE's grid. Masks here are ``visible``, 1 = known.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..errors import InputError, require_finite, require_multiple
from ..latent_grid import WAN, LatentGrid


def area(visible: torch.Tensor, grid: LatentGrid = WAN) -> torch.Tensor:
    """Return the share of known pixels in every latent cell.

    Args:
        visible: ``[F, H, W]`` in 0...1, 1 = known; a length that the grid takes, ``H`` and ``W`` multiples of its cell.
        grid: of the VAE.

    Returns:
        ``[1, 1, T', H/cell, W/cell]`` float32 in 0...1.
    """
    groups = _groups(visible, grid)
    # Space first: the per-frame averages are small, the clip is not.
    blocks = F.avg_pool2d(visible.float()[:, None], grid.cell)[:, 0]
    return torch.stack([blocks[group.start : group.stop].mean(0) for group in groups])[None, None]


def binary(visible: torch.Tensor, grid: LatentGrid = WAN) -> torch.Tensor:
    """Return the mask of related methods, the paper's ablation: a cell is known if it is in every frame of its group.

    In space the nearest pixel decides. Shapes as in :func:`area`; the values are 0 or 1.
    """
    groups = _groups(visible, grid)
    nearest = visible[:, :: grid.cell, :: grid.cell] > 0.5
    return torch.stack([nearest[group.start : group.stop].all(0) for group in groups]).float()[None, None]


def with_first_frame_known(h: torch.Tensor) -> torch.Tensor:
    """Return a copy of ``h [B, C, T', H', W']`` whose first latent frame is 1, for a clip that starts at source frame 0."""
    marked = h.clone()
    marked[:, :, 0] = 1.0
    return marked


def _groups(visible: torch.Tensor, grid: LatentGrid) -> list[range]:
    if visible.ndim != 3:
        raise InputError("visible mask", f"a tensor of shape {tuple(visible.shape)}", "Give one mask a frame, [F, H, W].")
    require_finite("visible mask", visible)
    require_multiple("visible mask", visible.shape[1], visible.shape[2], grid.cell)
    return grid.groups(len(visible), "visible mask")
