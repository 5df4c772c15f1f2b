"""How the method's relatives hold to a measurement: one short function each, to be set against ``sample_guided_euler``.

They take a model, noise and a schedule as it does: ``model(x, sigma [B], **extra_args)`` returns the clean latent ``z0`` of a
rectified flow ``x = (1 - sigma) z0 + sigma z1``. Latents are ``[B, C, T', H', W']`` in *model space*, ``w = E(y)`` is the
measurement, masks are 1 = known, and ``active`` says at which sigmas they act; elsewhere each is the plain Euler step.

| function | what is known enters as | model calls a guided step |
|---|---|---|
| ``sample_hard_paste`` | known cells overwritten after the step | 1 |
| ``sample_zero4d`` | known cells of the prediction replaced, the noise kept | 1, early ones ``repeats`` |
| ``sample_dps`` | a gradient step through the model | 1 and its backward pass |
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F

from ..errors import InputError
from .window import SigmaRange

Model = Callable[..., torch.Tensor]
Callback = Callable[[dict[str, Any]], None]


@torch.no_grad()
def sample_hard_paste(
    model: Model,
    x: torch.Tensor,
    sigmas: torch.Tensor,
    extra_args: dict[str, Any] | None = None,
    callback: Callback | None = None,
    disable: bool | None = None,
    *,
    w: torch.Tensor,
    known: torch.Tensor,
    noise: torch.Tensor,
    active: SigmaRange,
) -> torch.Tensor:
    """Euler steps; after each guided one the known cells are overwritten by the measurement at that step's noise level.

    Time-to-Move (arXiv 2511.08633) for a warped clip, RePaint (arXiv 2201.09865) before it for pictures.

    Args:
        known: bool, broadcasts against ``x``.
        noise: what the measurement is renoised with: the run's own noise.
    """
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        denoised = model(x, sigmas[i] * s_in, **extra_args)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = denoised + sigma_next / sigma * (x - denoised)
        if sigma in active:
            x = torch.where(known, (1 - sigma_next) * w + sigma_next * noise, x)
    return x


def renoise(x: torch.Tensor, sigma: float, sigma_up: float, noise: torch.Tensor) -> torch.Tensor:
    """From flow time ``sigma`` back up to ``sigma_up`` with fresh noise: the clean part shrinks, the variance is refilled."""
    keep = (1 - sigma_up) / (1 - sigma)
    return keep * x + math.sqrt(sigma_up**2 - (keep * sigma) ** 2) * noise


@torch.no_grad()
def sample_zero4d(
    model: Model,
    x: torch.Tensor,
    sigmas: torch.Tensor,
    extra_args: dict[str, Any] | None = None,
    callback: Callback | None = None,
    disable: bool | None = None,
    *,
    w: torch.Tensor,
    m: torch.Tensor,
    active: SigmaRange,
    repeats: int = 2,
    early: float = 0.3,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Replacement in the predicted clean latent, with early steps repeated (Zero4D, arXiv 2503.22622).

    ``x_bar = z0 (1 - m) + w m`` and ``z' = x_bar + (sigma'/sigma) (z - z0)``. These are the letters of a model whose noise is
    added on top, ``z = z0 + sigma n``; a flow's ``x = (1 - s) z`` with ``sigma = s / (1 - s)`` turns them into ``x' = (1 - s')
    x_bar + (s'/s) (x - (1 - s) z0)``, which is what is computed.

    Args:
        m: mask in 0...1, broadcasts against ``x``.
        repeats: passes of each early step; between passes the step is undone with fresh noise.
        early: share of the guided steps, from the first on, that are repeated.
        generator: of the fresh noise, on the CPU.
    """
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    guided = [i for i, sigma in enumerate(sigmas[:-1].tolist()) if sigma in active]
    repeated = guided[: math.ceil(early * len(guided))]
    for i, (s, s_next) in enumerate(pairwise(sigmas.tolist())):
        passes = repeats if i in repeated else 1
        for again in reversed(range(passes)):
            z0 = model(x, sigmas[i] * s_in, **extra_args)
            x_bar = torch.lerp(z0, w, m) if i in guided else z0
            x = (1 - s_next) * x_bar + s_next / s * (x - (1 - s) * z0)
            if again:
                x = renoise(x, s_next, s, torch.randn(x.shape, generator=generator).to(x))
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": x_bar})
    return x


def sample_dps(
    model: Model,
    x: torch.Tensor,
    sigmas: torch.Tensor,
    extra_args: dict[str, Any] | None = None,
    callback: Callback | None = None,
    disable: bool | None = None,
    *,
    w: torch.Tensor,
    h: torch.Tensor,
    active: SigmaRange,
    zeta: float = 0.3,
) -> torch.Tensor:
    """Diffusion posterior sampling (Chung et al., arXiv 2209.14687) on the masked latent residual, as NVS-Solver does
    (arXiv 2405.15364): after each Euler step, ``x' -= zeta |r| g / |g|`` with ``r = h (w - z0(x))`` and ``g`` its norm's
    gradient at ``x``, through the model.

    Args:
        h: mask in 0...1, broadcasts against ``x``.
        zeta: length of the step, in lengths of the residual; 0.3 is where ``benchmarks.solvers``' scenes come nearest to truth.

    Raises:
        InputError: called in inference mode, where no gradient can be taken.
    """
    if torch.is_inference_mode_enabled():
        raise InputError("DPS", "inference mode, in which no gradients exist", "Call it outside torch.inference_mode().")
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        with torch.set_grad_enabled(sigma in active):
            x = x.detach().requires_grad_(sigma in active)
            denoised = model(x, sigmas[i] * s_in, **extra_args)
            r = (h * (w - denoised)).flatten(1).norm(dim=1)
        pull = zeta * _times(r.detach(), _unit(torch.autograd.grad(r.sum(), x)[0])) if sigma in active else 0.0
        x, denoised = x.detach(), denoised.detach()
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = denoised + sigma_next / sigma * (x - denoised) - pull
    return x


def _unit(g: torch.Tensor) -> torch.Tensor:
    """Each sample of a batch at length 1; zero stays zero."""
    return F.normalize(g.flatten(1), dim=1).view_as(g)


def _times(factor: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Each sample of ``x [B, ...]`` times its own ``factor [B]``."""
    return factor.view(-1, *[1] * (x.ndim - 1)) * x
