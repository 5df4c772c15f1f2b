"""Latent masks from differences of encodings: no training, right per channel (InverseCrafter, eq. 5).

``h = 1 - N(|E(a) - E(b)|)``, with ``N = tanh(s d)`` and latents *normalised per channel*: where hiding the holes moves the
latent, the latent does not know. A masked video is infilled before it is encoded, in the equation too (section 4.2 of the
paper: "during training or inference"), so where a hole happens to be infilled right, the latent does know.

``encode`` is the VAE as a function: video ``[F, H, W, 3]`` in 0...1 to normalised latents ``[1, C, T', H', W']``. ``visible``
is ``[F, H, W]``, 1 = known.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..warp.holes import fill_holes

Encode = Callable[[torch.Tensor], torch.Tensor]

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": lambda d: 1.0 - torch.tanh(d),
    "precision": lambda d: 1.0 / (1.0 + d.square()),
}
"""From a scaled distance, >= 0, to how far a latent is known, in 0...1; 1 at no distance. *precision* is the weight that a
measurement of variance ``d^2`` deserves beside a guess of variance 1: against *tanh* it trusts small distances more.
"""
GREY = 0.5
"""A hidden pixel: zero in the VAE's own -1...1, so that ``m * x`` means there what the equation says."""


def difference_mask(a: torch.Tensor, b: torch.Tensor, scale: float = 1.0) -> torch.Tensor:
    """``1 - tanh(scale |a - b|)`` in float32, same shape as ``a``; 1 where the two latents agree."""
    return ACTIVATIONS["tanh"](scale * (a.float() - b.float()).abs())


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
    encode: Encode, source: torch.Tensor, visible: torch.Tensor, scale: float, known: tuple[torch.Tensor, torch.Tensor]
) -> torch.Tensor:
    """``E(x)`` against ``E(fill(m x))``.

    With the clip's own truth as ``source`` this is ``h_gt`` (eq. 5): editing, where the source and the edited region are known.
    With the source seen from *its* camera and the mask of the *target* view it is candidate A.

    Args:
        known: a clip and its latent; where that clip is ``fill(m x)``, as in editing, it is not encoded a second time.
    """
    masked = infilled(source, visible)
    latent = known[1] if torch.equal(masked, known[0]) else encode(masked)
    return difference_mask(encode(source), latent, scale)


def hidden_warp(
    encode: Encode,
    latent: torch.Tensor,
    warp: torch.Tensor,
    visible: torch.Tensor,
    scale: float,
    holed: torch.Tensor | None = None,
) -> torch.Tensor:
    """Candidate B: the infilled warp, already encoded as ``latent``, against the holed warp. One more encoding.

    Without ``holed`` the holes are put back into ``warp`` as mid-grey.
    """
    return difference_mask(latent, encode(hide(warp, visible) if holed is None else holed), scale)


def mask_video(encode: Encode, visible: torch.Tensor, scale: float) -> torch.Tensor:
    """Candidate C: an all-white clip against the mask itself as a clip. It depends on the mask alone."""
    mask = visible.float().unsqueeze(-1).expand(*visible.shape, 3)
    return difference_mask(encode(torch.ones_like(mask)), encode(mask), scale)


def two_infills(encode: Encode, warp: torch.Tensor, visible: torch.Tensor, scale: float) -> torch.Tensor:
    """Candidate D, ours: the same holes filled twice, black and white. What moves is what the holes decide, whatever the
    infill.

    The two fills differ by the full range, so half their difference is what a fill at the wrong end of the range would cost.
    """
    return difference_mask(encode(hide(warp, visible, 0.0)), encode(hide(warp, visible, 1.0)), scale / 2)
