"""Values that scenes give, a list for every figure, and the rows that are made of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lab.metrics.intervals import Interval, gains, interval, ratios

from .report import Row, row

UNITS = {"time": "x", "flicker": "x"}
"""Units of figures whose name does not say them."""


class Key(NamedTuple):
    """The place of a scene's figures in a table; see :class:`~lab.benchmarks.report.Row`."""

    method: str = ""
    case: str = ""
    at: float | None = None
    strength: float | None = None


Figures = dict[str, float]
Scene = dict[Key, Figures]
"""Every figure of one scene."""


def unit_of(figure: str) -> str:
    """Return dB for what is named PSNR, % for shares of holes; what :data:`UNITS` says, or nothing."""
    return "dB" if "PSNR" in figure else UNITS.get(figure, "")


@dataclass
class Samples:
    """Figures of many scenes: by key and figure a value a scene."""

    values: dict[Key, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, scene: Mapping[Key, Mapping[str, float]]) -> None:
        """Add the figures of one scene."""
        for key, figures in scene.items():
            for name, value in figures.items():
                self.values[key][name].append(value)

    def __getitem__(self, key: Key) -> dict[str, list[float]]:
        return self.values[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self.values)

    def has(self, key: Key, figure: str) -> bool:
        """Tell if a figure was measured there: LPIPS is not where its network cannot be had."""
        return bool(self.values.get(key, {}).get(figure))

    def mean(self, key: Key, figure: str, unit: str | None = None, **bound: Any) -> Row:
        """Return the mean over scenes; ``bound``: ``least`` or ``most``."""
        return self._row(key, figure, interval(self[key][figure]), unit_of(figure) if unit is None else unit, **bound)

    def means(self, keys: Iterable[Key] | None = None, left_out: Container[str] = ()) -> list[Row]:
        """Return the mean of every figure of every key."""
        listed = self if keys is None else keys
        return [self.mean(key, name) for key in listed for name in self[key] if name not in left_out]

    def ratio(self, key: Key, against: str, figure: str, **bound: Any) -> Row:
        """Return the ratio of a figure to that of the method ``against``, where all else is equal."""
        found = ratios(self[key][figure], self[key._replace(method=against)][figure])
        return self._row(key, figure, found, "x", against=against, **bound)

    def gain(self, key: Key, against: str, figure: str, **bound: Any) -> Row:
        """Return what a figure is above that of the method ``against``, where all else is equal."""
        found = gains(self[key][figure], self[key._replace(method=against)][figure])
        return self._row(key, figure, found, unit_of(figure), against=against, **bound)

    @staticmethod
    def _row(key: Key, figure: str, found: Interval, unit: str, against: str = "", **bound: Any) -> Row:
        return row(figure, found, unit, against=against, **key._asdict(), **bound)
