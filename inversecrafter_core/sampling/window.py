"""The guidance window: a closed range of sigma, given in percent of the model's schedule.

Sigma is the host's flow time, 1 = noise, 0 = clean. Percents are the host's, as in ``ConditioningSetTimestepRange``: 0 is the
noisy end of the model's schedule and 1 the clean end. The model's shift maps a percent to a sigma, so the window depends on
the model and not on the steps of a run: two samplers that share a schedule are each guided in their part of the window.

| quantity | percent |
|---|---|
| the paper's alpha, larger starts earlier | ``start = 1 - alpha``: 0.6 is 0.4 |
| a sigma of a flow with a shift | :func:`.schedule.percent_of_sigma`: sigma 0.7 at shift 4 is 0.63, at shift 8 0.77 |

Both ends belong to the range. Where a sampler calls the model between steps (heun), the sigma of each call counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import InputError

SLACK = 1e-6
"""Tolerance of the bounds: sigmas are float32, and a bound taken from a schedule has to include that schedule's entry."""


@dataclass(frozen=True)
class SigmaRange:
    """The range ``low <= sigma <= high``; empty if ``high < low``."""

    low: float
    high: float

    def __contains__(self, sigma: float) -> bool:
        return self.low - SLACK <= sigma <= self.high + SLACK


@dataclass(frozen=True)
class Window:
    """A guidance window in the host's percents.

    Attributes:
        start: in 0...1: 0 = first step, 1 = never. 0.4 is the paper's alpha of 0.6.
        end: in ``start``...1: 1 = last step.

    Raises:
        InputError: not ``0 <= start <= end <= 1``.
    """

    start: float = 0.4
    end: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end <= 1:
            raise InputError("start_percent and end_percent", f"{self.start} and {self.end}", "Keep 0 <= start <= end <= 1.")

    def resolve(self, percent_to_sigma: Callable[[float], float]) -> SigmaRange:
        """Return the window in sigma, by a model's own ``percent_to_sigma``, shift included."""
        return SigmaRange(percent_to_sigma(self.end), percent_to_sigma(self.start))


ALWAYS, NEVER = Window(0.0), Window(1.0)


def steps_above(sigma: float, sigmas: Sequence[float]) -> int:
    """Count the steps of a decreasing schedule that start at ``sigma`` or above, those of the first of two experts."""
    return sum(start >= sigma - SLACK for start in sigmas[:-1])
