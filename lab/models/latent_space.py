"""Any Wan VAE that the host reads, as clips to normalised latents and back; and the latent mask that a learner should match."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.latent_grid import GRIDS
from inversecrafter_core.masks import difference_mask
from lab.host.modules.loaders import VAE, load_torch_file
from lab.host.modules.wan import Wan21, Wan22, WanVAE, WanVAE22

from .folded import folded

SCALE = 1.0
"""``s`` of the paper's equation 5, ``h = 1 - tanh(s |E(x) - E(fill(m x))|)``, on latents normalised per channel."""
FORMATS: dict[int, Any] = {16: Wan21, 48: Wan22}


def autocast(device: torch.device, precision: torch.dtype) -> torch.autocast:
    """Return mixed precision where ``precision`` is a half one, and nothing for float32."""
    half = precision != torch.float32
    return torch.autocast(device.type, precision if half else torch.bfloat16, enabled=half)


class LatentSpace:
    """A Wan VAE file between clips ``[B, F, H, W, 3]`` in 0...1 and normalised latents ``[B, C, T', H', W']``, float32."""

    def __init__(self, path: Path, device: torch.device | str = "cpu", precision: torch.dtype = torch.float32):
        wrapped = VAE(sd=load_torch_file(str(path)))
        inner, self.channels = wrapped.first_stage_model, wrapped.latent_channels
        if not isinstance(inner, WanVAE | WanVAE22) or self.channels not in FORMATS:
            raise InputError("--vae", f"{path.name} is a {type(inner).__name__}", "Give a Wan VAE of 16 or 48 channels.")
        self.model, self.device = inner.float().train(False).to(device), torch.device(device)
        self.format = FORMATS[self.channels]()
        self.grid = next(grid for grid in GRIDS if grid.latent_format == FORMATS[self.channels].__name__)
        self.precision, self.name = precision, path.name
        self.digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]

    @torch.no_grad()
    def encode(self, clips: torch.Tensor) -> torch.Tensor:
        """Encode clips."""
        shown = clips.to(self.device, torch.float32).movedim(-1, 1) * 2 - 1
        with folded(self.model), autocast(self.device, self.precision):
            latents = self.model.encode(shown)
        return self.format.process_in(latents.float())

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Decode normalised latents."""
        with folded(self.model), autocast(self.device, self.precision):
            video = self.model.decode(self.format.process_out(latents.to(self.device)))
        return (video.float().movedim(1, -1) / 2 + 0.5).clamp(0, 1)

    def wanted(self, clips: torch.Tensor, warps: torch.Tensor) -> torch.Tensor:
        """Return ``h_gt [B, C, T', H', W']`` of clean clips and of the same with their holes infilled, ``[B, F, H, W, 3]``."""
        clean, filled = self.encode(torch.cat([clips, warps])).chunk(2)
        return difference_mask(clean, filled, SCALE)
