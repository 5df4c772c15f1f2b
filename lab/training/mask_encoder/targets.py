"""What a mask encoder should answer: ``h_gt`` of stored pairs, for one VAE, kept beside them under the VAE's own hash.

``h_gt = 1 - tanh(s |E(x) - E(fill(m x))|)`` on latents normalised per channel, ``s = 1``: eq. 5, the masked clip infilled as
section 4.2 has it, with the scale that the benchmarks measure against. Any Wan VAE that the host reads will do.
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.masks import difference_mask
from lab.data.pool import keep
from lab.host.modules.loaders import VAE, load_torch_file
from lab.host.modules.wan import Wan21, Wan22, WanVAE, WanVAE22
from lab.models.folded import folded

from .pairs import load

SCALE = 1.0
FORMATS: dict[int, Any] = {16: Wan21, 48: Wan22}
WAN_VAES = (WanVAE, WanVAE22)


def autocast(device: torch.device, precision: torch.dtype) -> torch.autocast:
    """Mixed precision where ``precision`` is a half one; nothing for float32."""
    half = precision != torch.float32
    return torch.autocast(device.type, precision if half else torch.bfloat16, enabled=half)


class LatentSpace:
    """A Wan VAE file as clips ``[B, F, H, W, 3]`` in 0...1 to normalised latents ``[B, C, T', H', W']``, float32."""

    def __init__(self, path: Path, device: torch.device | str = "cpu", precision: torch.dtype = torch.float32):
        wrapped = VAE(sd=load_torch_file(str(path)))
        inner, self.channels = wrapped.first_stage_model, wrapped.latent_channels
        if not isinstance(inner, WAN_VAES) or self.channels not in FORMATS:
            raise InputError("--vae", f"{path.name} is a {type(inner).__name__}", "Give a Wan VAE of 16 or 48 channels.")
        self.model, self.device = inner.float().eval().to(device), torch.device(device)
        self.format, self.spatial = FORMATS[self.channels](), wrapped.spacial_compression_encode()
        self.precision, self.name = precision, path.name
        self.digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]

    @torch.no_grad()
    def encode(self, clips: torch.Tensor) -> torch.Tensor:
        shown = clips.to(self.device, torch.float32).movedim(-1, 1) * 2 - 1
        with folded(self.model), autocast(self.device, self.precision):
            latents = self.model.encode(shown)
        return self.format.process_in(latents.float())

    @torch.no_grad()
    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        """Normalised latents ``[B, C, T', H', W']`` back to clips in 0...1."""
        with folded(self.model), autocast(self.device, self.precision):
            video = self.model.decode(self.format.process_out(latents.to(self.device)))
        return (video.float().movedim(1, -1) / 2 + 0.5).clamp(0, 1)

    def wanted(self, clips: torch.Tensor, warps: torch.Tensor) -> torch.Tensor:
        """``h_gt [B, C, T', H', W']`` of clean clips and of the same with their holes infilled, ``[B, F, H, W, 3]``."""
        clean, filled = self.encode(torch.cat([clips, warps])).chunk(2)
        return difference_mask(clean, filled, SCALE)


def target_path(pair: Path, space: LatentSpace) -> Path:
    return pair.parent / f"infilled_{space.digest}" / f"{pair.stem}.npy"


def encode_targets(pairs: list[Path], space: LatentSpace) -> None:
    """``h_gt`` of every stored pair, ``[K, C, T', h', w']`` float16; what is there is kept."""
    for pair in pairs:
        keep(target_path(pair, space), partial(_write_wanted, pair, space))


def _write_wanted(pair: Path, space: LatentSpace, file: IO[bytes]) -> None:
    arrays = load(pair)
    clips, warps = (torch.from_numpy(arrays[name]).to(space.device).float() / 255 for name in ("video", "warp"))
    np.save(file, space.wanted(clips, warps).half().cpu().numpy())
