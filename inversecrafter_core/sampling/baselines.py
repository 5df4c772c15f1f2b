"""Samplers of related methods, for comparison with ``sample_guided_euler``.

Their arguments are those of ``sample_guided_euler``: ``model(x, sigma [B], **extra_args)`` returns the clean latent ``z0`` of a
rectified flow ``x = (1 - sigma) z0 + sigma z1``. Latents are ``[B, C, T', H', W']`` in *model space*. Outside the window of
the :class:`Evidence` each takes the plain Euler step.

| function | use of the known cells | model calls a guided step |
|---|---|---|
| ``sample_hard_paste`` | overwritten after the step | 1 |
| ``sample_time_to_move`` | initial value, and overwritten until the strong clock | 1, fewer steps |
| ``sample_zero4d`` | replaced in the prediction, with the same noise | 1, early ones ``repeats`` |
| ``sample_lanpaint`` | replaced; Langevin steps adapt the unknown cells | 1 + ``inner`` |
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
"""Share of the guided steps that Zero4D repeats, beginning with the first."""


class Evidence(NamedTuple):
    """The measurement of one run.

    Attributes:
        w: ``E(y)`` in model space, ``[1 or B, C, T', H', W']``.
        mask: 1 = known, broadcasts against the latents; bool for samplers with a hard mask.
        active: the sigmas at which it acts.
        noise: the run's initial noise, to noise the measurement with.
        generator: generator of fresh noise, on the CPU.
    """

    w: torch.Tensor
    mask: torch.Tensor
    active: SigmaRange
    noise: torch.Tensor | None = None
    generator: torch.Generator | None = None

    def renoised(self, sigma: float | torch.Tensor) -> torch.Tensor:
        """Return the measurement at noise level ``sigma``, with the run's noise.

        Raises:
            ValueError: there is no noise.
        """
        if self.noise is None:
            raise ValueError("Evidence without noise cannot be noised: pass the run's noise.")
        return (1 - sigma) * self.w + sigma * self.noise


class Langevin(NamedTuple):
    """LanPaint's inner steps, guidance scale and step size, by default the authors'."""

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
    *,
    evidence: Evidence,
) -> torch.Tensor:
    """Take Euler steps and overwrite the known cells after each guided one by the noised measurement.

    RePaint (arXiv 2201.09865) without resampling; :func:`sample_time_to_move` is its successor for motion.
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
    *,
    evidence: Evidence,
    clocks: tuple[float, float],
) -> torch.Tensor:
    """Denoise with two clocks, a weak one for unknown and a strong one for known cells (Time-to-Move, arXiv 2511.08633).

    The initial value is the reference ``w``, its holes infilled, noised to the weak clock (SDEdit); steps above it are
    skipped. Until the strong clock the known cells are overwritten after each step by the reference at the next noise level,
    always with the same noise. The window of the evidence is not used.

    Args:
        x: used for shape and device only.
        clocks: the weak and the strong clock as flow times, ``strong <= weak``; above ``sigmas[0]`` every step is taken, below
            the last sigma none.
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
    """Return ``x`` of flow time ``sigma`` at the higher ``sigma_up``, with fresh ``noise`` of the missing variance."""
    keep = (1 - sigma_up) / (1 - sigma)
    return keep * x + math.sqrt(sigma_up**2 - (keep * sigma) ** 2) * noise


@torch.no_grad()
def sample_zero4d(
    model: Model,
    x: torch.Tensor,
    sigmas: torch.Tensor,
    extra_args: dict[str, Any] | None = None,
    callback: Callback | None = None,
    *,
    evidence: Evidence,
    repeats: int = 2,
) -> torch.Tensor:
    """Replace known cells in the predicted clean latent, and repeat early steps (Zero4D, arXiv 2503.22622).

    The paper has ``x_bar = z0 (1 - m) + w m`` and ``z' = x_bar + (sigma'/sigma) (z - z0)`` for ``z = z0 + sigma n``. For a
    flow, ``x = (1 - s) z`` and ``sigma = s / (1 - s)``, so that ``x' = (1 - s') x_bar + (s'/s) (x - (1 - s) z0)``.

    Args:
        evidence: the measurement, with the mask ``m`` in 0...1.
        repeats: passes of each early step (:data:`EARLY`), with fresh noise between them.
    """
    extra_args = extra_args or {}
    s_in = x.new_ones([x.shape[0]])
    guided = [i for i, sigma in enumerate(sigmas[:-1].tolist()) if sigma in evidence.active]
    repeated = guided[: math.ceil(EARLY * len(guided))]
    for i, (s, s_next) in enumerate(pairwise(sigmas.tolist())):
        passes = repeats if i in repeated else 1
        for remaining in reversed(range(passes)):
            z0 = model(x, sigmas[i] * s_in, **extra_args)
            x_bar = torch.lerp(z0.to(evidence.w.dtype), evidence.w, evidence.mask) if i in guided else z0
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
    *,
    evidence: Evidence,
    langevin: Langevin = AUTHORS,
) -> torch.Tensor:
    """Take Langevin steps at each noise level before the Euler step (LanPaint, arXiv 2502.03491), with a hard mask.

    The known cells are set to the noised measurement, ``inner`` calls of :func:`langevin_step` relax known and unknown cells
    together, the prediction's known cells are replaced by ``w``, and the Euler step is taken.
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
    """Take one step of overdamped Langevin dynamics at a fixed noise level, with the linear part ``-A x`` integrated exactly.

    In the paper's variance-preserving notation, ``x_t = sqrt(a) x_0 + sqrt(1 - a) e``, the score is
    ``(sqrt(a) target - x_t) / (1 - a)``. The target is the prediction ``z0`` where unknown and ``(1 + lam) w - lam z0`` where
    known (bidirectional guidance: the generated part moves the known cells too, within their noise). ``A = stiffness /
    (1 - a)`` and ``dt = eta (1 - a)``. A flow's ``x = (1 - s) z0 + s e`` is ``x_t`` times the length of ``(1 - s, s)``.

    Args:
        x: latents of the flow, ``[B, C, T', H', W']``.
        sigma: their flow time.
        target: see above, same shape.
        stiffness: 1 where unknown, ``1 + lam`` where known; broadcasts against ``x``.
        eta: step size.
        noise: standard normal, same shape.
    """
    length = math.hypot(1 - sigma, sigma)
    root, rest = (1 - sigma) / length, (sigma / length) ** 2
    x_t = x / length
    constant = root * target + (stiffness - 1) * x_t  # (score + A x_t) (1 - a)
    kept = torch.exp(-stiffness * eta)
    spread = torch.sqrt(rest * (1 - kept**2) / stiffness)
    return length * (kept * x_t + (1 - kept) / stiffness * constant + spread * noise)
