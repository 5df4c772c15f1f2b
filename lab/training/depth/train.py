"""Train the small depth network. ``python -m lab.training.depth.pool; python -m lab.training.depth.train --minutes 40``

The loss forgives one factor a clip. With ``e = log z - log z_true`` and the clip's mean of ``e`` taken out: its absolute mean
(twice it where it is beyond 25 %, which is what the score counts), the absolute mean of its gradients on four scales (Li and
Snavely, "MegaDepth", 2018), and of its change from frame to frame, which on clips that stand still is plain flicker. A
teacher's opinion of a photograph has no edges to teach. The first part of the time goes into single pictures of
less than half the size, the rest into clips of two and four frames.
"""

from __future__ import annotations

import argparse
import math
import random

import torch

from inversecrafter_core.depth.estimators.small_file import save_small_network
from inversecrafter_core.depth.estimators.small_network import SmallDepthNet
from lab.models.shipped import DEPTH_FILE
from lab.training.common import Clock, Curve, git_commit, load_checkpoint, save_checkpoint
from lab.training.optimiser import Muon
from lab.world import frame_times, random_scene, render

from .batch import FARTHEST, Batch, Source
from .pool import HEIGHT, PHOTOS, POOL, RUN, WIDTH

RECIPE = "python -m lab.training.depth.pool; python -m lab.training.depth.train"
EDGES, FLICKER = 0.5, 1.0
WITHIN = math.log(1.25)
FRAMES = 3  # of the held-out clips that the curve shows
LENGTHS, IN_A_BATCH = (2, 2, 4), 16  # frames of a training clip; frames of all clips of the world together
PHOTOGRAPHS = 0.35, 0.7  # photographs to a clip of the world, in the first and in the second part
PICTURES = 0.45  # part of the time spent on single small pictures first: more scenes a minute
TEST_SEEDS = range(7000, 7024)


def loss_of(log_depth: torch.Tensor, batch: Batch) -> torch.Tensor:
    """``log_depth [B, T, h, w]`` against the batch's."""
    error = log_depth - batch.log_depth
    error = error - error.mean((1, 2, 3), keepdim=True)
    size = error.abs()
    plain = size.mean((1, 2, 3)) + (size - WITHIN).clamp(min=0).mean((1, 2, 3))
    change = error.diff(dim=1).abs().mean((1, 2, 3)) if error.shape[1] > 1 else torch.zeros(len(error))
    edges = torch.stack([_gradient(error[:, :, ::step, ::step]) for step in (1, 2, 4, 8)]).mean(0)
    return (plain + FLICKER * change + EDGES * edges * batch.exact).mean()


def _gradient(error: torch.Tensor) -> torch.Tensor:
    return error.diff(dim=-1).abs().mean((1, 2, 3)) + error.diff(dim=-2).abs().mean((1, 2, 3))


def held_out() -> tuple[torch.Tensor, torch.Tensor]:
    """``frames [N, 3, 3, HEIGHT, WIDTH]`` and their log depth, of scenes nothing trains on."""
    clips = [render(random_scene(seed), frame_times(FRAMES), HEIGHT, WIDTH) for seed in TEST_SEEDS]
    depth = torch.stack([clip.depth for clip in clips])
    depth = torch.minimum(depth, FARTHEST * depth.flatten(1).median(1).values.view(-1, 1, 1, 1))
    return torch.stack([clip.colour for clip in clips]).permute(0, 1, 4, 2, 3), depth.log()


@torch.no_grad()
def score(network: SmallDepthNet, frames: torch.Tensor, log_depth: torch.Tensor) -> float:
    """Percent of pixels within a factor of 1.25 after one scale a clip, at the network's own size."""
    network.eval()
    error = (network(frames).log_depth - log_depth).flatten(1)
    network.train()
    return 100 * float(((error - error.median(1, keepdim=True).values).abs() < WITHIN).float().mean())


def train(minutes: float, rate: float, name: str = "last") -> SmallDepthNet:
    """Train until ``minutes`` are spent over all restarts; returns the network."""
    torch.manual_seed(0)
    network, before = SmallDepthNet().to(memory_format=torch.channels_last), load_checkpoint(RUN / f"{name}.pt")
    optimiser, spent, step = Muon(network.parameters(), lr=rate), 0.0, 0
    if before is not None:
        network.load_state_dict(before["model"])
        optimiser.load_state_dict(before["optimiser"])
        spent, step = before["minutes"], before["step"]
    source, test, rng = Source(POOL, PHOTOS), held_out(), random.Random(step)
    clock, curve = Clock(minutes, spent), Curve(RUN / f"{name}.csv", ["minutes", "step", "loss", "within", "rate"])
    saved, losses = clock.spent, []
    while clock.fraction < 1:
        for group in optimiser.param_groups:
            group["lr"] = clock.rate(rate)
        pictures = clock.fraction < PICTURES
        frames = 1 if pictures else rng.choice(LENGTHS)
        clips = IN_A_BATCH // frames
        batch = source.batch(rng, clips, round(clips * PHOTOGRAPHS[not pictures]) if source.photos else 0, frames, pictures)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            log_depth = network(batch.frames).log_depth
        loss = loss_of(log_depth, batch)
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
        step += 1
        if clock.spent - saved > 2.0 or clock.fraction >= 1:
            saved = clock.spent
            state = {"model": network.state_dict(), "optimiser": optimiser.state_dict()}
            save_checkpoint(RUN / f"{name}.pt", **state, minutes=saved, step=step)
            within = score(network, *test)
            curve.add(minutes=saved, step=step, loss=sum(losses) / len(losses), within=within, rate=clock.rate(rate))
            losses = []
            source.refresh()
    return network


def export(network: SmallDepthNet) -> None:
    """Write the shipped file, with where it comes from."""
    DEPTH_FILE.parent.mkdir(parents=True, exist_ok=True)
    save_small_network(DEPTH_FILE, network, license="Apache-2.0", recipe=RECIPE, commit=git_commit())
    DEPTH_FILE.chmod(0o644)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--name", default="last", help="of the checkpoint and the curve in training/runs/depth")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    network = train(arguments.minutes, arguments.rate, arguments.name)
    Curve(RUN / f"{arguments.name}.csv", []).draw("within", RUN / f"{arguments.name}.png")
    export(network)


if __name__ == "__main__":
    main()
