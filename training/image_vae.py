"""A small VAE of single pictures, of another architecture than the video VAE's: for measuring masks with, not for sampling.

``python -m training.image_vae --minutes 15`` trains, resumably, and exports. The layers are the host's Stable Diffusion
encoder and decoder at width 32 (group norms, attention at the bottom) on squares of 2x2 pixels: 1/8 in space, 8 latent
channels, nothing in time. The file holds their state dicts and each channel's mean and deviation over training pictures; the
host's loaders know no such width, so :func:`load` reads it.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from hosting.inprocess import use_host

use_host(cpu=True)

from comfy.ldm.modules.diffusionmodules.model import Decoder, Encoder  # noqa: E402

from .common import RUNS, Clock, Curve, export, load_checkpoint, psnr, save_checkpoint  # noqa: E402
from .optimiser import Muon  # noqa: E402
from .pool import POOL  # noqa: E402
from .pool import clip as rendered  # noqa: E402
from .vae import EDGE_WEIGHT, LATENT_NOISE, LATENT_WEIGHT, Windows, batch  # noqa: E402

RUN = RUNS / "image_vae"
FILE = RUN / "image_vae.safetensors"
"""Not shipped: after 15 minutes of a shared core it reached 21.1 dB on held-out scenes, too little to stand for anything."""
RECIPE = "python -m training.image_vae --minutes 15"
CHANNELS, SPATIAL, BATCH = 8, 8, 12
SQUARE = 2
LAYERS = {"ch": 32, "ch_mult": (1, 2, 2), "num_res_blocks": 1, "attn_resolutions": [], "resolution": 32}


class ImageVae(torch.nn.Module):
    """Pictures ``[F, 3, H, W]`` in -1...1 to latents ``[F, 8, H/8, W/8]``, normalised per channel, and back."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        shape = {**LAYERS, "in_channels": 3 * SQUARE**2, "out_ch": 3 * SQUARE**2, "z_channels": CHANNELS}
        self.encoder, self.decoder = Encoder(**shape, double_z=False), Decoder(**shape)
        self.register_buffer("mean", torch.zeros(CHANNELS))
        self.register_buffer("deviation", torch.ones(CHANNELS))
        for name, value in self.named_parameters():
            with torch.no_grad():
                _initialise(name, value)

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        latents: torch.Tensor = self.encoder(F.pixel_unshuffle(pictures, SQUARE))
        return (latents.float() - self.mean.view(-1, 1, 1)) / self.deviation.view(-1, 1, 1)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        squares = self.decoder(latents * self.deviation.view(-1, 1, 1) + self.mean.view(-1, 1, 1))
        return F.pixel_shuffle(squares.float(), SQUARE)


def _initialise(name: str, value: torch.Tensor) -> None:
    if value.ndim == 4:
        # What is added to a residual stream begins small.
        gain = 0.1 if "conv2" in name or "proj_out" in name else 1.0
        torch.nn.init.normal_(value, std=gain / value[0].numel() ** 0.5)
    else:
        value.fill_(1.0 if name.endswith("weight") else 0.0)


def load(path: Path = FILE) -> ImageVae:
    """The exported file, in float32, ready to use."""
    model = ImageVae()
    model.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return model.eval().requires_grad_(False)


def encode(model: ImageVae, pictures: torch.Tensor) -> torch.Tensor:
    """``[N, 3, H, W]`` in 0...1 to ``[N, 8, H/8, W/8]``."""
    with torch.autocast("cpu", torch.bfloat16):
        return model.encode(pictures * 2 - 1).float()


def decode(model: ImageVae, latents: torch.Tensor) -> torch.Tensor:
    """``[N, 8, h, w]`` to ``[N, 3, H, W]`` in 0...1."""
    with torch.autocast("cpu", torch.bfloat16):
        return (model.decode(latents) / 2 + 0.5).clamp(0, 1)


def loss_of(model: ImageVae, pictures: torch.Tensor) -> torch.Tensor:
    """L1 of values and of edges, from latents with a little noise, kept near the size of one."""
    with torch.autocast("cpu", torch.bfloat16):
        latents = model.encode(pictures)
        again = model.decode(latents + LATENT_NOISE * torch.randn_like(latents))
    error = again - pictures
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return error.abs().mean() + EDGE_WEIGHT * edges + LATENT_WEIGHT * latents.square().mean()


@torch.no_grad()
def score(model: ImageVae, seeds: range, frame: int = 8) -> float:
    """PSNR in dB over one whole picture of each of the pool's scenes ``seeds``."""
    truth = torch.stack([torch.from_numpy(rendered(seed)[frame]).movedim(-1, 0).float() / 255 for seed in seeds])
    return psnr(decode(model, encode(model, truth)), truth)


@torch.no_grad()
def measure(model: ImageVae, windows: Windows, rounds: int = 20) -> None:
    """Set each channel's mean and deviation from training pictures."""
    latents = torch.cat([encode(model, batch(windows, BATCH, 1)[:, :, 0] / 2 + 0.5) for _ in range(rounds)])
    channels = latents.transpose(0, 1).flatten(1) * model.deviation.view(-1, 1) + model.mean.view(-1, 1)
    model.mean.copy_(channels.mean(1))
    model.deviation.copy_(channels.std(1))


def train(minutes: float, rate: float) -> None:
    """Train until ``minutes`` are spent over all restarts, then export."""
    random.seed(0)
    torch.manual_seed(0)
    model, before = ImageVae(), load_checkpoint(RUN / "last.pt")
    optimiser, spent, step = Muon(model.parameters(), lr=rate), 0.0, 0
    if before is not None:
        model.load_state_dict(before["model"])
        optimiser.load_state_dict(before["optimiser"])
        spent, step = before["minutes"], before["step"]
    windows, clock = Windows(POOL / "frames"), Clock(minutes, spent)
    curve, saved, losses = Curve(RUN / "curve.csv", ["minutes", "step", "loss", "picture_db"]), clock.spent, list[float]()
    while clock.fraction < 1:
        for group in optimiser.param_groups:
            group["lr"] = clock.rate(rate)
        loss = loss_of(model, batch(windows, BATCH, 1)[:, :, 0])
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
        step += 1
        if clock.spent - saved > 1.5 or clock.fraction >= 1:
            saved = clock.spent
            state = {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
            save_checkpoint(RUN / "last.pt", **state, minutes=saved, step=step)
            curve.add(minutes=saved, step=step, loss=sum(losses) / len(losses), picture_db=score(model, range(4)))
            losses.clear()
    measure(model, windows)
    export(model.state_dict(), FILE, RECIPE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments.minutes, arguments.rate)


if __name__ == "__main__":
    main()
