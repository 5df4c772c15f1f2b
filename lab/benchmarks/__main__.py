"""Run every benchmark and refresh the tables of docs/benchmarks.md.

``python -m lab.benchmarks [--seed N] [--only NAME ...] [--keep FOLDER]``

With ``--keep`` each benchmark's JSON stays in a folder, and one whose JSON is there already is not run again: so a stopped run
goes on where it was, and tables can be made from runs of other days.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from inversecrafter_core.errors import InputError

from .report import Row, table_lines

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
BENCHMARKS = {
    "warp": "warp.compare",
    "pivot": "warp.pivot",
    "overhead": "cost.overhead",
    "masks": "masks.compare",
    "solvers": "solvers.compare",
    "robustness": "warp.robustness",
    "sweeps": "solvers.sweeps",
    "jobs": "jobs.every",
    "depth": "warp.depth",
    "models": "models.every",
}
"""Name of a table to the module that makes it."""


def targets(document: dict[str, Any]) -> list[str]:
    """The rows that have a target; all the others are in the JSON."""
    return table_lines([Row(**row) for row in document["rows"] if row["target"]])


def folded(summary: str, lines: list[str]) -> list[str]:
    """Lines that a reader opens by a click: a table too long for the page."""
    return ["", "<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>"]


def masks(document: dict[str, Any]) -> list[str]:
    """Targets and one wide table, the picture drawn anew."""
    from .masks import report as masks_report  # reports import what they report on, the host with it

    picture = ROOT / "docs" / "masks.png"
    wide = folded("every mask", masks_report.wide(masks_report.illustrated(document, picture)))
    return [*targets(document), *wide, "", f"![Error of every mask over the priors]({picture.name})"]


def solvers(document: dict[str, Any]) -> list[str]:
    from .solvers import report as solver_report

    return solver_report.illustrated(document)


def sweeps(document: dict[str, Any]) -> list[str]:
    """Targets behind a click, the curves drawn anew."""
    from .solvers import sweeps as report

    picture = ROOT / "docs" / "sweeps.png"
    report.illustrated(document, picture)
    lines = folded("recapture against the bare model, setting by setting", targets(document))
    return [*lines, "", f"![Where recapture breaks]({picture.name})"]


PAGES: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "masks": masks,
    "solvers": solvers,
    "robustness": targets,
    "sweeps": sweeps,
    "jobs": targets,
}
"""Benchmarks whose JSON is shown otherwise than as one line a row; such a page may draw a picture into docs/."""


def table(name: str, seed: int, result: dict[str, Any]) -> str:
    """One benchmark as a Markdown table under the command that made it."""
    made_by = f"`python -m lab.benchmarks.{BENCHMARKS[name]} --seed {seed}` on {result['machine']}"
    lines = PAGES[name](result) if name in PAGES else table_lines([Row(**row) for row in result["rows"]])
    return "\n".join([made_by, "", *lines])


def refresh(page: Path, name: str, text: str) -> None:
    """Replace what stands between this benchmark's two markers; a benchmark without markers has no table there."""
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    before, found, rest = page.read_text().partition(begin)
    if not found:
        return
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def measured(name: str, seed: int, folder: Path) -> dict[str, Any]:
    """What a benchmark found: from the folder, or from a run that leaves its JSON there.

    Raises:
        InputError: the JSON in the folder is of another seed.
    """
    out = folder / f"{name}.json"
    if not out.is_file():
        part = out.with_suffix(".part")
        command = [sys.executable, "-m", f"lab.benchmarks.{BENCHMARKS[name]}", "--seed", str(seed), "--json", str(part)]
        subprocess.run(command, cwd=ROOT, check=True)
        part.replace(out)
    document: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    if document["seed"] != seed:
        raise InputError(str(out), f"a run of seed {document['seed']}", f"Remove it, or ask for that seed instead of {seed}.")
    return document


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS), metavar="NAME", help="not all of them"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the JSON files stay, and are looked for")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name in arguments.only:
            refresh(PAGE, name, table(name, arguments.seed, measured(name, arguments.seed, folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
