"""The exact guided sampler: Euler steps that correct the clean latent and keep the noise estimate (DDS, FlowDPS)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch

Correct = Callable[[torch.Tensor, float], torch.Tensor]
Renew = Callable[[torch.Tensor], torch.Tensor]
Signal = Callable[[float], float]


def flow_signal(sigma: float) -> float:
    """Return the share of the clean latent in a rectified flow's ``x = (1 - sigma) z0 + sigma z1``."""
    return 1 - sigma


def whole_signal(_: float) -> float:
    """Return 1: the clean latent's factor where noise is added on top of it, ``x = z0 + sigma z1`` (variance exploding)."""
    return 1.0


@torch.no_grad()
def sample_guided_euler(
    model: Callable[..., torch.Tensor],
    x: torch.Tensor,
    sigmas: torch.Tensor,
    extra_args: dict[str, Any] | None = None,
    callback: Callable[[dict[str, Any]], None] | None = None,
    *,
    correct: Correct,
    renew: Renew | None = None,
    signal: Signal = flow_signal,
) -> torch.Tensor:
    """Take data-consistent Euler steps of a rectified flow, ``x = (1 - sigma) z0 + sigma z1``, or of another ``signal``.

    Decomposed diffusion sampling (Chung et al., arXiv 2303.05754) in flow form: the prediction gives ``z0`` and ``z1 = x +
    (1 - sigma) v``; only ``z0`` is corrected, and ``x' = (1 - sigma') z* + sigma' z1``. With ``z* = z0`` this is the plain
    Euler step. An Euler sampler whose prediction is replaced by ``z*`` re-derives ``z1`` from it, and so changes the noise by
    ``-(1 - sigma)/sigma (z* - z0)``.

    Args:
        model: ``model(x, sigma [B], **extra_args)`` returns ``z0``.
        x: noise at ``sigmas[0]``, ``[B, ...]``.
        sigmas: ``N + 1`` decreasing flow times.
        extra_args: passed to the model.
        callback: called after each step's correction with ``x, i, sigma, sigma_hat, denoised``; may raise to stop.
        correct: ``(z0, sigma) -> z*``.
        renew: replaces the noise estimate ``z1`` of each step; None keeps it. ``torch.randn_like`` draws fresh noise, as
            samplers of consistency-distilled models do.
        signal: function from sigma to the factor of ``z0`` in ``x``.
    """
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        denoised = model(x, sigmas[i] * s_in, **extra_args)
        noise = (x - signal(sigma) * denoised) / sigma
        denoised = correct(denoised, sigma)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = signal(sigma_next) * denoised + sigma_next * (noise if renew is None else renew(noise))
    return x
