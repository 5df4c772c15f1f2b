"""The proximal step in pixels, with the VAE in the loop (Decomposed Diffusion Sampling, Chung et al., arXiv 2303.05754).

The plainest way to hold a latent model to a warp, and what a latent mask does away with: decode the prediction, solve ``(I +
gamma m^2) x* = x + gamma m y`` on the visible pixels, encode again. The mask is exact there, but every step pays for a decoder
and an encoder, and what the VAE loses on one round trip it loses at every step.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..errors import InputError
from .data_consistency import ProximalSettings, Step, prepare

Coder = Callable[[torch.Tensor], torch.Tensor]


def prepare_pixels(
    video: torch.Tensor,
    visible: torch.Tensor,
    decode: Coder,
    encode: Coder,
    settings: ProximalSettings,
) -> Step:
    """The proximal step ``z0 -> E(x*)`` as a function, for ``BoundGuidance``.

    Args:
        video: ``[F, H, W, 3]``, the warp ``y``; what lies outside ``visible`` does not matter.
        visible: ``[F, H, W]`` in 0...1, 1 = known.
        decode: latents in model space to a video of the same shape as ``video``.
        encode: the other way.
        settings: solver, gamma and steps, as in latent space.
    """
    _require_mask_of(video, visible)
    solve = prepare(visible[..., None].expand_as(video), video, settings)
    return lambda z0: encode(solve(decode(z0)))


def refilled(z: torch.Tensor, video: torch.Tensor, visible: torch.Tensor, decode: Coder, encode: Coder) -> torch.Tensor:
    """``E(m y + (1 - m) D(z))``: the warp encoded again, its holes filled with a prediction. Arguments as above."""
    _require_mask_of(video, visible)
    return encode(torch.where(visible[..., None] > 0.5, video, decode(z)))


def _require_mask_of(video: torch.Tensor, visible: torch.Tensor) -> None:
    if visible.shape != video.shape[:-1]:
        raise InputError("visible", f"shape {tuple(visible.shape)}", f"Give one of shape {tuple(video.shape[:-1])}.")
