"""The guidance window: a closed range of sigma, from a percent range of the model's own schedule.

Sigma is the host's flow time, 1 = noise, 0 = clean. Percents are the host's, as in ``ConditioningSetTimestepRange``: 0 is the
noisiest moment of the model's schedule and 1 the clean clip. A schedule with a shift turns a percent into a sigma, so the
window depends on the model alone, never on the steps of a run: of two samplers that share a schedule, each guides its part.

| given | percent |
|---|---|
| the paper's alpha, larger starts earlier | ``start = 1 - alpha``: 0.6 is 0.4 |
| a sigma of a flow with a shift | :func:`.schedule.percent_of_sigma`: sigma 0.7 at shift 4 is 0.63, at shift 8 0.77 |

Both ends belong to the range. For samplers that call the model between steps (heun) each call's own sigma counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..errors import InputError

SLACK = 1e-6
"""Sigmas travel as float32: a bound taken from the schedule must hold for that schedule's own entry."""


@dataclass(frozen=True)
class SigmaRange:
    """``low <= sigma <= high``; empty when ``high < low``."""

    low: float
    high: float

    def __contains__(self, sigma: float) -> bool:
        return self.low - SLACK <= sigma <= self.high + SLACK


@dataclass(frozen=True)
class Window:
    """A guidance window in the host's percents.

    Attributes:
        start: 0...1, where guidance begins: 0 with the first step, 1 never. 0.4 is the paper's alpha of 0.6.
        end: ``start``...1, where it ends; 1 with the last step.
    """

    start: float = 0.4
    end: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end <= 1:
            raise InputError("start_percent and end_percent", f"{self.start} and {self.end}", "Keep 0 <= start <= end <= 1.")

    def resolve(self, percent_to_sigma: Callable[[float], float]) -> SigmaRange:
        """The window in sigma of a model; ``percent_to_sigma`` is its own, shift included."""
        return SigmaRange(percent_to_sigma(self.end), percent_to_sigma(self.start))


ALWAYS, NEVER = Window(0.0), Window(1.0)


def steps_above(sigma: float, sigmas: Sequence[float]) -> int:
    """Count the steps of a falling schedule that begin at ``sigma`` or above: those of the first of two samplers."""
    return sum(begin >= sigma - SLACK for begin in sigmas[:-1])
