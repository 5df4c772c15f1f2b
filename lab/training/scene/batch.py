"""Batches for the scene network: moments of the pool's clips, mirrored, reversed, cut, re-coloured and noisy.

All draws come from the one ``random.Random`` that is given, and from a torch generator seeded by it.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from inversecrafter_core.scene.network import CELL

from .loss import Truth

WINDOWS = ((128, 192), (128, 192), (112, 192), (128, 144), (96, 192))
"""Heights and widths of what a batch sees of its clips."""
RUNS = 0.7
"""Share of clips whose moments follow each other without a gap."""
NOISES = (0.0, 0.008, 0.02)


@dataclass(frozen=True)
class Batch:
    """``frames [B, T, 3, h, w]`` in 0...1 and the truth about them."""

    frames: torch.Tensor
    truth: Truth

    def to(self, device: torch.device) -> Batch:
        """Return the batch on ``device``."""
        truth = (self.truth.log_depth, self.truth.camera_to_world, self.truth.focal)
        return Batch(self.frames.to(device), Truth(*(part.to(device) for part in truth)))


@dataclass(frozen=True)
class Moments:
    """One clip: ``colour [T, H, W, 3]`` uint8, ``depth [T, h, w]``, ``camera_to_world [T, 4, 4]`` and its focal length."""

    colour: np.ndarray
    depth: np.ndarray
    camera_to_world: np.ndarray
    focal: float

    @classmethod
    def read(cls, path: Path) -> Moments:
        """Read a file of the pool."""
        with np.load(path) as stored:
            return cls(stored["colour"], stored["depth"], stored["camera_to_world"], float(stored["focal"]))


class Source:
    """The pool in memory, as it lies on disk. Call :meth:`refresh` while it still grows."""

    def __init__(self, pool: Path):
        self.pool = pool
        self.clips: dict[str, Moments] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take in the clips rendered since."""
        found = sorted(self.pool.glob("*.npz"))
        self.clips |= {path.name: Moments.read(path) for path in found if path.name not in self.clips}

    def batch(self, rng: random.Random, clips: int, frames: int) -> Batch:
        """Return ``frames`` moments of each of ``clips`` clips, in one window size."""
        window, known = rng.choice(WINDOWS), list(self.clips.values())
        generator = torch.Generator().manual_seed(rng.getrandbits(40))
        parts = [_one(rng.choice(known), frames, window, rng, generator) for _ in range(clips)]
        colours, depths, poses, focal = zip(*parts, strict=True)
        return Batch(torch.stack(colours), Truth(torch.stack(depths), torch.stack(poses), torch.tensor(focal)))


def _one(
    clip: Moments, frames: int, window: tuple[int, int], rng: random.Random, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, float]:
    """Return colour, log depth, poses and focal length of some moments of a clip, disturbed."""
    first = rng.randrange(len(clip.colour) - frames + 1)
    chosen = list(range(first, first + frames)) if rng.random() < RUNS else sorted(rng.sample(range(len(clip.colour)), frames))
    chosen = chosen[::-1] if rng.random() < 0.5 else chosen
    # A window is centred, so that the optical axis stays in its middle.
    cut = [slice((full - size) // 2, (full + size) // 2) for full, size in zip(clip.colour.shape[1:3], window, strict=True)]
    cells = [slice(part.start // CELL, part.stop // CELL) for part in cut]
    colour = torch.from_numpy(clip.colour[chosen][:, cut[0], cut[1]]).permute(0, 3, 1, 2).float() / 255
    depth = torch.from_numpy(clip.depth[chosen][:, cells[0], cells[1]]).float().log()
    poses = torch.from_numpy(clip.camera_to_world[chosen])
    poses = torch.linalg.inv(poses[:1]) @ poses
    if rng.random() < 0.5:
        mirror = torch.diag(torch.tensor([-1.0, 1.0, 1.0, 1.0]))
        colour, depth, poses = colour.flip(-1), depth.flip(-1), mirror @ poses @ mirror
    return _recoloured(colour, rng, generator), depth, poses, clip.focal


def _recoloured(colour: torch.Tensor, rng: random.Random, generator: torch.Generator) -> torch.Tensor:
    gain = torch.tensor([math.exp(rng.uniform(-0.15, 0.15)) for _ in range(3)]).view(3, 1, 1)
    colour = (colour * gain * math.exp(rng.uniform(-0.3, 0.2))).clamp(0, 1) ** math.exp(rng.uniform(-0.3, 0.3))
    if rng.random() < 0.4:
        colour = colour[:, rng.sample(range(3), 3)]
    return (colour + rng.choice(NOISES) * torch.randn(colour.shape, generator=generator)).clamp(0, 1)
