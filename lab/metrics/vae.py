"""Metrics of a Wan VAE by a frame's position in its group, on a thing that moves fast: errors, and a second image of it.

A Wan VAE codes frames 1, 4, 4, … to a latent frame; a frame's *position* is 0 for the clip's first and 1…4 in its group.
"""

from __future__ import annotations

import random

import numpy as np
import torch

from inversecrafter_core.latent_grid import WAN
from lab.data.assets import asset
from lab.data.motion_clips import background, cut_out, draw
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.world.photographs import read_picture

(GROUP,) = WAN.cycle
POSITIONS = 1 + GROUP
HELD_OUT_PHOTOGRAPH = "motorcycle_left"
SOLID, ABSENT, FEWEST = 0.95, 0.05, 16
"""Shares of a thing in a pixel that count as all and none of it, and the fewest pixels to measure on."""


def positions(frames: int) -> torch.Tensor:
    """Return each frame's place in its causal group, ``[frames]`` int64: 0, 1, 2, 3, 4, 1, 2, and so on."""
    return torch.tensor([0 if frame == 0 else (frame - 1) % GROUP + 1 for frame in range(frames)])


def by_position(values: torch.Tensor) -> torch.Tensor:
    """Return the means ``[..., 5]`` at each position of values a frame ``[..., F]``; NaN where there is none."""
    place = positions(values.shape[-1])
    return torch.stack([values[..., place == index].mean() for index in range(POSITIONS)])


def moving_thing(seed: int, speed: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    """Return ``[17, 128, 192, 3]`` uint8 and ``[17, 128, 192]``: a cut-out at ``speed`` pixels a frame over a still background.

    Both are out of one photograph of the stereo pair, which nothing trains on; the share is the thing's in every pixel.
    """
    path = asset(HELD_OUT_PHOTOGRAPH)
    assert path is not None, "call asset() first"
    photograph, rng = read_picture(path), random.Random(f"moving {seed}")
    behind = background(photograph, HEIGHT, WIDTH, rng)
    while behind.motion.velocity.any():
        behind = background(photograph, HEIGHT, WIDTH, rng)
    thing = cut_out(photograph, HEIGHT, WIDTH, FRAMES / 2, speed, rng)
    return draw([behind, thing], range(FRAMES), HEIGHT, WIDTH)


def psnr(decoded: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the PSNR in dB of two tensors in 0…1, of any one shape."""
    return float(-10 * (decoded - truth).square().mean().clamp(min=1e-12).log10())


def position_db(decoded: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return ``[5]`` PSNR in dB of frames ``[B, 3, F, H, W]`` in 0…1: the clip's first, and the four positions of a group."""
    return -10 * by_position((decoded - truth).square().mean((0, 1, 3, 4)).clamp(min=1e-12)).log10()


def spread(decibels: torch.Tensor) -> float:
    """Best minus worst of the four positions of a group."""
    return float(decibels[1:].max() - decibels[1:].min())


def doubling(decoded: torch.Tensor, truth: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """Return how opaque a thing's second image is where it stands at its group's last frame, or the last one before: ``[5]``.

    In a frame's pixels that the thing leaves free but fills at the other moment, the error is projected on what the thing would
    change there: 0 = no second image, 1 = as solid as the thing. The larger of the two moments; 0 at a group's last position
    only if it does not linger there either. NaN where the thing leaves too little free to say.

    Args:
        decoded, truth: ``[3, F, H, W]`` in 0…1.
        share: of the thing in every pixel, ``[F, H, W]``.
    """
    found: list[list[float]] = [[] for _ in range(POSITIONS)]
    frames = truth.shape[1]
    for frame, place in enumerate(positions(frames).tolist()):
        last = 0 if frame == 0 else ((frame - 1) // GROUP + 1) * GROUP
        moments = [other for other in (last, last - GROUP) if 0 <= other < frames and other != frame]
        images = [_second_image(decoded, truth, share, frame, other) for other in moments]
        found[place] += [max(seen)] if (seen := [image for image in images if image is not None]) else []
    return torch.tensor([float(np.mean(values)) if values else float("nan") for values in found])


def _second_image(decoded: torch.Tensor, truth: torch.Tensor, share: torch.Tensor, frame: int, other: int) -> float | None:
    there = (share[frame] < ABSENT) & (share[other] > SOLID)
    if int(there.sum()) < FEWEST:
        return None
    change = (truth[:, other] - truth[:, frame])[:, there]
    error = (decoded[:, frame] - truth[:, frame])[:, there]
    return float((error * change).sum() / change.square().sum().clamp(min=1e-6))
