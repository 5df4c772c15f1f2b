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
    if visible.shape != video.shape[:-1]:
        raise InputError("visible", f"shape {tuple(visible.shape)}", f"Give one of shape {tuple(video.shape[:-1])}.")
    solve = prepare(visible[..., None].expand_as(video), video, settings)
    return lambda z0: encode(solve(decode(z0)))
