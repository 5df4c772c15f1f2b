"""Latent masks from pixel masks alone, along the causal frame groups of Wan's video VAE.

A clip of ``4k + 1`` frames becomes ``k + 1`` latent frames: frame 0 alone, then groups of four. A latent cell covers one
group of frames times a square of pixels (8x8 for Wan 2.1, 16x16 for Wan 2.2). Masks here are ``visible``, 1 = known.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange

from ..errors import InputError, require_finite, require_multiple, require_wan_frames

GROUP = 4
"""Frames in a causal group of Wan's VAEs."""


def by_group(frames: torch.Tensor) -> torch.Tensor:
    """Arrange ``[4k+1, ...]`` in causal groups ``[k+1, 4, ...]``, to be reduced over axis 1.

    Frame 0 is repeated four times to fill its group.

    Raises:
        InputError: a length that is not 4k+1.
    """
    require_wan_frames("clip", frames.shape[0])
    first = frames[:1].expand(GROUP, *frames.shape[1:])
    return rearrange(torch.cat([first, frames[1:]]), "(groups frame) ... -> groups frame ...", frame=GROUP)


def area(visible: torch.Tensor, spatial: int = 8) -> torch.Tensor:
    """Return the share of known pixels in every latent cell.

    Args:
        visible: ``[F, H, W]`` in 0...1, 1 = known; ``F = 4k + 1``, ``H`` and ``W`` multiples of ``spatial``.
        spatial: pixels along one side of a latent cell.

    Returns:
        ``[1, 1, k+1, H/spatial, W/spatial]`` float32 in 0...1.
    """
    _check(visible, spatial)
    # Space first: the per-frame averages are small, the clip is not.
    blocks = F.avg_pool2d(visible.float()[:, None], spatial)[:, 0]
    return by_group(blocks).mean(1)[None, None]


def binary(visible: torch.Tensor, spatial: int = 8) -> torch.Tensor:
    """Return the mask of related methods, the paper's ablation: a cell is known if it is in every frame of its group.

    In space the nearest pixel decides. Shapes as in :func:`area`; the values are 0 or 1.
    """
    _check(visible, spatial)
    nearest = visible[:, ::spatial, ::spatial] > 0.5
    return by_group(nearest).all(1).float()[None, None]


def with_first_frame_known(h: torch.Tensor) -> torch.Tensor:
    """Return a copy of ``h [B, C, T', H', W']`` whose first latent frame is 1, for a clip that starts at source frame 0."""
    marked = h.clone()
    marked[:, :, 0] = 1.0
    return marked


def _check(visible: torch.Tensor, spatial: int) -> None:
    if visible.ndim != 3:
        raise InputError("visible mask", f"a tensor of shape {tuple(visible.shape)}", "Give one mask a frame, [F, H, W].")
    require_finite("visible mask", visible)
    require_wan_frames("visible mask", visible.shape[0])
    require_multiple("visible mask", visible.shape[1], visible.shape[2], spatial)
