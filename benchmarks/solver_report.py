"""What ``benchmarks.solvers`` found, to be read: wide Markdown tables, and pictures of the sweeps.

``python -m benchmarks.solvers --json solvers.json && python -m benchmarks.solver_report solvers.json``

The table goes to standard output, the picture to :data:`PICTURE`. Nothing is measured here.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any

from benchmarks.report import Row, table_lines
from hosting.paths import ROOT
from inversecrafter_core.inverse import ProximalSettings
from inversecrafter_core.sampling import Window

COLUMNS = {
    "kept PSNR": "kept PSNR",
    "kept SSIM": "SSIM",
    "kept LPIPS": "LPIPS",
    "whole PSNR": "whole PSNR",
    "whole PSNR past the VAE": "past the VAE",
    "whole SSIM": "SSIM",
    "whole LPIPS": "LPIPS",
    "holes PSNR": "holes PSNR",
    "holes SSIM": "SSIM",
    "holes LPIPS": "LPIPS",
    "seam PSNR": "seam PSNR",
    "seam PSNR past the VAE": "past the VAE",
    "flicker": "flicker",
    "time": "time",
    "memory": "memory",
}
SWEEPS: dict[str, tuple[str, str, float]] = {
    "gamma": ("gamma ", "DDS, closed form", ProximalSettings().gamma),
    "start_percent": ("start_percent ", "DDS, closed form", Window().start),
    "conjugate-gradient steps, K": ("K = ", "DDS, CG K=5", 5),
}
"""Axis: how the rows of the sweep begin, which row is the default, and where it stands."""
PICTURE = ROOT / "docs" / "solvers.png"
DRAWN = {"kept PSNR": "dB", "seam PSNR past the VAE": "dB", "holes LPIPS": ""}
Ways = dict[str, dict[str, float]]


def by_way(rows: list[dict[str, Any]]) -> Ways:
    """Rows named ``way: figure`` as ``{way: {figure: value}}``; all others are left out."""
    ways: Ways = {}
    for row in rows:
        way, _, figure = row["name"].rpartition(": ")
        if figure in COLUMNS:
            ways.setdefault(way, {})[figure] = row["value"]
    return ways


def wide(ways: Ways) -> list[str]:
    """A Markdown table, a line a way, of the columns that any way has."""
    columns = {name: title for name, title in COLUMNS.items() if any(name in figures for figures in ways.values())}
    lines = ["| | " + " | ".join(columns.values()) + " |", "|---" * (len(columns) + 1) + "|"]
    for way, figures in ways.items():
        cells = [_shown(figures[name], 2 if "PSNR" in name else 3) if name in figures else "" for name in columns]
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    return lines


def _shown(value: float, places: int) -> str:
    """Against itself a clip has no error, and no figure."""
    return f"{value:.{places}f}" if math.isfinite(value) else ""


def page(document: dict[str, Any]) -> list[str]:
    """What stands in the README: the targets, then every way that has them all."""
    rows = document["rows"]
    ways = by_way(rows)
    judged = {way: figures for way, figures in ways.items() if "flicker" in figures} or ways
    return [*table_lines([Row(**row) for row in rows if row["target"]]), "", *wide(judged)]


def illustrated(document: dict[str, Any]) -> list[str]:
    """:func:`page` of the solvers, their sweeps drawn anew."""
    scenes = document["rows"][0]["name"].rpartition(", ")[2]
    title = f"{scenes}, seed {document['seed']}; red: the default"
    draw(by_way(document["rows"]), title, PICTURE)
    return [*page(document), "", f"![Sweeps of gamma, start_percent and K]({PICTURE.relative_to(ROOT).as_posix()})"]


def points(ways: Ways, axis: str, figure: str) -> list[tuple[float, float]]:
    """``(setting, figure)`` of one sweep, its default among them, in order."""
    begins, default, place = SWEEPS[axis]
    return sorted([*swept(ways, begins, figure), (place, ways[default][figure])])


def swept(ways: Ways, begins: str, figure: str) -> list[tuple[float, float]]:
    """``(setting, figure)`` of the ways whose names begin so."""
    return [(float(way.removeprefix(begins)), found[figure]) for way, found in ways.items() if way.startswith(begins)]


def draw(ways: Ways, title: str, target: Path) -> None:
    """One column a sweep, one line of panels a figure, the default in red."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    drawn = {name: unit for name, unit in DRAWN.items() if name in ways["DDS, closed form"]}
    picture, panels = pyplot.subplots(len(drawn), len(SWEEPS), figsize=(10, 2.4 * len(drawn)), sharey="row", squeeze=False)
    for line, (name, unit) in zip(panels, drawn.items(), strict=True):
        for panel, (axis, (_, _, default)) in zip(line, SWEEPS.items(), strict=True):
            found = points(ways, axis, name)
            panel.plot(*zip(*found, strict=True), marker="o", color="#2a6f97")
            panel.plot(default, dict(found)[default], marker="o", markersize=10, color="#d1495b")
            panel.set_xscale("log" if axis == "gamma" else "linear")
            panel.grid(alpha=0.3)
        line[0].set_ylabel(f"{name}, {unit}" if unit else name)
    for panel, axis in zip(panels[-1], SWEEPS, strict=True):
        panel.set_xlabel(axis)
    picture.suptitle(title)
    picture.tight_layout()
    picture.savefig(target, dpi=100)
    pyplot.close(picture)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.solver_report", description=__doc__)
    parser.add_argument("results", type=Path, help="what benchmarks.solvers wrote")
    arguments = parser.parse_args()
    print("\n".join(illustrated(json.loads(arguments.results.read_text(encoding="utf-8")))))


if __name__ == "__main__":
    main()
