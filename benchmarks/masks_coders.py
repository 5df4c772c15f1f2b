"""The video VAE to measure masks on: a list of clips to normalised latents and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from training.mask_targets import LatentSpace

TOGETHER = 4
"""Clips at a time: one alone is slow, many need memory."""
Transform = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Coder:
    """``to_latents``: clips ``[B, F, H, W, 3]`` in 0...1 to ``[B, C, T', H', W']``, normalised per channel; ``to_clips`` back.

    ``spatial``: pixels along a cell's side.
    """

    name: str
    to_latents: Transform
    to_clips: Transform
    spatial: int

    def encode(self, clips: list[torch.Tensor]) -> list[torch.Tensor]:
        """``[1, C, T', H', W']`` each."""
        return _in_parts(self.to_latents, torch.stack(clips))

    def decode(self, latents: list[torch.Tensor]) -> list[torch.Tensor]:
        """``[F, H, W, 3]`` each."""
        return [clip[0] for clip in _in_parts(self.to_clips, torch.cat(latents))]


def _in_parts(transform: Transform, batch: torch.Tensor) -> list[torch.Tensor]:
    with torch.inference_mode():
        return [one[None] for part in batch.split(TOGETHER) for one in transform(part)]


def video_vae(path: Path) -> Coder:
    """A Wan VAE file, causal in time."""
    space = LatentSpace(path, precision=torch.bfloat16)
    return Coder("video VAE", space.encode, space.decode, space.spatial)
