"""Inversion: the noisy latent from which the sampler's own Euler steps lead back to a clean one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch

from .prior import Prior, Start, Watch


def inverted(z0: torch.Tensor, prior: Prior, sigmas: Sequence[float]) -> torch.Tensor:
    """Return the latent at ``sigmas[0]`` of a clean one, by unconditional Euler steps up the schedule (DDIM inversion).

    Each step takes the noise estimate at the level it goes to, as the first one, from no noise at all, has to.

    Args:
        z0: clean latent in model space.
        prior: its ``denoise`` and ``signal`` are used.
        sigmas: the sampler's falling levels, the last one 0.
    """

    def length(sigma: float) -> float:
        return math.hypot(prior.signal(sigma), sigma)

    x = z0
    for sigma, above in pairwise(sigmas[::-1]):
        x_above = x * (length(above) / length(sigma))
        e = (x_above - prior.signal(above) * prior.denoise(x_above, above)[1]) / above
        x = prior.signal(above) * ((x - sigma * e) / prior.signal(sigma)) + above * e
    return x


def started(
    prior: Prior,
    units: Sequence[torch.Tensor],
    sigmas: Sequence[float],
    start: Start,
    noise: torch.Generator,
    watch: Watch,
) -> list[torch.Tensor]:
    """Return the latents at ``sigmas[0]`` that sampling starts from.

    Args:
        units: frames ``[n, H, W, 3]`` of every unit of a simple estimate of the clip.
        noise: generator of the noise that all units share.
        watch: called after every unit.
    """
    z: list[torch.Tensor] = []
    sigma, signal, shared = sigmas[0], prior.signal(sigmas[0]), None
    for frames in units:
        if z and start in (Start.INVERTED_FIRST, Start.RANDOM):
            z.append(z[0])
            continue
        z0 = prior.encode(frames)
        if start in (Start.INVERTED, Start.INVERTED_FIRST):
            z.append(inverted(z0, prior, sigmas))
        else:
            shared = torch.randn(z0.shape, generator=noise).to(z0) if shared is None else shared
            z.append(signal * z0 + sigma * shared if start == Start.NOISED else math.hypot(signal, sigma) * shared)
        watch(None)
    return z
