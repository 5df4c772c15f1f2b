"""What ``lab.benchmarks.masks.compare`` found, to be read: a wide Markdown table of the masks, and a picture of their errors.

``python -m lab.benchmarks.masks.compare --json masks.json && python -m lab.benchmarks.masks.report masks.json docs/masks.png``

The table goes to standard output. Nothing is measured here.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from lab.benchmarks.priors import STRENGTHS

from .compare import DEFAULT, KNOWS_THE_TRUTH, LEARNED, SHOWN_STRENGTHS

COLUMNS = {
    "encodings": 0,
    "error over the sweep": 4,
    **{f"error, prior {strength:g}": 3 for strength in STRENGTHS},
    **{f"error in holes, prior {strength:g}": 3 for strength in SHOWN_STRENGTHS},
    "L1 to h_gt": 3,
    **{f"whole LPIPS, prior {strength:g}": 4 for strength in SHOWN_STRENGTHS},
}
"""Figures of the table and their decimals."""
COLOURS = {DEFAULT: "#d1495b", LEARNED: "#2a6f97"}
Figures = dict[str, tuple[float, float | None, float | None]]
Table = dict[str, Figures]
"""By mask and figure: mean, and the ends of its interval."""


def by_mask(rows: list[dict[str, Any]]) -> Table:
    """Rows named ``mask: figure`` as ``{mask: {figure: (mean, low, high)}}``, the best over the sweep first."""
    table: Table = {}
    for row in rows:
        mask, _, figure = row["name"].rpartition(": ")
        if mask and figure in COLUMNS:
            table.setdefault(mask, {})[figure] = row["value"], row["low"], row["high"]
    return dict(sorted(table.items(), key=lambda item: item[1]["error over the sweep"][0]))


def wide(table: Table) -> list[str]:
    """A Markdown table, a line a mask; means, with the interval for the sweep."""
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for mask, figures in table.items():
        cells = []
        for figure, places in COLUMNS.items():
            mean, low, high = figures.get(figure, (None, None, None))
            ends = f" ({low:.{places}f} … {high:.{places}f})" if low is not None and figure == "error over the sweep" else ""
            cells.append("" if mean is None else f"{mean:.{places}f}{ends}")
        lines.append(f"| {mask} | " + " | ".join(cells) + " |")
    return lines


def draw(table: Table, title: str, target: Path) -> None:
    """Left the errors over those of the default at every strength, right the means over the sweep with their intervals."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    picture, (left, right) = pyplot.subplots(1, 2, figsize=(13, 5))
    names = [f"error, prior {strength:g}" for strength in STRENGTHS]
    for mask, figures in table.items():
        style = "--" if mask in KNOWS_THE_TRUTH else "-"
        relative = [figures[name][0] / table[DEFAULT][name][0] for name in names]
        left.plot(STRENGTHS, relative, style, color=COLOURS.get(mask), marker="o", markersize=3, label=mask)
    left.set_xlabel("strength of the prior: 0 = the embedded model, 1 = the truth")
    left.set_ylabel(f"error over that of {DEFAULT}")
    left.grid(alpha=0.3)
    left.legend(fontsize=8)
    for line, (mask, figures) in enumerate(reversed(table.items())):
        mean, low, high = figures["error over the sweep"]
        right.barh(line, mean, color=COLOURS.get(mask, "#8d99ae"))
        if low is not None and high is not None:
            right.plot([low, high], [line, line], color="black", linewidth=1)
    right.set_yticks(range(len(table)), list(reversed(table)), fontsize=8)
    right.set_xlabel("error over the sweep, with its 95 % interval")
    right.grid(alpha=0.3, axis="x")
    picture.suptitle(title)
    picture.tight_layout()
    picture.savefig(target, dpi=90)
    pyplot.close(picture)


def illustrated(document: dict[str, Any], picture: Path) -> Table:
    """The table, and all of it drawn into ``picture``."""
    table = by_mask(document["rows"])
    draw(table, f"latent masks, seed {document['seed']}; red: the default, dashed: masks that know the truth", picture)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.benchmarks.masks.report", description=__doc__)
    parser.add_argument("results", type=Path, help="what lab.benchmarks.masks.compare wrote")
    parser.add_argument("picture", type=Path, help="where the picture goes")
    arguments = parser.parse_args()
    document = json.loads(arguments.results.read_text(encoding="utf-8"))
    print("\n".join(wide(illustrated(document, arguments.picture))))


if __name__ == "__main__":
    main()
