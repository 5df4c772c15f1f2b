"""Wan VAEs of any kind between clips and normalised latents: the one coder of lab, which is the core's ``LatentCoder`` too."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.latent_grid import GRIDS, WAN, LatentGrid
from inversecrafter_core.masks import difference_mask
from lab.host.modules.wan import Wan21, Wan22, WanVAE, WanVAE22

from .folded import folded
from .precision import autocast

SCALE = 1.0
"""``s`` of the paper's equation 5, ``h = 1 - tanh(s |E(x) - E(fill(m x))|)``, on latents normalised per channel."""
FORMATS: dict[int, Any] = {16: Wan21, 48: Wan22}


def digest_of(file: Path) -> str:
    """Return a short name for the contents of a file of weights."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]


@dataclass(frozen=True)
class Coder:
    """A Wan VAE with its latent format; latents are ``[B, C, T', H', W']``, float32, and always the normalised ones.

    Attributes:
        precision: of its convolutions.
        digest: of the file, where it was read from one, to name what is kept with its latents.
    """

    model: WanVAE | WanVAE22
    format: Any
    grid: LatentGrid = WAN
    precision: torch.dtype = torch.bfloat16
    name: str = ""
    digest: str = ""

    @classmethod
    def read(cls, path: Path, device: torch.device | str = "cpu", precision: torch.dtype = torch.float32) -> Coder:
        """Read any Wan VAE that the host reads. Raises InputError for another VAE."""
        from lab.host.modules.loaders import VAE, load_torch_file

        wrapped = VAE(sd=load_torch_file(str(path)))
        inner, channels = wrapped.first_stage_model, wrapped.latent_channels
        if not isinstance(inner, WanVAE | WanVAE22) or channels not in FORMATS:
            raise InputError("--vae", f"{path.name} is a {type(inner).__name__}", "Give a Wan VAE of 16 or 48 channels.")
        digest = digest_of(path)
        model = inner.float().train(False).to(device)
        grid = next(grid for grid in GRIDS if grid.latent_format == FORMATS[channels].__name__)
        return cls(model, FORMATS[channels](), grid, precision, path.name, digest)

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        return self.format.latent_channels

    @property
    def device(self) -> torch.device:
        """Place of the weights."""
        return next(self.model.parameters()).device

    @torch.no_grad()
    def encode(self, video: torch.Tensor) -> torch.Tensor:
        """Encode a clip ``[F, H, W, 3]`` in 0...1, or several ``[B, F, H, W, 3]``."""
        clips = video if video.ndim == 5 else video[None]
        with folded(self.model), autocast(self.device, self.precision):
            latents = self.model.encode(clips.to(self.device, torch.float32).movedim(-1, 1) * 2 - 1)
        return self.format.process_in(latents.float())

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Decode the latents of one clip to ``[F, H, W, 3]`` in 0...1."""
        with folded(self.model), autocast(self.device, self.precision):
            video = self.model.decode(self.format.process_out(latents.to(self.device)))
        return (video.float()[0].movedim(0, -1) / 2 + 0.5).clamp(0, 1)

    def normalise(self, latents: torch.Tensor) -> torch.Tensor:
        """Return the latents: they are normalised."""
        return latents

    def wanted(self, clips: torch.Tensor, warps: torch.Tensor) -> torch.Tensor:
        """Return ``h_gt [B, C, T', H', W']`` of clean clips and of the same with their holes infilled, ``[B, F, H, W, 3]``."""
        clean, filled = self.encode(torch.cat([clips, warps])).chunk(2)
        return difference_mask(clean, filled, SCALE)
