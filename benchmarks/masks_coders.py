"""VAEs to measure masks on, behind one face: a list of clips to normalised latents and back.

The embedded video VAE; the same shown one frame at a time, which is what it does to the first frame of any clip; a linear VAE
of single pictures; and, where ``training.image_vae`` was run, a small one of Stable Diffusion's kind. All but the first
compress in space only: a latent frame for every frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks import masks_linear
from inversecrafter_core.masks.causal import GROUP
from training import image_vae
from training.mask_targets import LatentSpace

TOGETHER = 4
"""Clips at a time: one alone is slow, many need memory."""
Transform = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Coder:
    """``to_latents``: clips ``[B, F, H, W, 3]`` in 0...1 to ``[B, C, T', H', W']``, normalised per channel; ``to_clips`` back.

    ``spatial`` and ``group``: pixels along a cell's side, frames of a causal group.
    """

    name: str
    to_latents: Transform
    to_clips: Transform
    spatial: int
    group: int

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
    return Coder("video VAE", space.encode, space.decode, space.spatial, GROUP)


def frame_by_frame(path: Path) -> Coder:
    """The same file, every frame alone."""
    space = LatentSpace(path, precision=torch.bfloat16)

    def to_latents(clips: torch.Tensor) -> torch.Tensor:
        latents = space.encode(clips.flatten(0, 1)[:, None])
        return latents[:, :, 0].unflatten(0, clips.shape[:2]).movedim(1, 2)

    def to_clips(latents: torch.Tensor) -> torch.Tensor:
        frames = space.decode(latents.movedim(1, 2).flatten(0, 1)[:, :, None])
        return frames[:, 0].unflatten(0, (len(latents), -1))

    return Coder("video VAE frame by frame", to_latents, to_clips, space.spatial, 1)


def _each_frame(name: str, encode: Transform, decode: Transform, spatial: int) -> Coder:
    """A coder of pictures ``[N, 3, H, W]`` in 0...1, shown every frame alone."""

    def to_latents(clips: torch.Tensor) -> torch.Tensor:
        return encode(clips.flatten(0, 1).movedim(-1, 1)).unflatten(0, clips.shape[:2]).movedim(2, 1)

    def to_clips(latents: torch.Tensor) -> torch.Tensor:
        return decode(latents.movedim(1, 2).flatten(0, 1)).movedim(1, -1).unflatten(0, (len(latents), -1))

    return Coder(name, to_latents, to_clips, spatial, 1)


def linear_vae() -> Coder:
    """Fitted here and now to scenes of the synthetic world."""
    model = masks_linear.fit(masks_linear.training_pictures())
    return _each_frame("linear picture VAE", model.encode, model.decode, masks_linear.CELL)


def picture_vae() -> Coder:
    """What ``training.image_vae`` made."""
    model = image_vae.load()
    return _each_frame(
        "small picture VAE",
        lambda pictures: image_vae.encode(model, pictures),
        lambda latents: image_vae.decode(model, latents),
        image_vae.SPATIAL,
    )
