"""Train the small depth network.

``python -m lab.training.depth.pool; python -m lab.training.depth.train --minutes 40``

The loss forgives one factor a clip. With ``e = log z - log z_true`` and the clip's median of ``e`` outside the sky taken out:
its absolute mean (twice it where it is beyond 25 %, which is what the score counts), the absolute mean of its gradients on four
scales (Li and Snavely, "MegaDepth", 2018), and of its change from frame to frame, which on clips that stand still is plain
flicker. Sky has no depth, only a place behind everything, so it counts a fifth. A teacher's opinion of a photograph has no
edges to teach, and how much farther the far is, it may only teach to be more. The first part of the time goes into single
pictures of less than half the size, the rest into pictures and clips of two and four frames. The averaged weights ship.
"""

from __future__ import annotations

import argparse
import copy
import math
import random
import time
from functools import cached_property, partial
from pathlib import Path

import torch

from inversecrafter_core.depth.estimators.small_file import load_small_network, save_small_network
from inversecrafter_core.depth.estimators.small_network import SmallDepthNet
from lab.models.precision import autocast
from lab.models.shipped import DEPTH_FILE
from lab.training.loop import Plan, Run, Task, level
from lab.training.records import draw_curve, notes_of
from lab.world import frame_times, random_scene, render

from .batch import FARTHEST, Batch, Source
from .pool import BLENDER, HEIGHT, PHOTOS, POOL, RUN, WALLS, WIDTH

RECIPE = "python -m lab.training.depth.pool; python -m lab.training.depth.train"
EDGES, FLICKER, SKY_SHARE = 0.5, 1.0, 0.2
WITHIN = math.log(1.25)
RANGE = 2.5  # the teacher's log far-to-near ratio may be seen this many times as large: it sees everything too flat
FRAMES = 3  # of the held-out clips that the curve shows
LENGTHS, IN_A_BATCH = (*(1,) * 7, 2, 4), 16  # frames of a training clip; frames of all clips of the world together
SHARES = {POOL: 0.3, BLENDER: 0.4, WALLS: 0.3}  # of single pictures; clips of several frames are all of the first world
PHOTOGRAPHS = 0.6  # to a clip of the world
SCHEDULE = partial(level, warm_up=100, cool_down=0.5)
AVERAGE = 0.998  # what the averaged weights, which are those that ship, keep of themselves a step
PICTURES = 0.45  # part of the time spent on single small pictures first: more scenes a minute
TEST_SEEDS = range(7000, 7024)


def loss_of(log_depth: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Return the loss of ``log_depth [B, T, h, w]`` against the batch's."""
    error = log_depth - _with_range(batch, log_depth.detach())
    middle = error.detach().masked_fill(batch.sky, math.nan).flatten(1).nanmedian(1).values
    error = error - middle.view(-1, 1, 1, 1)
    size, share = error.abs(), 1 - (1 - SKY_SHARE) * batch.sky.float()
    plain = (share * (size + (size - WITHIN).clamp(min=0))).sum((1, 2, 3)) / share.sum((1, 2, 3))
    change = error.diff(dim=1).abs().mean((1, 2, 3)) if error.shape[1] > 1 else torch.zeros(len(error))
    edges = torch.stack([_gradient(error[:, :, ::step, ::step]) for step in (1, 2, 4, 8)]).mean(0)
    return (plain + FLICKER * change + EDGES * edges * batch.exact).mean()


def _with_range(batch: Batch, log_depth: torch.Tensor) -> torch.Tensor:
    """Return the batch's log depth, a teacher's with the range of ``log_depth`` where that is larger, up to :data:`RANGE`."""
    given, found = (one - one.flatten(1).median(1).values.view(-1, 1, 1, 1) for one in (batch.log_depth, log_depth))
    size = given.square().sum((1, 2, 3)).clamp(min=1e-6)
    factor = ((given * found).sum((1, 2, 3)) / size).clamp(1, RANGE)
    return batch.log_depth * torch.where(batch.exact, torch.ones_like(factor), factor).view(-1, 1, 1, 1)


def _gradient(error: torch.Tensor) -> torch.Tensor:
    return error.diff(dim=-1).abs().mean((1, 2, 3)) + error.diff(dim=-2).abs().mean((1, 2, 3))


class DepthTask(Task):
    """The depth network's lesson."""

    def __init__(self, start: Path | None = None) -> None:
        self.network = SmallDepthNet() if start is None else load_small_network(start).train().requires_grad_(True)
        self.model = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @cached_property
    def source(self) -> Source:
        return Source(SHARES, PHOTOS)

    @cached_property
    def held_out(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ``frames [N, 3, 3, HEIGHT, WIDTH]`` and their log depth, of scenes nothing trains on."""
        clips = [render(random_scene(seed), frame_times(FRAMES), HEIGHT, WIDTH) for seed in TEST_SEEDS]
        depth = torch.stack([clip.depth for clip in clips])
        depth = torch.minimum(depth, FARTHEST * depth.flatten(1).median(1).values.view(-1, 1, 1, 1))
        return torch.stack([clip.colour for clip in clips]).permute(0, 1, 4, 2, 3), depth.log()

    def batch(self, step: int, along: float) -> Batch:
        """Draw single small pictures at first, clips later; photographs among both."""
        rng, pictures = random.Random(random.random()), along < PICTURES
        frames = 1 if pictures else rng.choice(LENGTHS)
        clips = IN_A_BATCH // frames
        photographs = round(clips * PHOTOGRAPHS) if self.source.photos else 0
        return self.source.batch(rng, clips, photographs, frames, pictures)

    def loss(self, batch: Batch) -> torch.Tensor:
        with autocast(torch.device("cpu")):
            log_depth = self.model(batch.frames).log_depth
        return loss_of(log_depth, batch)

    def with_weights(self, weights: dict[str, torch.Tensor]) -> SmallDepthNet:
        """Return a network of its own with these weights, ready to predict."""
        network = copy.deepcopy(self.network).train(False)
        network.load_state_dict(weights)
        return network

    @torch.no_grad()
    def score(self, weights: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return percent of pixels within a factor of 1.25 after one scale a clip, at the network's own size."""
        self.source.refresh()
        frames, log_depth = self.held_out
        error = (self.with_weights(weights)(frames).log_depth - log_depth).flatten(1)
        within = (error - error.median(1, keepdim=True).values).abs() < WITHIN
        return {"within": 100 * float(within.float().mean())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=40, help="CPU minutes over all restarts")
    parser.add_argument("--start", type=Path, help="a depth file to begin from, for the first start")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=DEPTH_FILE)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    task = DepthTask(options.start)
    run = Run(task, Plan(RUN, options.minutes, options.rate, SCHEDULE, seconds=time.process_time, average=AVERAGE))
    run.fit()
    draw_curve(RUN / "curve.csv", "within")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_small_network(options.out, task.with_weights(run.average), **notes_of(run.state(), RECIPE, task.source.described()))
    options.out.chmod(0o644)


if __name__ == "__main__":
    main()
