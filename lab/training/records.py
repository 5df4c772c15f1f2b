"""Files that a training leaves: checkpoints, the curve, and the shipped file."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from lab.host.paths import ROOT


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write beside, then rename: a killed run never leaves half a checkpoint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU, whatever device it was written on; FileNotFoundError tells to train first."""
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint {path}: train first, see lab/training/all.py")
    return torch.load(path, map_location="cpu", weights_only=True)


def add_row(path: Path, row: dict[str, float]) -> None:
    """Append a row to the CSV of a run, and print it; the first row makes the header."""
    values = {name: f"{value:.6g}" for name, value in row.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(values))
        if fresh:
            writer.writeheader()
        writer.writerow(values)
    print(values, flush=True)


def draw_curve(path: Path, column: str) -> None:
    """Draw one column of a CSV over the minutes, as a PNG beside it."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with path.open() as file:
        rows = list(csv.DictReader(file))
    figure, axes = pyplot.subplots(figsize=(5, 3))
    axes.plot([float(row["minutes"]) for row in rows], [float(row[column]) for row in rows])
    axes.set(xlabel="minutes", ylabel=column)
    figure.savefig(path.with_suffix(".png"), dpi=100, bbox_inches="tight")
    pyplot.close(figure)


def notes_of(state: dict[str, Any], recipe: str, data: str) -> dict[str, str]:
    """Return what a shipped file's header tells: licence, recipe, commit, data, and the steps and minutes of its checkpoint."""
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    made = {"license": "Apache-2.0", "recipe": recipe, "data": data, "commit": found.stdout.strip()}
    return made | {"steps": str(state["step"]), "minutes": f"{state['minutes']:.0f}"}


def export(weights: dict[str, torch.Tensor], path: Path, notes: dict[str, str]) -> None:
    """Write fp16 safetensors with ``notes`` in the header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = {name: value.detach().to(torch.float16).contiguous() for name, value in weights.items()}
    save_file(half, path, metadata={"format": "pt", **notes})
    path.chmod(0o644)
