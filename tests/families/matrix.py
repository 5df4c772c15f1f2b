"""The page ``docs/families.md``: ``PYTHONPATH=.:tests python -m families.matrix REPORT...``.

A report is what ``python -m pytest tests/nodes/families --matrix REPORT`` writes on one host: the outcome of every node on
every family. The recipes below the table come from the record, their shifts from the models that the host built.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.host.paths import ROOT
from lab.models.families import FAMILIES, Family

from .facts import facts_of
from .recipes import recipe_of

NODES = (
    "Encode Measurement",
    "Add Inpaint Conditioning",
    "Apply Guidance",
    "Select Guided Sampler",
    "Run Guided KSampler",
    "Related samplers",
    "Select Stochastic Conditioning",
)
"""Columns of the table, by the names that the tests' markers give; *Related samplers* are those of *Run Guided KSampler*."""
PAGE = ROOT / "docs" / "families.md"
COMMAND = "PYTHONPATH=.:tests python -m families.matrix"
HEAD = """# Families of video models

Made by `{command}` from the reports of `python -m pytest tests/nodes/families --matrix REPORT` on ComfyUI {hosts}.
Each family is a small network and VAE of its own classes with random weights, loaded by the stock loaders: the tables say that
nodes, shapes and latent spaces fit, and that known cells are pulled to the measurement. They say nothing about pictures.

## Nodes

*yes*: the tests pass on every ComfyUI of the last column. *refused*: the node says so and gives the reason.
"""
RECIPES_HEAD = """
## Stock graphs

Put the guidance nodes into the family's usual graph: *Load Diffusion Model*, *Load VAE*, *CLIP Text Encode* and these nodes.
*Shift* is what the host sets by itself; *Run Guided KSampler* and *Apply Guidance* read it, and any shift node before them.
"""


@dataclass(frozen=True)
class Report:
    """The report of one host: its version, outcomes as ``{family: {node: outcome}}``, and the shift of each family's model."""

    host: str
    outcomes: Mapping[str, Mapping[str, str]]
    shifts: Mapping[str, float]

    @classmethod
    def read(cls, path: Path) -> Report:
        """Read a report file."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def page(reports: Sequence[Report]) -> str:
    """Return the page's text."""
    rows = [[family.name, *(_cell(reports, family, node) for node in NODES), _hosts(reports, family)] for family in FAMILIES]
    recipes = [_recipe_row(reports, family) for family in FAMILIES]
    head = HEAD.format(command=COMMAND, hosts=" and ".join(report.host for report in reports))
    columns = ["family", "text encoder", "conditioning", "empty latent", "clip", "shift", "note"]
    return "\n".join([head, *_table(["family", *NODES, "ComfyUI"], rows), RECIPES_HEAD, *_table(columns, recipes), ""])


def _cell(reports: Sequence[Report], family: Family, node: str) -> str:
    """Return a node's outcome on the hosts that have the family: one word if they agree, else one a host."""
    found = {report.host: report.outcomes[family.name].get(node, "–") for report in reports if _has(report, family)}
    outcomes = list(dict.fromkeys(found.values()))
    if len(outcomes) == 1:
        return outcomes[0]
    return ", ".join(f"{host}: {outcome}" for host, outcome in found.items()) or "–"


def _has(report: Report, family: Family) -> bool:
    """Return whether all nodes ran on a family on a report's host; families that share a VAE are encoded without a network."""
    outcomes = report.outcomes.get(family.name, {}).values()
    return bool(outcomes) and "skipped" not in outcomes


def _hosts(reports: Sequence[Report], family: Family) -> str:
    return ", ".join(report.host for report in reports if _has(report, family)) or "none"


def _recipe_row(reports: Sequence[Report], family: Family) -> list[str]:
    recipe, grid = recipe_of(family), family.grid
    loader, kind = recipe.clip
    shift = next((report.shifts[family.name] for report in reports if family.name in report.shifts), None)
    latents = (facts_of(family).latent_node, recipe.latent)
    return [
        family.name,
        f"{loader}, {kind}" if kind else loader,
        _id(recipe.conditioning),
        " and ".join(_id(name) for name in latents if name),
        f"{grid.rule}, sides multiples of {grid.multiple}",
        "–" if shift is None else f"{shift:g}",
        recipe.note or "–",
    ]


def _id(name: str) -> str:
    return name.rpartition(":")[2] or "–"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *rows)]


if __name__ == "__main__":
    PAGE.write_text(page([Report.read(Path(path)) for path in sys.argv[1:]]), encoding="utf-8")
