"""Latent masks from differences of encodings: no training, right per channel (InverseCrafter, eq. 5).

``h = 1 - N(|E(a) - E(b)|)``, with ``N = tanh(s d)`` and latents *normalised per channel*: where another content of the holes
moves the latent, the latent does not know. A masked video is infilled before it is encoded, in the equation too (section 4.2
of the paper: "during training or inference"), so where a hole happens to be infilled right, the latent does know.

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
"""A hidden pixel: zero in the VAE's own -1...1."""


def difference_mask(a: torch.Tensor, b: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
    """``1 - tanh(scale |a - b|)`` in float32, same shape as ``a``; 1 where the two latents agree."""
    return 1.0 - torch.tanh(scale * (a.float() - b.float()).abs())


def hide(video: torch.Tensor, visible: torch.Tensor, fill: float | torch.Tensor = GREY) -> torch.Tensor:
    """``video [F, H, W, 3]`` with everything that is not ``visible [F, H, W]`` replaced by ``fill``."""
    known = visible.unsqueeze(-1).to(video.dtype)
    return video * known + fill * (1 - known)


def infilled(video: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """``fill(m x)``: ``video [F, H, W, 3]`` whose holes are filled from around them, as every masked video is before encoding.

    Raises:
        InputError: a frame has nothing but holes.
    """
    return fill_holes(video, visible > 0.5)


def hidden_source(
    encode: Encode, source: torch.Tensor, visible: torch.Tensor, known: tuple[torch.Tensor, torch.Tensor]
) -> torch.Tensor:
    """``h_gt = 1 - tanh|E(x) - E(fill(m x))|`` (eq. 5) with the clip's own truth as ``source``.

    That is editing, where the source and the edited region are known.

    Args:
        known: a clip and its latent; where that clip is ``fill(m x)``, as in editing, it is not encoded a second time.
    """
    masked = infilled(source, visible)
    latent = known[1] if torch.equal(masked, known[0]) else encode(masked)
    return difference_mask(encode(source), latent)


def other_infill(encode: Encode, latent: torch.Tensor, warp: torch.Tensor, visible: torch.Tensor, scale: float) -> torch.Tensor:
    """The infilled warp, encoded as ``latent``, against the same filled again from other times: what could be there instead.

    The second infill stands where eq. 5 has the truth. One more encoding, and optical flow over the clip on the CPU.
    """
    return difference_mask(encode(temporal_infill(warp, visible)), latent, scale)
