"""What ``lab.benchmarks.solvers.compare`` found, to be read: Markdown tables, and a picture of who is ahead under which prior.

``python -m lab.benchmarks.solvers.compare --json solvers.json && python -m lab.benchmarks.solvers.report solvers.json``

The tables go to standard output, the picture to :data:`PICTURE`. Nothing is measured here.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from pathlib import Path
from typing import Any

from lab.benchmarks.report import Row, table_lines
from lab.host.paths import ROOT

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
}
PICTURE = ROOT / "docs" / "solvers.png"
RATIO = re.compile(r"strength (?P<strength>[\d.]+), whole LPIPS, ours over (?P<other>.+)")
"""A row that compares ours with another way."""
FIGURE = re.compile(r"strength (?P<strength>[\d.]+), (?P<way>.+): (?P<figure>[^:]+)")
Entry = dict[str, Any]
"""A row as in the JSON."""
Ways = dict[str, dict[str, Entry]]
Compared = dict[str, dict[float, Entry]]
"""Ours over each other way, by strength."""


def by_strength(rows: list[Entry]) -> dict[float, Ways]:
    """Rows named ``strength S, way: figure`` as ``{S: {way: {figure: row}}}``; all others are left out."""
    found: dict[float, Ways] = {}
    for row in rows:
        match = FIGURE.fullmatch(row["name"])
        if match and match["figure"] in COLUMNS:
            found.setdefault(float(match["strength"]), {}).setdefault(match["way"], {})[match["figure"]] = row
    return found


def ratios(rows: list[Entry]) -> Compared:
    """``{other way: {strength: row}}``."""
    found: Compared = {}
    for row in rows:
        match = RATIO.fullmatch(row["name"])
        if match:
            found.setdefault(match["other"], {})[float(match["strength"])] = row
    return found


def wide(ways: Ways) -> list[str]:
    """A Markdown table, a line a way, of the columns that any way has."""
    columns = {name: title for name, title in COLUMNS.items() if any(name in figures for figures in ways.values())}
    lines = ["| | " + " | ".join(columns.values()) + " |", "|---" * (len(columns) + 1) + "|"]
    for way, figures in ways.items():
        cells = [_shown(figures[name], 2 if "PSNR" in name else 3) if name in figures else "" for name in columns]
        lines.append(f"| {way} | " + " | ".join(cells) + " |")
    return lines


def _shown(row: Entry, places: int) -> str:
    """A mean and half its interval. Against itself a clip has no error, and no figure."""
    if not math.isfinite(row["value"]):
        return ""
    half = "" if row["low"] is None else f" ± {(row['high'] - row['low']) / 2:.{places}f}"
    return f"{row['value']:.{places}f}{half}"


def ahead(found: Compared) -> list[str]:
    """A Markdown table of whole-view LPIPS, ours over each other way's, under every prior; bold where the interval decides."""
    strengths = sorted({strength for rows in found.values() for strength in rows})
    lines = ["| ours over | " + " | ".join(f"strength {strength:g}" for strength in strengths) + " |"]
    lines.append("|---" * (len(strengths) + 1) + "|")
    for other, rows in found.items():
        lines.append(f"| {other} | " + " | ".join(_ratio(rows[s]) if s in rows else "" for s in strengths) + " |")
    return lines


def _ratio(row: Entry) -> str:
    if row["low"] is None:
        return f"{row['value']:.3f}"
    decided = row["high"] < 1 or row["low"] > 1
    value = f"**{row['value']:.3f}**" if decided else f"{row['value']:.3f}"
    return f"{value} ({row['low']:.3f} … {row['high']:.3f})"


def turns(found: Compared) -> list[str]:
    """One sentence a strength: whom ours is surely ahead of, whom surely behind."""
    sentences = []
    for strength in sorted({strength for rows in found.values() for strength in rows}):
        here = {
            other: rows[strength] for other, rows in found.items() if strength in rows and rows[strength]["low"] is not None
        }
        better = [other for other, row in here.items() if row["high"] < 1]
        worse = [other for other, row in here.items() if row["low"] > 1]
        level = [other for other in here if other not in (*better, *worse)]
        parts = [("ahead of", better), ("level with", level), ("behind", worse)]
        told = "; ".join(f"{what} {', '.join(ways)}" for what, ways in parts if ways)
        if told:
            sentences.append(f"- Strength {strength:g}: ours is {told}.")
    return sentences


def page(document: dict[str, Any]) -> list[str]:
    """The section of docs/benchmarks.md: the targets, who is ahead under which prior, and every figure folded away."""
    rows = document["rows"]
    found, compared = by_strength(rows), ratios(rows)
    lines = [*table_lines([Row(**row) for row in rows if row["target"]]), ""]
    if compared:
        lines += ["Whole-view LPIPS, ours over each other way's; bold where the interval decides:", ""]
        lines += [*ahead(compared), "", *turns(compared)]
    for strength, ways in found.items():
        lines += ["", "<details>", f"<summary>every figure, strength {strength:g}</summary>", "", *wide(ways), "", "</details>"]
    return lines


def illustrated(document: dict[str, Any]) -> list[str]:
    """:func:`page`, its picture drawn anew."""
    scenes = document["rows"][0]["name"].rpartition(", ")[2]
    draw(ratios(document["rows"]), f"{scenes}, seed {document['seed']}", PICTURE)
    return [*page(document), "", f"![Ours against every other way, under priors of rising strength]({_linked(PICTURE)})"]


def _linked(picture: Path) -> str:
    return picture.name


def draw(found: Compared, title: str, target: Path) -> None:
    """Ratio over strength, a line each other way with its intervals; below 1 ours is nearer to the truth."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    picture, panel = pyplot.subplots(figsize=(9, 4.5))
    for index, (other, rows) in enumerate(found.items()):
        points = [rows[strength] for strength in sorted(rows)]
        values = [row["value"] for row in points]
        reach = [[abs(row["value"] - (row[end] or row["value"])) for row in points] for end in ("low", "high")]
        places = [strength + 0.006 * (index - len(found) / 2) for strength in sorted(rows)]
        panel.errorbar(places, values, reach, marker="o", markersize=3, capsize=2, label=other)
    panel.axhline(1, color="black", linewidth=0.8)
    panel.set_ylim(0.8, 1.15)
    panel.set_xlabel("strength of the prior")
    panel.set_ylabel("whole-view LPIPS, ours over ...")
    panel.legend(fontsize=7, ncol=2)
    panel.set_title(title)
    picture.tight_layout()
    picture.savefig(target, dpi=100)
    pyplot.close(picture)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.benchmarks.solvers.report", description=__doc__)
    parser.add_argument("results", type=Path, help="what lab.benchmarks.solvers.compare wrote")
    arguments = parser.parse_args()
    print("\n".join(illustrated(json.loads(arguments.results.read_text(encoding="utf-8")))))


if __name__ == "__main__":
    main()
