"""When guidance acts: a closed range of sigma, from a percent range or from alpha in either of its two readings.

Sigma is the host's flow time, 1 = noise, 0 = clean. A larger alpha starts earlier.

| mode | active where | shift 5, 50 steps, alpha 0.6 |
|---|---|---|
| ``alpha_steps`` | the last ``ceil(alpha N)`` of the N steps of this run | the last 30 steps |
| ``alpha_sigma`` | ``sigma <= alpha`` | the last 11 steps |
| ``percent`` | between the host's sigmas of ``start`` and ``end`` percent, as in ``ConditioningSetTimestepRange`` | - |

Both ends belong to the range. Samplers that call the model between steps (heun) are asked about each call's own sigma.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import InputError

WINDOW_MODES = ("alpha_steps", "alpha_sigma", "percent")
SLACK = 1e-6
"""Sigmas travel as float32: a bound taken from the schedule must hold for that schedule's own entry."""


@dataclass(frozen=True)
class SigmaRange:
    """``low <= sigma <= high``; empty when ``high < low``."""

    low: float
    high: float

    def __contains__(self, sigma: float) -> bool:
        return self.low - SLACK <= sigma <= self.high + SLACK


EMPTY = SigmaRange(math.inf, -math.inf)


@dataclass(frozen=True)
class Window:
    """A guidance window; see the module's table.

    Attributes:
        mode: one of :data:`WINDOW_MODES`.
        alpha: 0...1; 0 is never, 1 is always. Used by the two alpha modes. 0.6 is the paper's, and has the least LPIPS to the
            true view of 0.2, 0.4 and 0.6 on two scenes of ``benchmarks.solvers --seed 5``, by a hair.
        start, end: 0...1, ``start <= end``; fractions of the host's percent range. Used by ``percent``.
    """

    mode: str = "alpha_steps"
    alpha: float = 0.6
    start: float = 0.0
    end: float = 1.0

    def __post_init__(self) -> None:
        if self.mode not in WINDOW_MODES:
            raise InputError("window_mode", f"'{self.mode}'", f"Choose one of: {', '.join(WINDOW_MODES)}.")
        if not 0 <= self.alpha <= 1:
            raise InputError("alpha", f"{self.alpha}", "Keep it within 0...1.")
        if not 0 <= self.start <= self.end <= 1:
            raise InputError("start_percent and end_percent", f"{self.start} and {self.end}", "Keep 0 <= start <= end <= 1.")

    def resolve(self, sigmas: Sequence[float] | None, percent_to_sigma: Callable[[float], float]) -> SigmaRange:
        """The window in sigma for one run.

        Args:
            sigmas: the run's schedule, ``N + 1`` falling values. Without one (a guider that does not tell), the last alpha
            of the
                host's percent range stands for the last alpha of the steps.
            percent_to_sigma: the model's own, shift included.
        """
        if self.mode == "percent":
            return SigmaRange(percent_to_sigma(self.end), percent_to_sigma(self.start))
        if self.alpha == 0:
            return EMPTY
        if self.mode == "alpha_sigma":
            return SigmaRange(0.0, self.alpha)
        if sigmas is None or len(sigmas) < 2:
            return SigmaRange(0.0, percent_to_sigma(1 - self.alpha))
        steps = len(sigmas) - 1
        active = math.ceil(self.alpha * steps - 1e-9)
        return SigmaRange(0.0, sigmas[steps - active])
