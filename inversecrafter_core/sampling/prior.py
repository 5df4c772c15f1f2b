"""The prior of restoration, an image or a video model with its VAE, and the settings of the loop around it.

A *unit* is what the model takes in one call: a single frame of an image model, the whole clip of a video model. Latents are in
*model space*. ``x = signal(sigma) z0 + sigma z1``: EPS models (SDXL, SD 1.5) have a signal of 1 and ``abar = 1/(1 + sigma^2)``,
flows ``1 - sigma``. The *noise share* ``sigma / |(signal, sigma)|`` is ``sqrt(1 - abar)`` in either.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch

from ..errors import InputError, require_choice
from ..inverse.clip_fit import STEPS
from .guided_euler import Signal, flow_signal

Denoise = Callable[[torch.Tensor, float], tuple[torch.Tensor, torch.Tensor]]
"""From a noisy latent and its sigma to the guided and to the unconditional prediction of the clean one."""
Coding = Callable[[torch.Tensor], torch.Tensor]
Watch = Callable[[torch.Tensor | None], None]
"""Called after every call of model or VAE on a unit, with a frame where one was decoded; may raise to stop."""
BISECTIONS = 50
KEEP = 0.5
"""Of 0, 0.5 and 1 on tuning scenes and photographs: 1 is ahead under a strong prior, and blurs under a weak one."""


class Start(StrEnum):
    """Latents that sampling starts from.

    ``inverted``: every unit of the estimate, inverted; ``inverted_first``: the first unit inverted, for all; ``noised``: the
    estimate under noise that all units share; ``random``: that noise alone.
    """

    INVERTED = "inverted"
    INVERTED_FIRST = "inverted_first"
    NOISED = "noised"
    RANDOM = "random"


def paper_width(share: float) -> float:
    """Return the low-pass width in pixels at a noise share, ``lambda sqrt(1 - abar)`` with the paper's lambda of 2."""
    return 2.0 * share


def no_width(share: float) -> float:
    """Return 0 at every noise share: no low pass."""
    return 0.0


@dataclass(frozen=True)
class Prior:
    """A model and its VAE.

    Attributes:
        denoise: see :data:`Denoise`; guided without overshoot (CFG++), the two predictions share one noise estimate.
        encode, decode: between the frames ``[n, H, W, 3]`` of a unit and its latent.
        frames: of a unit: 1 for an image model, all for a video model.
        signal: factor of the clean latent in a noisy one, by sigma.
        device: that fits and filters; None: where the clip is.
        denoise_free: the unconditional prediction alone, for the inversion; None: that of ``denoise``.
    """

    denoise: Denoise
    encode: Coding
    decode: Coding
    frames: int = 1
    signal: Signal = flow_signal
    device: torch.device | None = None
    denoise_free: Callable[[torch.Tensor, float], torch.Tensor] | None = None

    def free(self, x: torch.Tensor, sigma: float) -> torch.Tensor:
        """Return the unconditional prediction of the clean latent."""
        return self.denoise(x, sigma)[1] if self.denoise_free is None else self.denoise_free(x, sigma)


@dataclass(frozen=True)
class RestorationSettings:
    """Settings of the loop, by default without what gained nothing: the paper's start is *inverted*, its ``eta`` 0.2, its
    ``low_pass`` :func:`paper_width`; it takes 10 ``fit_steps`` and keeps nothing.

    Attributes:
        start: see :class:`Start`.
        eta: share of the noise that is drawn anew in every step, one draw for all units, in 0...1.
        fit_steps: conjugate-gradient steps of every fit, >= 1.
        low_pass: width of the Gaussian in pixels by noise share; 0 = none.
        keep: share of what decoding and encoding lose of a prediction that it keeps, in 0...1. With 1 a prediction moves by
            what the fit changes alone; above 0 each step encodes once more.
        fit_spread: see :func:`..inverse.fit_clip`; for hidden pixels and low resolution, whose corrections else end at each
            known pixel or block.
        fit_last: whether the result is the last fit or the prediction before it.

    Raises:
        InputError: a value out of its range.
    """

    start: Start = Start.NOISED
    eta: float = 0.0
    fit_steps: int = STEPS
    low_pass: Callable[[float], float] = no_width
    keep: float = KEEP
    fit_spread: float = 0.0
    fit_last: bool = True

    def __post_init__(self) -> None:
        require_choice("start", self.start, Start)
        if not 0 <= self.eta <= 1:
            raise InputError("eta", f"{self.eta}", "Keep it within 0...1; 0 is usual.")
        if not 0 <= self.keep <= 1:
            raise InputError("keep", f"{self.keep}", f"Keep it within 0...1; {KEEP} is usual.")
        if self.fit_steps < 1:
            raise InputError("fit_steps", f"{self.fit_steps}", f"Give at least 1 step; {STEPS} is usual.")


def noise_share(sigma: float, signal: Signal) -> float:
    """Return ``sqrt(1 - abar)``, the noise's part of a latent that is scaled to unit variance, in 0...1."""
    return sigma / math.hypot(signal(sigma), sigma)


def noise_levels(share: float, steps: int, percent_to_sigma: Callable[[float], float], signal: Signal) -> list[float]:
    """Return the ``steps + 1`` falling sigmas from a noise share to 0, even in the model's own time.

    Args:
        share: of the first level, in 0...1, both excluded.
        percent_to_sigma: the model's, 0 = noise, 1 = clean.
        signal: of the model.

    Raises:
        InputError: a share out of its range, or no step.
    """
    if not 0 < share < 1:
        raise InputError("noise", f"{share}", "Give a share between 0 and 1; 0.6 is usual.")
    if steps < 1:
        raise InputError("steps", f"{steps}", "Give at least 1 step; 5 is usual.")
    low, high = 0.0, 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if noise_share(percent_to_sigma(middle), signal) > share else (low, middle)
    return [*(percent_to_sigma(low + (1 - low) * step / steps) for step in range(steps)), 0.0]


def watched(units: int, steps: int, settings: RestorationSettings) -> int:
    """Return how often a run of ``steps`` over so many units calls its :data:`Watch`."""
    inverted = {Start.INVERTED: units, Start.INVERTED_FIRST: 1}.get(settings.start, 0)
    kept = units * (steps - 1) if settings.keep > 0 else 0
    return (inverted + 3 * units) * steps + kept
