"""Curves with bands: the one way in which rows become a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .report import Row


@dataclass(frozen=True)
class Panel:
    """Curves over one axis.

    Attributes:
        curves: points by label, each ``(place, row)``; the band is the row's interval.
        styles: matplotlib's line and colour by label, where they are not its own choice.
        level: a horizontal line, where there is one; ``mark``: a vertical one.
    """

    x: str
    y: str
    curves: Mapping[str, Sequence[tuple[float, Row]]]
    styles: Mapping[str, tuple[str, str | None]]
    level: float | None = None
    mark: float | None = None


def curves(
    rows: Sequence[Row], place: Callable[[Row], float | None], label: Callable[[Row], str]
) -> dict[str, list[tuple[float, Row]]]:
    """Return the points of :class:`Panel` by label, in the order of their places; rows without a place are left out."""
    found: dict[str, list[tuple[float, Row]]] = {}
    for one in rows:
        at = place(one)
        if at is not None:
            found.setdefault(label(one), []).append((at, one))
    return {name: sorted(points, key=lambda point: point[0]) for name, points in found.items()}


def draw(panels: Sequence[Sequence[Panel]], target: Path, title: str = "") -> None:
    """Draw a grid of panels into a file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = max(map(len, panels))
    size = (5.5 * columns + (3 if columns == 1 else 0), 3.8 * len(panels))
    figure, grid = pyplot.subplots(len(panels), columns, figsize=size, squeeze=False, layout="constrained")
    for axes, panel in ((grid[i][j], one) for i, line in enumerate(panels) for j, one in enumerate(line)):
        for name, points in panel.curves.items():
            places, values = [place for place, _ in points], [one.value for _, one in points]
            style, colour = panel.styles.get(name, ("-", None))
            (line,) = axes.plot(places, values, style, color=colour, marker="o", markersize=3, label=name)
            low = [one.value if one.low is None else one.low for _, one in points]
            high = [one.value if one.high is None else one.high for _, one in points]
            axes.fill_between(places, low, high, color=line.get_color(), alpha=0.12)
        if panel.level is not None:
            axes.axhline(panel.level, color="black", linewidth=0.8)
        if panel.mark is not None:
            axes.axvline(panel.mark, color="grey", linewidth=0.8)
        axes.set(xlabel=panel.x, ylabel=panel.y)
        axes.grid(alpha=0.3)
    grid[0][0].legend(fontsize=7, ncols=2)
    figure.suptitle(title)
    figure.savefig(target, dpi=90)
    pyplot.close(figure)
