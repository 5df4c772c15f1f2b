"""What every training shares: the clock that drives the schedule, checkpoints, the curve, and the export."""

from __future__ import annotations

import csv
import math
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file

from lab.host.paths import ROOT, RUNS

__all__ = ["ROOT", "RUNS", "Clock", "Curve", "export", "git_commit", "load_checkpoint", "psnr", "save_checkpoint"]


class Clock:
    """Minutes trained so far, over restarts; the learning rate follows it, because the budget is time and not steps.

    ``seconds`` is what counts: the time of day, or ``time.process_time`` where a run shares its core.
    """

    def __init__(self, total_minutes: float, spent: float = 0.0, seconds: Callable[[], float] = time.monotonic):
        self.total, self._before, self._seconds, self._start = total_minutes, spent, seconds, seconds()

    @property
    def spent(self) -> float:
        return self._before + (self._seconds() - self._start) / 60

    @property
    def fraction(self) -> float:
        return min(1.0, self.spent / self.total)

    def rate(self, peak: float, warm_up: float = 0.03, floor: float = 0.02) -> float:
        """Linear warm-up, then a cosine down to ``floor * peak``."""
        if self.fraction < warm_up:
            return peak * max(0.02, self.fraction / warm_up)
        along = (self.fraction - warm_up) / (1 - warm_up)
        return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * along)))


def save_checkpoint(path: Path, **state: object) -> None:
    """Write beside, then rename: a killed run never leaves half a checkpoint."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)


def load_checkpoint(path: Path) -> dict | None:
    return torch.load(path, weights_only=True) if path.exists() else None


class Curve:
    """A CSV beside the checkpoint, one row a report; ``draw`` makes the PNG of one column."""

    def __init__(self, path: Path, columns: list[str]):
        self.path, self.columns = path, columns
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(",".join(columns) + "\n")

    def add(self, **row: float) -> None:
        line = ",".join(f"{row[name]:.6g}" for name in self.columns)
        with self.path.open("a") as file:
            file.write(line + "\n")
        print(dict(zip(self.columns, line.split(","), strict=True)), flush=True)

    def draw(self, column: str, picture: Path) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        with self.path.open() as file:
            rows = list(csv.DictReader(file))
        figure, axes = pyplot.subplots(figsize=(5, 3))
        axes.plot([float(row["minutes"]) for row in rows], [float(row[column]) for row in rows])
        axes.set(xlabel="minutes", ylabel=column)
        figure.savefig(picture, dpi=100, bbox_inches="tight")
        pyplot.close(figure)


def git_commit() -> str:
    return subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()


def export(weights: dict[str, torch.Tensor], path: Path, recipe: str) -> None:
    """Write fp16 safetensors with licence, recipe and commit in the header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = {name: value.detach().to(torch.float16).contiguous() for name, value in weights.items()}
    save_file(half, path, metadata={"license": "Apache-2.0", "recipe": recipe, "commit": git_commit(), "format": "pt"})
    path.chmod(0o644)


def psnr(one: torch.Tensor, two: torch.Tensor) -> float:
    """Decibels of two pictures in 0…1."""
    return float(-10 * torch.log10((one - two).square().mean().clamp(min=1e-12)))
