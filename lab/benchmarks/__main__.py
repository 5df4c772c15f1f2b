"""Run every benchmark and refresh the tables of docs/benchmarks.md.

``python -m lab.benchmarks [--seed N] [--only NAME ...] [--keep FOLDER]``

With ``--keep`` each module's JSON stays in a folder, and one whose JSON is there already is not run again: a stopped run goes
on where it was, and tables can be made from runs of other days. One module alone is ``python -m lab.benchmarks.ROOM.NAME``;
its ``--help`` tells its options.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from inversecrafter_core.errors import InputError
from lab.host.paths import ROOT

from .report import Document, long_table, read

PAGE = ROOT / "docs" / "benchmarks.md"
BENCHMARKS = {
    "warp": ("warp.compare",),
    "pivot": ("warp.pivot",),
    "source_camera": ("warp.source_camera",),
    "overhead": ("cost.overhead",),
    "families": ("cost.families",),
    "masks": ("masks.compare",),
    "solvers": ("solvers.compare",),
    "robustness": ("warp.robustness",),
    "sweeps": ("solvers.sweeps",),
    "few_steps": ("solvers.few_steps",),
    "jobs": ("jobs.stochastic", "jobs.single_image", "jobs.interpolation", "jobs.editing", "jobs.conditioning"),
    "long": ("jobs.long_clips",),
    "editor": ("page.camera_editor",),
    "queue": ("queue.speed", "queue.kills", "queue.cancels", "queue.memory"),
    "restoration": ("restoration.compare",),
    "restoration_parts": ("restoration.ablations",),
    "restoration_cost": ("restoration.cost",),
    "scene_latents": ("scene_latents.compare",),
    "scene_latents_cost": ("scene_latents.cost",),
    "models": ("models.vae", "models.video_model", "models.mask_encoder", "models.depth", "models.scene"),
}
"""Name of a table to the modules that it is made of."""
TARGETS_ALONE = ("robustness", "jobs")
"""Tables that show the rows with a target; all the others are in the JSON."""


def lines_of(module: str, document: Document, only_targets: bool) -> list[str]:
    """Return a module's own page where it has one (``page``), else a line a row."""
    page = getattr(importlib.import_module(f"lab.benchmarks.{module}"), "page", None)
    if page is not None:
        return list(page(document))
    return long_table(one for one in read(document) if one.target or not only_targets)


def joined(modules: tuple[str, ...], documents: list[Document], only_targets: bool) -> list[str]:
    """Return the rows of several modules as one table, each named after its module; their pictures are drawn."""
    rows = []
    for module, document in zip(modules, documents, strict=True):
        lines_of(module, document, only_targets)
        rows += [replace(one, part=module.rpartition(".")[2]) for one in read(document) if one.target or not only_targets]
    return long_table(rows)


def section(name: str, documents: list[Document]) -> str:
    """Return the table of a benchmark under the command that made it."""
    modules, first = BENCHMARKS[name], documents[0]
    run = f"lab.benchmarks.{modules[0]}" if len(modules) == 1 else f"lab.benchmarks --only {name}"
    only = name in TARGETS_ALONE
    lines = lines_of(modules[0], first, only) if len(modules) == 1 else joined(modules, documents, only)
    command = " ".join(filter(None, (f"python -m {run} --seed {first['seed']}", first.get("options", ""))))
    return "\n".join([f"`{command}` on {first['machine']}", "", *lines])


def refresh(page: Path, name: str, text: str) -> None:
    """Replace the text between this benchmark's two markers; a benchmark without markers has no table there."""
    start, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(start)
    if found:
        page.write_text(f"{before}{start}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def measured(module: str, seed: int, folder: Path) -> Document:
    """Return the JSON of a module: from the folder, or from a run that leaves it there.

    Raises:
        InputError: the JSON in the folder is of another seed.
    """
    out = folder / f"{module}.json"
    if not out.is_file():
        part = out.with_suffix(".part")
        command = [sys.executable, "-m", f"lab.benchmarks.{module}", "--seed", str(seed), "--json", str(part)]
        subprocess.run(command, cwd=ROOT, check=True)
        part.replace(out)
    document: Document = json.loads(out.read_text(encoding="utf-8"))
    if document["seed"] != seed:
        raise InputError(str(out), f"a run of seed {document['seed']}", f"Remove it, or use that seed instead of {seed}.")
    return document


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    names = list(BENCHMARKS)
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=f"of {', '.join(names)}")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the JSON files stay, and are looked for")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for name in arguments.only:
            documents = [measured(module, arguments.seed, folder) for module in BENCHMARKS[name]]
            refresh(PAGE, name, section(name, documents))
    return 0


if __name__ == "__main__":
    sys.exit(main())
