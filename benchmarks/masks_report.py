"""What ``benchmarks.masks`` found, to be read: a wide Markdown table of the masks, and a picture of what they keep and give up.

``python -m benchmarks.masks --json masks.json && python -m benchmarks.masks_report masks.json docs/masks.png``

The tables go to standard output. Nothing is measured here.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.masks import AREA, BINARY, DEFAULT, LEARNED, NEW_VIEWS, POWERS, REPROJECTIONS

COLUMNS = {
    "L1": 3,
    "SSIM": 3,
    "kept PSNR": 2,
    "other PSNR": 2,
    "balanced PSNR": 2,
    "kept PSNR at equal doubt": 2,
    "error left": 3,
}
"""Figures of the table and their decimals."""
CURVE = [f"area^{power:g}" for power in sorted({*POWERS, 1.0})]
SETS = (NEW_VIEWS, REPROJECTIONS)
COLOURS = {DEFAULT: "#d1495b", LEARNED: "#2a6f97", AREA: "#444444", BINARY: "#444444"}
USUAL = "#8d99ae"
Table = dict[str, dict[str, float]]


def by_mask(rows: list[dict[str, Any]], what: str) -> Table:
    """Rows named ``set, mask: figure`` of one set as ``{mask: {figure: value}}``."""
    table: Table = {}
    for row in rows:
        name, _, figure = row["name"].rpartition(": ")
        if name.startswith(f"{what}, ") and figure in COLUMNS:
            table.setdefault(name.removeprefix(f"{what}, "), {})[figure] = row["value"]
    return table


def wide(table: Table) -> list[str]:
    """A Markdown table, a line a mask."""
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for mask, figures in table.items():
        cells = [f"{figures[name]:.{places}f}" if name in figures else "" for name, places in COLUMNS.items()]
        lines.append(f"| {mask} | " + " | ".join(cells) + " |")
    return lines


def _numbered(table: Table) -> dict[str, int]:
    """Masks in the table's order; the powers of area are a curve, not masks of their own."""
    return {mask: number for number, mask in enumerate((mask for mask in table if mask == AREA or mask not in CURVE), 1)}


def _trade(axes: Any, table: Table) -> None:
    """Kept against given up, by the masks' numbers; the powers of area as a line."""
    place = {mask: (figures["other PSNR"], figures["kept PSNR"]) for mask, figures in table.items()}
    curve = [place[AREA if name == f"{AREA}^1" else name] for name in CURVE]
    axes.plot(*zip(*curve, strict=True), color="#444444", linewidth=1, zorder=1)
    for mask, number in _numbered(table).items():
        box = {"boxstyle": "circle,pad=0.15", "facecolor": COLOURS.get(mask, USUAL), "edgecolor": "white"}
        axes.text(*place[mask], str(number), color="white", fontsize=7, ha="center", va="center", bbox=box)
    axes.margins(0.08)
    axes.plot(*zip(*place.values(), strict=True), linestyle="none")  # text alone does not move the limits
    axes.set_xlabel("PSNR of the other clip in the holes, dB")
    axes.grid(alpha=0.3)


def _bars(axes: Any, table: Table, figure: str) -> None:
    """One bar a mask, the best on top, with the number it has in the trade."""
    numbers = _numbered(table)
    order = sorted(numbers, key=lambda mask: table[mask][figure], reverse=True)
    names = [f"{mask} {numbers[mask]}" for mask in order]
    axes.barh(names, [table[mask][figure] for mask in order], color=[COLOURS.get(mask, USUAL) for mask in order])
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlabel(figure)
    axes.grid(alpha=0.3, axis="x")


def draw(tables: dict[str, Table], title: str, target: Path) -> None:
    """A line of panels for each set: the trade, the distance to ``h_gt``, the error left."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    picture, panels = pyplot.subplots(len(tables), 3, figsize=(13, 4 * len(tables)), squeeze=False)
    for (what, table), line in zip(tables.items(), panels, strict=True):
        _trade(line[0], table)
        line[0].set_ylabel(f"{what}\nkept PSNR, dB")
        _bars(line[1], table, "L1")
        _bars(line[2], table, "error left")
    picture.suptitle(title)
    picture.tight_layout()
    picture.savefig(target, dpi=90)
    pyplot.close(picture)


def illustrated(document: dict[str, Any], picture: Path) -> dict[str, Table]:
    """A table for each set of clips, and all of them drawn into ``picture``."""
    tables = {what: table for what in SETS if (table := by_mask(document["rows"], what))}
    draw(tables, f"latent masks, seed {document['seed']}; red: the default, line: powers of area", picture)
    return tables


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.masks_report", description=__doc__)
    parser.add_argument("results", type=Path, help="what benchmarks.masks wrote")
    parser.add_argument("picture", type=Path, help="where the picture goes")
    arguments = parser.parse_args()
    document = json.loads(arguments.results.read_text(encoding="utf-8"))
    for what, table in illustrated(document, arguments.picture).items():
        print("\n".join([f"{what}:", "", *wide(table), ""]))


if __name__ == "__main__":
    main()
