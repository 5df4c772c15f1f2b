"""Every frame of a clip and of what restoration makes of its measurements, as one picture to look at.

``python -m lab.benchmarks.restoration.sheet FILE [--clip carphone] [--tasks NAME ...] [--steps N] [--seed N]``
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from lab.data.sheet import as_bytes, contact_sheet, write_picture
from lab.data.unseen import REAL_CLIPS, scene_seeds

from .baselines import estimated, total_variation
from .compare import CLIP, ESTIMATE, FRAMES, TV, restored
from .tasks import TASKS, Trial, footage, scene_clip


def sheet(truth: torch.Tensor, prompt: str, steps: int, tasks: Sequence[str]) -> np.ndarray:
    """Return all frames of a clip, of its simple estimates, and of what the methods make of its measurements."""
    shown = {"truth": as_bytes(truth)}
    for task in tasks:
        trial = Trial.of(truth, prompt, task)
        made = {ESTIMATE: estimated(trial), TV: total_variation(trial)}
        made |= {name: restored(trial, name == CLIP, 0.0, steps) for name in (FRAMES, CLIP)}
        shown |= {f"{task}: {name}": as_bytes(clip.clamp(0, 1)) for name, clip in made.items()}
    return contact_sheet(shown, tuple(range(len(truth))), truth.shape[2])


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the first scene of a seed, or a real clip."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--clip", choices=REAL_CLIPS)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    clip = footage(REAL_CLIPS.index(given.clip)) if given.clip else scene_clip(scene_seeds(given.seed, 1)[0])
    write_picture(given.file, sheet(*clip, given.steps, given.tasks))


if __name__ == "__main__":
    main()
