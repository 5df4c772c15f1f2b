"""Means over scenes with their 95 % interval.

Scenes are independent draws; the interval is Student's t on their mean. Two methods are compared scene by scene, on the
differences or on the logarithms of the ratios, so that the difficulty of a scene, which both share, does not widen it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean and the ends of its interval; infinite ends for a single value."""

    mean: float
    low: float
    high: float

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """Return ``low, high``, or None for both where they are infinite, which JSON could not write."""
        return (self.low, self.high) if math.isfinite(self.high - self.low) else (None, None)


def interval(values: Sequence[float]) -> Interval:
    """Return the mean of ``values`` (one a scene) with its interval."""
    found = np.asarray(values, dtype=float)
    middle = float(found.mean())
    if len(found) < 2:
        return Interval(middle, -math.inf, math.inf)
    reach = float(student.ppf((1 + CONFIDENCE) / 2, len(found) - 1) * found.std(ddof=1) / math.sqrt(len(found)))
    return Interval(middle, middle - reach, middle + reach)


def gains(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """Return the mean of ``ours - theirs``, scene by scene."""
    return interval([a - b for a, b in zip(ours, theirs, strict=True)])


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """Return the geometric mean of ``ours / theirs``, scene by scene; all values positive."""
    logarithms = interval([math.log(a / b) for a, b in zip(ours, theirs, strict=True)])
    return Interval(*(math.exp(part) if math.isfinite(part) else max(0.0, part) for part in logarithms))


def shares(parts: Sequence[float], wholes: Sequence[float]) -> Interval:
    """Return the ratio of two means, ``mean(parts) / mean(wholes)``, with Fieller's interval.

    It holds the ratios ``r`` for which ``parts - r wholes`` may have mean 0; it is infinite where the whole may be 0.
    """
    part, whole = (np.asarray(values, dtype=float) for values in (parts, wholes))
    a, b = float(part.mean()), float(whole.mean())
    middle = a / b if b else math.nan
    if len(part) < 2:
        return Interval(middle, -math.inf, math.inf)
    spread = float(student.ppf((1 + CONFIDENCE) / 2, len(part) - 1)) ** 2 * np.cov(part, whole) / len(part)
    square, cross, constant = b * b - spread[1, 1], a * b - spread[0, 1], a * a - spread[0, 0]
    if square <= 0:
        return Interval(middle, -math.inf, math.inf)
    root = math.sqrt(max(0.0, cross * cross - square * constant))
    return Interval(middle, float(cross - root) / square, float(cross + root) / square)
