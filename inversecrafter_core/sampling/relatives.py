"""Samplers of the method's relatives: one short function each, beside ``sample_guided_euler``.

They take a model, noise and a schedule as it does: ``model(x, sigma [B], **extra_args)`` returns the clean latent ``z0`` of a
rectified flow ``x = (1 - sigma) z0 + sigma z1``. Latents are ``[B, C, T', H', W']`` in *model space*. Outside the window of
their :class:`Evidence` each takes the plain Euler step.

| function | known cells enter as | model calls a guided step |
|---|---|---|
| ``sample_hard_paste`` | overwritten after the step | 1 |
| ``sample_time_to_move`` | the start, and overwritten until a clock ends | 1, fewer steps |
| ``sample_zero4d`` | replaced in the prediction, the noise kept | 1, early ones ``repeats`` |
| ``sample_lanpaint`` | replaced, the others moved towards them by Langevin steps | 1 + ``inner`` |
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import torch

from .window import SLACK, SigmaRange

Model = Callable[..., torch.Tensor]
Callback = Callable[[dict[str, Any]], None]
EARLY = 0.3
"""Share of the guided steps, from the first on, that Zero4D repeats."""


class Evidence(NamedTuple):
    """A measurement in one run.

    Attributes:
        w: ``E(y)`` in model space, ``[1 or B, C, T', H', W']``.
        mask: 1 = known, broadcasts against the latents; bool where a sampler knows cells wholly or not at all.
        active: the sigmas at which it acts.
        noise: the run's own noise, with which the measurement is renoised.
        generator: of fresh noise, on the CPU.
    """

    w: torch.Tensor
    mask: torch.Tensor
    active: SigmaRange
    noise: torch.Tensor | None = None
    generator: torch.Generator | None = None

    def renoised(self, sigma: float | torch.Tensor) -> torch.Tensor:
        """Return the measurement at noise level ``sigma``."""
        if self.noise is None:
            raise ValueError("Evidence is renoised with the run's noise, which was not given.")
        return (1 - sigma) * self.w + sigma * self.noise


class Langevin(NamedTuple):
    """LanPaint's settings, by default its authors': inner steps, guidance scale and step size."""

    inner: int = 5
    lam: float = 5.0
    eta: float = 0.2


AUTHORS = Langevin()


@torch.no_grad()
def sample_hard_paste(
    model: Model,
    x: torch.Tensor,
    sigmas: torch.Tensor,
    extra_args: dict[str, Any] | None = None,
    callback: Callback | None = None,
    disable: bool | None = None,
    *,
    evidence: Evidence,
) -> torch.Tensor:
    """Take Euler steps; after each guided one the known cells are overwritten by the measurement at that step's noise level.

    RePaint (arXiv 2201.09865) without its jumps back; :func:`sample_time_to_move` is its successor for motion.
    """
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        denoised = model(x, sigmas[i] * s_in, **extra_args)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = denoised + sigma_next / sigma * (x - denoised)
        if sigma in evidence.active:
            x = torch.where(evidence.mask, evidence.renoised(sigma_next), x)
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
    evidence: Evidence,
    clocks: tuple[float, float],
) -> torch.Tensor:
    """Denoise with two clocks (Time-to-Move, arXiv 2511.08633): unknown cells are free from the weak one on, known from the
    strong.

    Everything starts as the reference ``w``, its holes filled, noised to the weak clock (SDEdit); steps above it are not taken.
    Until the strong clock the known cells are overwritten after each step by the reference at the next noise level, always with
    the same noise. The window of the evidence is not used.

    Args:
        x: gives shape and device only.
        clocks: the weak and the strong one as flow times, ``strong <= weak``; above ``sigmas[0]`` or below the last: every
            step, or none.
    """
    t_weak, t_strong = clocks
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    first = next((i for i, sigma in enumerate(sigmas[:-1].tolist()) if sigma <= t_weak + SLACK), len(sigmas) - 1)
    x = evidence.renoised(sigmas[first]).expand_as(x)
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        if i < first:
            continue
        denoised = model(x, sigmas[i] * s_in, **extra_args)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = denoised + sigma_next / sigma * (x - denoised)
        if sigma > t_strong + SLACK:
            x = torch.where(evidence.mask, evidence.renoised(sigma_next), x)
    return x


def renoise(x: torch.Tensor, sigma: float, sigma_up: float, noise: torch.Tensor) -> torch.Tensor:
    """Go from flow time ``sigma`` up to ``sigma_up`` with fresh noise: the clean part shrinks, the variance is refilled."""
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
    evidence: Evidence,
    repeats: int = 2,
) -> torch.Tensor:
    """Replace known cells in the predicted clean latent, and repeat early steps (Zero4D, arXiv 2503.22622).

    ``x_bar = z0 (1 - m) + w m`` and ``z' = x_bar + (sigma'/sigma) (z - z0)``. These are the letters of a model whose noise is
    added on top, ``z = z0 + sigma n``; a flow's ``x = (1 - s) z`` with ``sigma = s / (1 - s)`` turns them into ``x' = (1 - s')
    x_bar + (s'/s) (x - (1 - s) z0)``, which is computed here.

    Args:
        evidence: its mask is ``m``, in 0...1.
        repeats: passes of each early step (:data:`EARLY`); between passes the step is undone with fresh noise.
    """
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    guided = [i for i, sigma in enumerate(sigmas[:-1].tolist()) if sigma in evidence.active]
    repeated = guided[: math.ceil(EARLY * len(guided))]
    for i, (s, s_next) in enumerate(pairwise(sigmas.tolist())):
        passes = repeats if i in repeated else 1
        for remaining in reversed(range(passes)):
            z0 = model(x, sigmas[i] * s_in, **extra_args)
            x_bar = torch.lerp(z0, evidence.w, evidence.mask) if i in guided else z0
            x = (1 - s_next) * x_bar + s_next / s * (x - (1 - s) * z0)
            if remaining:
                x = renoise(x, s_next, s, torch.randn(x.shape, generator=evidence.generator).to(x))
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": x_bar})
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
    evidence: Evidence,
    langevin: Langevin = AUTHORS,
) -> torch.Tensor:
    """Take Langevin steps at each noise level before the Euler step (LanPaint, arXiv 2502.03491), with a hard mask.

    The known cells are set to the measurement at the step's level; :func:`langevin_step` relaxes known and unknown cells
    together ``inner`` times; then the prediction's known cells are replaced by ``w`` and the Euler step is taken.
    """
    w, known, (inner, lam, eta) = evidence.w, evidence.mask, langevin
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        if sigma in evidence.active:
            x = torch.where(known, evidence.renoised(sigma), x)
            for _ in range(inner):
                z0 = model(x, sigmas[i] * s_in, **extra_args)
                fresh = torch.randn(x.shape, generator=evidence.generator).to(x)
                x = langevin_step(x, sigma, torch.where(known, (1 + lam) * w - lam * z0, z0), 1 + lam * known, eta, fresh)
        denoised = model(x, sigmas[i] * s_in, **extra_args)
        if sigma in evidence.active:
            denoised = torch.where(known, w, denoised)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "sigma_hat": sigmas[i], "denoised": denoised})
        x = denoised + sigma_next / sigma * (x - denoised)
    return x


def langevin_step(
    x: torch.Tensor, sigma: float, target: torch.Tensor, stiffness: torch.Tensor, eta: float, noise: torch.Tensor
) -> torch.Tensor:
    """Take one step of overdamped Langevin dynamics at a fixed noise level, its linear part ``-A x`` integrated exactly.

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
