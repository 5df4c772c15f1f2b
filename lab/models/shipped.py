"""The shipped files and their modules: a card or a benchmark is of these, never of a checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file

from inversecrafter_core.latent_grid import WAN, LatentGrid
from lab.host.modules.wan import Wan21, WanModel, WanVAE
from lab.host.paths import ROOT

from . import vae, video
from .folded import folded

WEIGHTS = ROOT / "weights"
VAE_FILE = WEIGHTS / "vae" / "inversecrafter_small_wan_vae.safetensors"
DIT_FILE = WEIGHTS / "diffusion_models" / "inversecrafter_small_wan_t2v.safetensors"
MASK_ENCODER_FILE = WEIGHTS / "mask_encoders" / "inversecrafter_small_mask_encoder.safetensors"
DEPTH_FILE = WEIGHTS / "depth" / "inversecrafter_small_depth.safetensors"


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file as float32."""
    return {name: value.float() for name, value in load_file(path).items()}


def load_vae(path: Path = VAE_FILE) -> WanVAE:
    """Load the VAE of a file, of whatever width; by default the shipped one."""
    return vae.of_weights(read_weights(path))


def load_dit(path: Path = DIT_FILE) -> WanModel:
    """Load the video model of a file; by default the shipped one."""
    model = video.build()
    model.load_state_dict(read_weights(path))
    return model.train(False).requires_grad_(False)


@torch.no_grad()
def encode(model: WanVAE, clip: torch.Tensor) -> torch.Tensor:
    """Encode ``[F, H, W, 3]`` in 0…1 to normalised latents ``[1, 16, T', H/8, W/8]``."""
    with folded(model), torch.autocast("cpu", dtype=torch.bfloat16):
        latent = model.encode(clip.movedim(-1, 0)[None] * 2 - 1)
    return Wan21().process_in(latent.float())


@torch.no_grad()
def decode(model: WanVAE, latent: torch.Tensor) -> torch.Tensor:
    """Decode normalised latents ``[1, 16, T', h, w]`` to ``[F, H, W, 3]`` in 0…1."""
    with folded(model), torch.autocast("cpu", dtype=torch.bfloat16):
        clip = model.decode(Wan21().process_out(latent))
    return (clip.float()[0].movedim(0, -1) / 2 + 0.5).clamp(0, 1)


@dataclass(frozen=True)
class ShippedCoder:
    """A Wan 2.1 VAE as the core's ``LatentCoder``; its own latents are the normalised ones."""

    model: WanVAE
    grid: LatentGrid = WAN

    def encode(self, video: torch.Tensor) -> torch.Tensor:
        return encode(self.model, video)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        return decode(self.model, latents)

    def normalise(self, latents: torch.Tensor) -> torch.Tensor:
        return latents
