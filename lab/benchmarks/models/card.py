"""What every model card has: where the file came from, its figures against their targets, and the misses in plain words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safetensors import safe_open

from lab.benchmarks.report import Row, table_lines


def origin(path: Path) -> str:
    """Licence, recipe, commit and size of a shipped file, from its own header."""
    with safe_open(path, "pt") as file:
        made = file.metadata()
    size = path.stat().st_size / 1e6
    recipe = f"Recipe, in a clone of the repository: `{made['recipe']}`, at commit {made['commit']}."
    return f"Licence {made['license']}. {recipe} Size: {size:.1f} MB, fp16."


def training_line(path: Path) -> str:
    """Return steps, time and data of a shipped file's training, from its own header."""
    with safe_open(path, "pt") as file:
        made = file.metadata()
    known = "steps" in made
    return f"{made['steps']} steps in {made['minutes']} minutes, no GPU, on {made['data']}" if known else "see its recipe"


def figures(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table."""
    return "\n".join(table_lines(rows))


def misses(rows: Sequence[Row]) -> str:
    """The missed targets as a list in plain words, or that there are none."""
    missed = [f"- {row.name}: {row.value:.4g} {row.unit} (wanted {row.target})" for row in rows if row.holds is False]
    return "\n".join(missed) or "None of the targets above."
