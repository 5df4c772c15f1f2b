"""Pixel masks to latent masks, right in time: the causal groups of Wan's video VAE.

A clip of ``4k + 1`` frames becomes ``k + 1`` latent frames: frame 0 alone, then groups of four. A latent cell covers one
group of frames times a square of pixels (8x8 for Wan 2.1, 16x16 for Wan 2.2). Masks here are ``visible``, 1 = known.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange

from ..errors import InputError, require_finite, require_multiple, require_wan_frames

GROUP = 4
"""Frames of a causal group of Wan's VAEs."""


def by_group(frames: torch.Tensor) -> torch.Tensor:
    """``[4k+1, ...]`` to ``[k+1, 4, ...]``, frame 0 repeated to fill its group, so that a reduction over axis 1 respects
    the groups.
    """
    require_wan_frames("clip", frames.shape[0])
    first = frames[:1].expand(GROUP, *frames.shape[1:])
    return rearrange(torch.cat([first, frames[1:]]), "(groups frame) ... -> groups frame ...", frame=GROUP)


def area(visible: torch.Tensor, spatial: int = 8) -> torch.Tensor:
    """The share of known pixels in every latent cell.

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
    """The relatives' mask and the paper's ablation: nearest in space, then known only if known in every frame
    of the group.

    Shapes as in :func:`area`; the values are 0 or 1.
    """
    _check(visible, spatial)
    nearest = visible[:, ::spatial, ::spatial] > 0.5
    return by_group(nearest).all(1).float()[None, None]


def hold_first_frame(h: torch.Tensor) -> torch.Tensor:
    """A copy of ``h [B, C, T', H', W']`` whose first latent frame is fully known: the path starts at source frame 0."""
    held = h.clone()
    held[:, :, 0] = 1.0
    return held


def _check(visible: torch.Tensor, spatial: int) -> None:
    if visible.ndim != 3:
        raise InputError("visible mask", f"a tensor of shape {tuple(visible.shape)}", "Give one mask a frame, [F, H, W].")
    require_finite("visible mask", visible)
    require_wan_frames("visible mask", visible.shape[0])
    require_multiple("visible mask", visible.shape[1], visible.shape[2], spatial)
