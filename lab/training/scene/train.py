"""Train the small scene network.

``python -m lab.training.scene.pool; python -m lab.training.scene.train --minutes 65``

The minutes are those of the processor on a CPU, so that a shared machine makes the run longer and not worse; ``--device cuda``
counts time of day. The clips of a batch grow from pairs of frames to all that the pool has.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from functools import cached_property

import torch

from inversecrafter_core.scene.network import SceneNetwork
from lab.models.precision import autocast
from lab.training.loop import Plan, Run, Task

from .batch import Batch, Source
from .loss import Truth, errors_of, loss_of
from .pool import FRAMES, POOL, RUN, render_clip

IN_A_BATCH = 32
"""Frames of all clips of a batch together."""
PAIRS = 0.3
"""Share of the time in which clips are pairs of frames only."""
AVERAGE = 0.995
TEST_SEEDS = range(7000, 7024)


class SceneTask(Task):
    """The scene network's lesson."""

    def __init__(self, device: torch.device):
        self.device = device
        self.model = self.network = SceneNetwork().to(device)

    @cached_property
    def source(self) -> Source:
        return Source(POOL)

    @cached_property
    def held_out(self) -> Batch:
        """Return whole clips of scenes nothing trains on."""
        clips = [render_clip(seed) for seed in TEST_SEEDS]
        colour, depth, poses, focal = (
            torch.stack([torch.from_numpy(clip[name]).float() for clip in clips])
            for name in ("colour", "depth", "camera_to_world", "focal")
        )
        return Batch(colour.permute(0, 1, 4, 2, 3) / 255, Truth(depth.log(), poses, focal)).to(self.device)

    def batch(self, step: int, along: float) -> Batch:
        """Draw pairs at first, clips of two frames to all of them later."""
        rng = random.Random(random.random())
        frames = 2 if along < PAIRS else rng.randint(2, FRAMES)
        return self.source.batch(rng, IN_A_BATCH // frames, frames).to(self.device)

    def loss(self, batch: Batch) -> torch.Tensor:
        with autocast(self.device):
            found = self.model(batch.frames)
        return loss_of(found, batch.truth)

    @torch.no_grad()
    def score(self, weights: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return percent of cells within 1.25, and mean errors of rotation (degrees) and translation (percent of the depth)."""
        self.source.refresh()
        network = SceneNetwork(self.network.spec).to(self.device)
        network.load_state_dict(weights)
        found, truth = network(self.held_out.frames), self.held_out.truth
        errors = errors_of(found, truth)
        return {
            "within": 100 * float((errors.depth < math.log(1.25)).float().mean()),
            "world": 100 * float(errors.world[:, 1:].mean()),
            "degrees": math.degrees(float(errors.turn[:, 1:].mean())),
            "shift": 100 * float(errors.shift[:, 1:].mean()),
            "focal": 100 * float(errors.focal.mean()),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=65)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    seconds = time.process_time if options.device.type == "cpu" else time.monotonic
    Run(
        SceneTask(options.device), Plan(RUN, options.minutes, options.rate, seconds=seconds, average=AVERAGE, save=1, report=1)
    ).fit()


if __name__ == "__main__":
    main()
