"""How the method's relatives hold to a measurement: one short function each, to be set against ``sample_guided_euler``.

They take a model, noise and a schedule as it does: ``model(x, sigma [B], **extra_args)`` returns the clean latent ``z0`` of a
rectified flow ``x = (1 - sigma) z0 + sigma z1``. Latents are ``[B, C, T', H', W']`` in *model space*, ``w = E(y)`` is the
measurement, masks are 1 = known, and ``active`` says at which sigmas they act; elsewhere each is the plain Euler step.

| function | what is known enters as | model calls a guided step |
|---|---|---|
| ``sample_hard_paste`` | known cells overwritten after the step | 1 |
| ``sample_time_to_move`` | the start, and known cells overwritten until a clock ends | 1, fewer steps |
| ``sample_zero4d`` | known cells of the prediction replaced, the noise kept | 1, early ones ``repeats`` |
| ``sample_dps`` | a gradient step through the model | 1 and its backward pass |
| ``sample_lanpaint`` | known cells replaced, the others moved towards them by Langevin steps | 1 + ``inner`` |
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F

from ..errors import InputError
from .window import SLACK, SigmaRange

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

    RePaint (arXiv 2201.09865) without its jumps back; the later paper on the subject is :func:`sample_time_to_move`.

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


@torch.no_grad()
def sample_time_to_move(
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
    t_weak: float,
    t_strong: float,
) -> torch.Tensor:
    """Dual-clock denoising (Time-to-Move, arXiv 2511.08633): the unknown is free from ``t_weak`` on, the known from
    ``t_strong``.

    Everything starts as the reference noised to ``t_weak`` (SDEdit); steps above it are not taken. While ``sigma > t_strong``
    the known cells are overwritten after the step by the reference at the next noise level, always with the same noise.

    Args:
        x: says shape and device only.
        w: the reference: all of it, its holes filled in.
        known: bool, broadcasts against ``x``; the paper's motion mask.
        noise: what the reference is noised with: the run's own noise.
        t_weak, t_strong: flow times, ``t_strong <= t_weak``; above ``sigmas[0]`` or below the last: every step, or none.
    """
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    first = next((i for i, sigma in enumerate(sigmas[:-1].tolist()) if sigma <= t_weak + SLACK), len(sigmas) - 1)
    x = torch.lerp(w, noise, sigmas[first]).expand_as(x)
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        if i < first:
            continue
        denoised = model(x, sigmas[i] * s_in, **extra_args)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = denoised + sigma_next / sigma * (x - denoised)
        if sigma > t_strong + SLACK:
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
        zeta: length of the step, in lengths of the residual; 0.3 is where ``lab.benchmarks.solvers.compare``' scenes come
        nearest to truth.

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


@torch.no_grad()
def sample_lanpaint(
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
    inner: int = 5,
    lam: float = 5.0,
    eta: float = 0.2,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Langevin steps at each noise level before the Euler step (LanPaint, arXiv 2502.03491), with a hard mask.

    The known cells are set to the measurement at the step's level; then :func:`langevin_step` lets known and unknown cells come
    to terms ``inner`` times; then the prediction's known cells are replaced by ``w`` and the Euler step is taken.

    Args:
        known: bool, broadcasts against ``x``.
        noise: what the measurement is renoised with: the run's own noise.
        inner, lam, eta: the authors' 5 inner steps, guidance scale 5 and step size 0.2.
        generator: of the Langevin steps' noise, on the CPU.
    """
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        if sigma in active:
            x = torch.where(known, (1 - sigma) * w + sigma * noise, x)
            for _ in range(inner):
                z0 = model(x, sigmas[i] * s_in, **extra_args)
                fresh = torch.randn(x.shape, generator=generator).to(x)
                x = langevin_step(x, sigma, torch.where(known, (1 + lam) * w - lam * z0, z0), 1 + lam * known, eta, fresh)
        denoised = model(x, sigmas[i] * s_in, **extra_args)
        if sigma in active:
            denoised = torch.where(known, w, denoised)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = denoised + sigma_next / sigma * (x - denoised)
    return x


def langevin_step(
    x: torch.Tensor, sigma: float, target: torch.Tensor, stiffness: torch.Tensor, eta: float, noise: torch.Tensor
) -> torch.Tensor:
    """One step of overdamped Langevin dynamics at a fixed noise level, its linear part ``-A x`` integrated exactly.

    In the paper's variance-preserving letters, ``x_t = sqrt(a) x_0 + sqrt(1 - a) e``, the score is
    ``(sqrt(a) target - x_t) / (1 - a)``. The target is the prediction ``z0`` where unknown and ``(1 + lam) w - lam z0`` where
    known: bidirectional guidance, by which what is generated moves the known cells too, within their noise.
    ``A = stiffness / (1 - a)``, ``dt = eta (1 - a)``. A flow's ``x = (1 - s) z0 + s e`` is ``x_t``
    times the length of ``(1 - s, s)``.

    Args:
        stiffness: 1 where unknown, ``1 + lam`` where known; broadcasts against ``x``.
        noise: standard normal, of the shape of ``x``.
    """
    length = math.hypot(1 - sigma, sigma)
    root, rest = (1 - sigma) / length, (sigma / length) ** 2
    x_t = x / length
    constant = root * target + (stiffness - 1) * x_t  # (score + A x_t) (1 - a)
    kept = torch.exp(-stiffness * eta)
    spread = torch.sqrt(rest * (1 - kept**2) / stiffness)
    return length * (kept * x_t + (1 - kept) / stiffness * constant + spread * noise)


def _unit(g: torch.Tensor) -> torch.Tensor:
    """Each sample of a batch at length 1; zero stays zero."""
    return F.normalize(g.flatten(1), dim=1).view_as(g)


def _times(factor: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Each sample of ``x [B, ...]`` times its own ``factor [B]``."""
    return factor.view(-1, *[1] * (x.ndim - 1)) * x
