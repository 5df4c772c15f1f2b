"""The shipped files as the host's own modules: what a card or a benchmark says is of these, never of a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

from lab.host.modules.wan import Wan21, WanModel, WanVAE
from lab.training.vae.export import FILE as VAE_FILE
from lab.training.video import train as dit

from .folded import folded
from .vae import build, width_of


def load_vae(path: Path = VAE_FILE) -> WanVAE:
    """The VAE of a file, of whatever width; by default the shipped one."""
    weights = load_file(path)
    model = build(width_of(weights))
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    return model.eval().requires_grad_(False)


def load_dit() -> WanModel:
    model = dit.build()
    model.load_state_dict({name: value.float() for name, value in load_file(dit.FILE).items()})
    return model.eval().requires_grad_(False)


@torch.no_grad()
def encode(model: WanVAE, video: torch.Tensor) -> torch.Tensor:
    """``[F, H, W, 3]`` in 0…1 -> normalised latents ``[1, 16, T', H/8, W/8]``."""
    with folded(model), torch.autocast("cpu", dtype=torch.bfloat16):
        latent = model.encode(video.movedim(-1, 0)[None] * 2 - 1)
    return Wan21().process_in(latent.float())


@torch.no_grad()
def decode(model: WanVAE, latent: torch.Tensor) -> torch.Tensor:
    """Normalised latents ``[1, 16, T', h, w]`` -> ``[F, H, W, 3]`` in 0…1."""
    with folded(model), torch.autocast("cpu", dtype=torch.bfloat16):
        video = model.decode(Wan21().process_out(latent))
    return (video.float()[0].movedim(0, -1) / 2 + 0.5).clamp(0, 1)


@dataclass(frozen=True)
class ShippedCoder:
    """A Wan 2.1 VAE as the core's ``LatentCoder``; its own latents are the normalised ones."""

    model: WanVAE
    spatial: int = 8
    latent_format: str = "Wan21"

    def encode(self, video: torch.Tensor) -> torch.Tensor:
        return encode(self.model, video)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        return decode(self.model, latents)

    def normalise(self, latents: torch.Tensor) -> torch.Tensor:
        return latents
