"""Inversion: the noisy latents from which the sampler's own Euler steps lead back to clean ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch

from .prior import Prior, Start, Watch


def inverted(
    coded: Sequence[torch.Tensor], prior: Prior, sigmas: Sequence[float], watch: Watch = lambda _: None
) -> list[torch.Tensor]:
    """Return the latents at ``sigmas[0]`` of clean ones, by unconditional Euler steps up the schedule (DDIM inversion).

    Each step goes through all units, as the sampler's steps do, and takes the noise estimate at the level it goes to, as the
    first one, from no noise at all, has to.

    Args:
        coded: clean latents in model space, one a unit.
        prior: its ``free`` and ``signal`` are used.
        sigmas: the sampler's falling levels, the last one 0.
        watch: called after every unit of every step.
    """

    def length(sigma: float) -> float:
        return math.hypot(prior.signal(sigma), sigma)

    z = list(coded)
    for sigma, above in pairwise(sigmas[::-1]):
        for u, x in enumerate(z):
            x_above = x * (length(above) / length(sigma))
            e = (x_above - prior.signal(above) * prior.free(x_above, above)) / above
            z[u] = prior.signal(above) * ((x - sigma * e) / prior.signal(sigma)) + above * e
            watch(None)
    return z


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
        watch: see :func:`inverted`.
    """
    sigma, signal = sigmas[0], prior.signal(sigmas[0])
    if start in (Start.INVERTED, Start.INVERTED_FIRST):
        z = inverted(coded[: None if start == Start.INVERTED else 1], prior, sigmas, watch)
        return z * (len(coded) // len(z))
    shared = torch.randn(coded[0].shape, generator=noise).to(coded[0])
    if start == Start.RANDOM:
        return [math.hypot(signal, sigma) * shared] * len(coded)
    return [signal * latent + sigma * shared for latent in coded]
