"""Latent masks from differences of two encodings: per channel, without training (InverseCrafter, eq. 5).

``h = 1 - N(|E(a) - E(b)|)``, with ``N = tanh(s d)`` and latents *normalised per channel*. The clips differ in their holes only,
so a latent value that changes depends on the holes and is unknown. A masked video is infilled before it is encoded, in the
equation too (section 4.2 of the paper: "during training or inference"): a hole that is infilled correctly counts as known.

``encode`` is the VAE as a function: video ``[F, H, W, 3]`` in 0...1 to normalised latents ``[1, C, T', H', W']``. ``visible``
is ``[F, H, W]``, 1 = known.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..warp.holes import fill_holes
from .temporal_infill import temporal_infill

Encode = Callable[[torch.Tensor], torch.Tensor]

GREY = 0.5
"""Value of a hidden pixel in 0...1: zero in the VAE's own range of -1...1."""


def difference_mask(a: torch.Tensor, b: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
    """Return ``1 - tanh(scale |a - b|)``, float32 in the shape of ``a``: 1 where the two latents agree."""
    return 1.0 - torch.tanh(scale * (a.float() - b.float()).abs())


def hide(video: torch.Tensor, visible: torch.Tensor, fill: float | torch.Tensor = GREY) -> torch.Tensor:
    """Return ``video [F, H, W, 3]`` with ``fill`` wherever ``visible [F, H, W]`` is 0."""
    known = visible.unsqueeze(-1).to(video.dtype)
    return video * known + fill * (1 - known)


def infilled(video: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """Return ``fill(m x)``: ``video [F, H, W, 3]`` with its holes filled from their surroundings, ready to be encoded.

    Raises:
        InputError: a frame consists of holes only.
    """
    return fill_holes(video, visible > 0.5)


def known_source_mask(
    encode: Encode, source: torch.Tensor, visible: torch.Tensor, encoded: tuple[torch.Tensor, torch.Tensor]
) -> torch.Tensor:
    """Return ``h_gt = 1 - tanh|E(x) - E(fill(m x))|`` (eq. 5), where the clean clip ``x`` is known, as in editing.

    Args:
        encode: the VAE.
        source: ``x``, ``[F, H, W, 3]`` in 0...1.
        visible: ``m``, ``[F, H, W]``, 1 = known.
        encoded: a clip and its latent. If that clip equals ``fill(m x)``, as it does in editing, its latent is used.
    """
    masked = infilled(source, visible)
    latent = encoded[1] if torch.equal(masked, encoded[0]) else encode(masked)
    return difference_mask(encode(source), latent)


def second_infill_mask(
    encode: Encode, latent: torch.Tensor, warp: torch.Tensor, visible: torch.Tensor, scale: float
) -> torch.Tensor:
    """Return the mask of the difference between two infills of a warp, the second one from other times of the clip.

    The second infill takes the place of the true clip in eq. 5. It costs one more encoding, and optical flow on the CPU.

    Args:
        encode: the VAE.
        latent: ``E(warp)``, normalised per channel.
        warp: ``[F, H, W, 3]`` in 0...1, the warp with its first infill.
        visible: ``[F, H, W]``, 1 = known.
        scale: ``s``, see :func:`difference_mask`.
    """
    return difference_mask(encode(temporal_infill(warp, visible)), latent, scale)
