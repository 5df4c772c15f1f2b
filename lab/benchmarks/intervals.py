"""Means over scenes with their 95 % interval, and verdicts that a row carries only where the interval decides.

Scenes are independent draws; the interval is Student's t on their mean. Two methods are compared scene by scene, on the
differences or on the logarithms of the ratios, so that what makes a scene hard for both does not widen the interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t as student

from .report import Row

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean and the ends of its interval; infinite ends for a single value."""

    mean: float
    low: float
    high: float

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """``low, high`` for a row: None where a single value has no interval, which JSON could not write."""
        return (self.low, self.high) if math.isfinite(self.high - self.low) else (None, None)


def interval(values: Sequence[float]) -> Interval:
    """The mean of ``values`` (one a scene) with its 95 % interval."""
    found = np.asarray(values, dtype=float)
    middle = float(found.mean())
    if len(found) < 2:
        return Interval(middle, -math.inf, math.inf)
    reach = float(student.ppf((1 + CONFIDENCE) / 2, len(found) - 1) * found.std(ddof=1) / math.sqrt(len(found)))
    return Interval(middle, middle - reach, middle + reach)


def gains(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """The mean of ``ours - theirs``, scene by scene."""
    return interval([a - b for a, b in zip(ours, theirs, strict=True)])


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """The geometric mean of ``ours / theirs``, scene by scene; all values positive."""
    logarithms = interval([math.log(a / b) for a, b in zip(ours, theirs, strict=True)])
    return Interval(*(math.exp(part) if math.isfinite(part) else max(0.0, part) for part in logarithms))


def shares(parts: Sequence[float], wholes: Sequence[float]) -> Interval:
    """The ratio of two means, ``mean(parts) / mean(wholes)``, with Fieller's interval; infinite where no whole is surely there.

    It is the set of ratios ``r`` for which ``parts - r wholes`` may have mean 0. A row on it is decided by the same test.
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


def mean_row(name: str, values: Sequence[float], unit: str = "") -> Row:
    """A mean over scenes with its interval and no target."""
    found = interval(values)
    return Row(name, found.mean, unit, None, None, *found.ends)


def surely_at_least(name: str, found: Interval, unit: str, bound: float) -> Row:
    """A row whose target is ``value >= bound``; it holds or fails only where the whole interval does."""
    return _decided(name, found, unit, f">= {bound:g}", bound, lambda value: value >= bound)


def surely_at_most(name: str, found: Interval, unit: str, bound: float) -> Row:
    """A row whose target is ``value <= bound``; it holds or fails only where the whole interval does."""
    return _decided(name, found, unit, f"<= {bound:g}", bound, lambda value: value <= bound)


def _decided(name: str, found: Interval, unit: str, target: str, bound: float, meets: Callable[[float], bool]) -> Row:
    both = meets(found.low) == meets(found.high)
    return Row(name, found.mean, unit, target, meets(found.mean) if both else None, *found.ends)
