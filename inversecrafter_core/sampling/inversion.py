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
    coded: Sequence[torch.Tensor],
    sigmas: Sequence[float],
    start: Start,
    noise: torch.Generator,
    watch: Watch,
) -> list[torch.Tensor]:
    """Return the latents at ``sigmas[0]`` that sampling starts from.

    Args:
        coded: latents of every unit of a simple estimate of the clip.
        noise: generator of the noise that all units share.
        watch: called after every inversion.
    """
    sigma, signal = sigmas[0], prior.signal(sigmas[0])
    if start in (Start.INVERTED, Start.INVERTED_FIRST):
        z = []
        for latent in coded[: None if start == Start.INVERTED else 1]:
            z.append(inverted(latent, prior, sigmas))
            watch(None)
        return z * (len(coded) // len(z))
    shared = torch.randn(coded[0].shape, generator=noise).to(coded[0])
    if start == Start.RANDOM:
        return [math.hypot(signal, sigma) * shared] * len(coded)
    return [signal * latent + sigma * shared for latent in coded]
