"""Train the small Wan 2.1 VAE. ``python -m lab.training.vae.train --width 32 --minutes 900`` starts, or goes on.

Half of the clips show cut-outs of photographs moving several pixels a frame, the rest glides over photographs and the rendered
world at its own and at double speed; single pictures and long clips are among them (the causal caches look back over some
twenty latent frames, and a decoder that only ever saw three of them grows brighter with every further frame). Video goes in as
``2 v - 1``. The loss has a perceptual part where the LPIPS asset can be had.

``--minutes`` counts the CPU time of the one core it should have, so a run that shares it, or is stopped for a while, loses
nothing. ``--widen FILE`` starts from a VAE of half the width; ``--decoder-of FILE`` goes on with the decoder of a shipped file,
whose latents stay, for the models that know them. The running average of the weights is what is scored and shipped.
"""

from __future__ import annotations

import argparse
import random
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from lab.data.pool import POOL
from lab.host.paths import RUNS
from lab.metrics.lpips import load_lpips
from lab.models.precision import autocast
from lab.models.shipped import read_weights
from lab.models.vae import (
    WanVAE,
    build,
    decode,
    encode,
    of_weights,
    take_out_host_statistics,
    whole_clips,
    widened,
    width_of,
)
from lab.training.loop import Plan, Run, Task, level
from lab.training.records import load_checkpoint

from .data import CROP, Windows, batch
from .loss import PositionFavour, pixel_loss, some_frames
from .score import HeldOut

LATENT_NOISE, LATENT_WEIGHT, PERCEPTUAL_WEIGHT, SEEN_FRAMES = 0.1, 2e-3, 0.15, 3
SHAPES = (  # share of the steps, clips, frames, side
    (0.10, 12, 1, CROP),
    (0.35, 3, 9, CROP),
    (0.25, 2, 17, CROP),
    (0.15, 1, 9, 128),
    (0.10, 1, 33, CROP),
    (0.05, 1, 65, 32),
)
AVERAGE, REPORT_MINUTES = 0.999, 12.0


def run_folder(width: int, decoder_only: bool = False) -> Path:
    """Return the folder of a run's checkpoint and curve."""
    return RUNS / f"vae{width}{'decoder' if decoder_only else ''}"


class VaeTask(Task):
    """The VAE's lesson; with ``decoder_only`` its latents stay."""

    def __init__(self, model: WanVAE, decoder_only: bool = False):
        self.model, self.decoder_only = model, decoder_only
        model.encoder.requires_grad_(not decoder_only)
        model.conv1.requires_grad_(not decoder_only)
        self.favour, self.metric = PositionFavour(), load_lpips()

    @cached_property
    def windows(self) -> Windows:
        return Windows(POOL / "frames")

    @cached_property
    def held_out(self) -> HeldOut:
        return HeldOut(self.metric)

    def batch(self, step: int, along: float) -> torch.Tensor:
        """Draw ``[B, 3, F, H, W]`` in -1…1."""
        _, clips, frames, side = random.choices(SHAPES, [shape[0] for shape in SHAPES])[0]
        return batch(self.windows, clips, frames, side)

    def loss(self, video: torch.Tensor) -> torch.Tensor:
        """Return pixel, perceptual and latent loss of ``video [B, 3, F, H, W]`` in -1…1."""
        with whole_clips(self.model), autocast(torch.device("cpu")):
            with torch.set_grad_enabled(not self.decoder_only):
                latent = encode(self.model, video)
            decoded = decode(self.model, latent + LATENT_NOISE * torch.randn_like(latent))
            loss = LATENT_WEIGHT * latent.float().square().mean()
            if self.metric is not None and video.shape[-1] >= CROP:
                seen = some_frames(SEEN_FRAMES, decoded, video)
                loss = loss + PERCEPTUAL_WEIGHT * self.metric(*seen).float().mean()
        return loss + pixel_loss(decoded, video, self.favour)

    def score(self, weights: dict[str, torch.Tensor]) -> dict[str, float]:
        """Score the running average, and take in what a renderer has added to the pool."""
        self.windows.refresh()
        return self.held_out.score(of_weights(weights))

    def state(self) -> dict[str, Any]:
        return {"errors": self.favour.errors}

    def restore(self, state: dict[str, Any]) -> None:
        self.favour.errors = state["errors"]


def widen(path: Path) -> WanVAE:
    """Return a VAE of twice the width of a shipped file or of a checkpoint."""
    if path.suffix == ".pt":
        return widened(load_checkpoint(path)["average"])
    model = widened(read_weights(path))
    take_out_host_statistics(model)
    return model


def normalised(path: Path) -> WanVAE:
    """Return the VAE of a shipped file with latents of mean 0 and deviation 1."""
    weights = read_weights(path)
    model = build(width_of(weights))
    model.load_state_dict(weights)
    take_out_host_statistics(model)
    return model


def prepare(options: argparse.Namespace) -> Run:
    """Return a run that starts, or goes on from its checkpoint."""
    decoder_only = options.decoder_of is not None
    folder = run_folder(options.width, decoder_only)
    if (folder / "last.pt").exists() or not (options.widen or decoder_only):
        model = build(options.width)
    else:
        model = normalised(options.decoder_of) if decoder_only else widen(options.widen)
    plan = Plan(folder, options.minutes, options.rate, level, time.process_time, AVERAGE, report=REPORT_MINUTES)
    return Run(VaeTask(model, decoder_only), plan)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--minutes", type=float, default=900, help="CPU minutes over all restarts")
    parser.add_argument("--rate", type=float, default=4e-4, help="the highest; 2e-3 is for a start from nothing")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--widen", type=Path, help="a file or a checkpoint of half the width to start from")
    start.add_argument("--decoder-of", type=Path, help="a shipped file of this width, whose latents stay")
    torch.set_num_threads(1)
    prepare(parser.parse_args()).fit()


if __name__ == "__main__":
    main()
