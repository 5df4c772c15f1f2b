"""Train the small Wan 2.1 VAE. ``python -m lab.training.vae.train --width 32 --minutes 900`` starts, or goes on where it was
stopped.

Half of the clips show cut-outs of photographs moving several pixels a frame, the rest glides over photographs and the rendered
world at its own and at double speed; single pictures and long clips are among them (the causal caches look back over some
twenty latent frames, and a decoder that only ever saw three of them grows brighter with every further frame). Video goes in as
``2 v - 1``. The loss has a perceptual part where the LPIPS asset can be had.

``--minutes`` counts the CPU time of the one core it should have, so a run that shares it, or is stopped for a while, loses
nothing. ``--widen FILE`` starts from a VAE of half the width. The checkpoint ``last.pt`` holds the weights, their running
average (which is what is scored and exported), and the optimiser's state.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from lab.data.pool import POOL
from lab.metrics.lpips import Lpips, load_lpips
from lab.models.vae import WanVAE, build, decode, encode, of_weights, take_out_host_statistics, whole_clips, widened
from lab.training.common import RUNS, Clock, Curve, load_checkpoint, save_checkpoint
from lab.training.optimiser import Muon

from .data import CROP, Windows, batch
from .loss import PositionFavour, pixel_loss, some_frames
from .score import Score

LATENT_NOISE, LATENT_WEIGHT, PERCEPTUAL_WEIGHT, SEEN_FRAMES = 0.1, 2e-3, 0.15, 3
SHAPES = (  # share of the steps, clips, frames, side
    (0.10, 12, 1, CROP),
    (0.35, 3, 9, CROP),
    (0.25, 2, 17, CROP),
    (0.15, 1, 9, 128),
    (0.10, 1, 33, CROP),
    (0.05, 1, 65, 32),
)
AVERAGE, WARM_UP, COOL_DOWN = 0.999, 200, 0.2
"""Of the running average, a step; steps; the last share of the minutes, in which the rate falls to nothing."""
SAVE_MINUTES, REPORT_MINUTES = 2.0, 12.0


def run_folder(width: int) -> Path:
    return RUNS / f"vae{width}"


class Training:
    """A run in progress: everything that a checkpoint holds, and one step of it."""

    def __init__(self, width: int, rate: float, minutes: float, start: Path | None, decoder_only: bool = False):
        self.folder, self.rate, self.step, self.decoder_only = run_folder(width), rate, 0, decoder_only
        before = load_checkpoint(self.folder / "last.pt")
        self.model = start_from(start) if start and before is None else build(width)
        if before is not None:
            self.model.load_state_dict(before["model"])
        self.average = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.favour, self.optimiser = PositionFavour(), Muon(self.model.parameters(), lr=rate)
        if before is not None:
            self.average, self.step, self.favour.errors = before["average"], before["step"], before["errors"]
            self.optimiser.load_state_dict(before["optimiser"])
        self.clock = Clock(minutes, 0.0 if before is None else before["minutes"], time.process_time)
        self.model.encoder.requires_grad_(not decoder_only)
        self.model.conv1.requires_grad_(not decoder_only)
        self.metric = load_lpips()

    def save(self) -> None:
        state = {"model": self.model.state_dict(), "average": self.average, "optimiser": self.optimiser.state_dict()}
        save_checkpoint(self.folder / "last.pt", **state, errors=self.favour.errors, minutes=self.clock.spent, step=self.step)

    def current_rate(self) -> float:
        left = (1 - self.clock.fraction) / COOL_DOWN
        return self.rate * min(1.0, (self.step + 1) / WARM_UP, max(0.01, left))

    def learn(self, video: torch.Tensor) -> float:
        """One step on ``video [B, 3, F, H, W]`` in -1…1; its loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.current_rate()
        loss = loss_of(self.model, video, self.favour, self.metric, self.decoder_only)
        loss.backward()
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
        keep = min(AVERAGE, self.step / (self.step + 20))
        for name, value in self.model.state_dict().items():
            self.average[name].lerp_(value, 1 - keep)
        return float(loss.detach())

    def averaged(self) -> WanVAE:
        """A model of the running average of the weights."""
        return of_weights(self.average)


def start_from(path: Path) -> WanVAE:
    """A VAE of twice the width of a shipped file or of a checkpoint."""
    if path.suffix == ".pt":
        state = load_checkpoint(path)
        assert state is not None, f"no checkpoint {path}"
        return widened(state["average"])
    model = widened(load_file(path))
    take_out_host_statistics(model)
    return model


def loss_of(
    model: WanVAE,
    video: torch.Tensor,
    favour: PositionFavour,
    metric: Lpips | None = None,
    decoder_only: bool = False,
) -> torch.Tensor:
    """What a step makes smaller, for ``video [B, 3, F, H, W]`` in -1…1."""
    with whole_clips(model), torch.autocast("cpu", dtype=torch.bfloat16):
        with torch.set_grad_enabled(not decoder_only):
            latent = encode(model, video)
        decoded = decode(model, latent + LATENT_NOISE * torch.randn_like(latent))
        loss = LATENT_WEIGHT * latent.float().square().mean()
        if metric is not None and video.shape[-1] >= CROP:
            loss = loss + PERCEPTUAL_WEIGHT * metric(*some_frames(SEEN_FRAMES, decoded, video)).float().mean()
    return loss + pixel_loss(decoded, video, favour)


def next_batch(windows: Windows) -> torch.Tensor:
    _, clips, frames, side = random.choices(SHAPES, [shape[0] for shape in SHAPES])[0]
    return batch(windows, clips, frames, side)


def train(training: Training) -> None:
    """Train until the clock's minutes are spent over all restarts."""
    windows, score, clock = Windows(POOL / "frames"), Score(training.metric), training.clock
    curve = Curve(training.folder / "curve.csv", ["minutes", "step", "rate", "loss", *score.columns])
    random.seed(training.step)
    torch.manual_seed(training.step)
    saved, reported, losses = clock.spent, clock.spent - REPORT_MINUTES * (training.step == 0), list[float]()
    while clock.fraction < 1:
        losses.append(training.learn(next_batch(windows)))
        if clock.spent - saved > SAVE_MINUTES or clock.fraction >= 1:
            saved = clock.spent
            training.save()
        if clock.spent - reported > REPORT_MINUTES or clock.fraction >= 1:
            reported = clock.spent
            row = {"minutes": clock.spent, "step": training.step, "rate": training.current_rate()}
            curve.add(**row, loss=sum(losses) / len(losses), **score.of(training.averaged()))
            losses.clear()
            windows.refresh()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--minutes", type=float, default=900, help="CPU minutes over all restarts")
    parser.add_argument("--rate", type=float, default=4e-4, help="the highest; 2e-3 is for a start from nothing")
    parser.add_argument("--widen", type=Path, help="a file or a checkpoint of half the width to start from")
    parser.add_argument("--decoder-only", action="store_true", help="keep the latents, for a video model that knows them")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    train(Training(arguments.width, arguments.rate, arguments.minutes, arguments.widen, arguments.decoder_only))


if __name__ == "__main__":
    main()
