"""A linear VAE of single pictures, fitted in closed form: as unlike the video VAE as a VAE can be, and made in seconds.

Encoding: the strongest principal components of overlapping windows of 16x16 pixels, one window for every cell of 8x8, brought
to zero mean and unit deviation. Decoding: each cell's pixels by least squares from the latents of the 3x3 cells around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from inversecrafter_core.synthetic import frame_times, random_scene, render
from training.pool import FIRST_TRAINING_SEED

from .masks_cases import FRAMES, HEIGHT, WIDTH

CELL, REACH, CHANNELS, SCENES = 8, 4, 16, 32
"""Pixels along a cell, pixels that a window sees beyond it, latent channels, scenes that it is fitted to."""


@dataclass(frozen=True)
class LinearVae:
    """Pictures ``[N, 3, H, W]`` in 0...1 to latents ``[N, C, H/8, W/8]`` and back.

    ``analysis [C, 3, 16, 16]`` and ``offset [C]``; ``synthesis [192, C, 3, 3]`` and ``rest [192]``, a cell's pixels as
    :func:`torch.nn.functional.pixel_shuffle` takes them.
    """

    analysis: torch.Tensor
    offset: torch.Tensor
    synthesis: torch.Tensor
    rest: torch.Tensor

    def encode(self, pictures: torch.Tensor) -> torch.Tensor:
        return F.conv2d(_around(pictures, REACH), self.analysis, self.offset, stride=CELL)

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        return F.pixel_shuffle(F.conv2d(_around(latents, 1), self.synthesis, self.rest), CELL).clamp(0, 1)


def _around(planes: torch.Tensor, width: int) -> torch.Tensor:
    return F.pad(planes, (width,) * 4, mode="replicate")


def training_pictures() -> torch.Tensor:
    """Three frames each of :data:`SCENES` training scenes, ``[N, 3, H, W]``."""
    times = frame_times(FRAMES)[:: FRAMES // 2]
    seeds = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + SCENES)
    clips = [render(random_scene(seed), times, HEIGHT, WIDTH).colour for seed in seeds]
    return torch.cat(clips).movedim(-1, 1).contiguous()


def fit(pictures: torch.Tensor) -> LinearVae:
    """Principal components for the way in, least squares for the way back."""
    side = CELL + 2 * REACH
    windows = F.unfold(_around(pictures, REACH), side, stride=CELL).movedim(1, 2).flatten(0, 1)
    mean = windows.mean(0)
    values, vectors = torch.linalg.eigh((windows - mean).T @ (windows - mean) / len(windows))
    components = (vectors[:, -CHANNELS:] / values[-CHANNELS:].sqrt()).T.flip(0)
    analysis, offset = components.reshape(CHANNELS, 3, side, side), -(components @ mean)
    latents = F.conv2d(_around(pictures, REACH), analysis, offset, stride=CELL)
    seen = F.unfold(_around(latents, 1), 3).movedim(1, 2).flatten(0, 1)
    wanted = F.pixel_unshuffle(pictures, CELL).movedim(1, -1).flatten(0, 2)
    solved = torch.linalg.lstsq(torch.cat([seen, torch.ones(len(seen), 1)], 1), wanted).solution
    return LinearVae(analysis, offset, solved[:-1].T.reshape(-1, CHANNELS, 3, 3).contiguous(), solved[-1].contiguous())
