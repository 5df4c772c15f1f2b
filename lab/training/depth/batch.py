"""Batches for the depth network: clips of the pool and glides over photographs, mirrored, re-coloured, noisy, some standing.

All draws come from the one ``random.Random`` that is given, and from a torch generator seeded by it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from lab.data.blender.render import SKY
from lab.data.motion_clips import Motion

SIZES = ((96, 144), (96, 144), (96, 128), (112, 128), (128, 96), (80, 160))  # most clips are wide; a few are not
SMALL_SIZES = ((64, 96), (64, 96), (64, 80), (80, 80), (80, 64), (48, 112))  # the same at less than half the cost
STANDING = 0.3  # part of the clips that are one frame, repeated with fresh noise
GREY = 0.12  # part of the clips without colour
PANELS, OPACITY, SMOOTH = 0.35, (0.6, 0.97), 0.35  # part of the pictures with plain panels; log depth a panel may span
FARTHEST = 40.0  # times the clip's median depth without the sky: what lies beyond counts as there
BEHIND = (
    1.5  # the sky's depth over that of the farthest 2 %: farther, and a bright wall that is taken for sky costs a whole clip
)


Clip = tuple[np.ndarray, np.ndarray]
"""``colour [F, h, w, 3]`` uint8 and ``depth [F, h, w]``."""


@dataclass(frozen=True)
class Batch:
    """``frames [B, T, 3, h, w]`` in 0...1, ``log_depth [B, T, h, w]``, ``sky [B, T, h, w]`` bool: nothing is there, and
    ``exact [B]`` bool: truth, not a teacher's opinion.
    """

    frames: torch.Tensor
    log_depth: torch.Tensor
    sky: torch.Tensor
    exact: torch.Tensor


class Source:
    """Pools and photographs in memory, as they lie on disk. Call :meth:`refresh` while the pools still grow.

    Args:
        shares: how often each pool is drawn from, however many clips it has, where its clips are long enough.
        photos: the folder of labelled photographs.
    """

    def __init__(self, shares: Mapping[Path, float], photos: Path):
        self.shares = shares
        self.pools: dict[Path, dict[str, Clip]] = {pool: {} for pool in shares}
        self.photos = [_read(path) for path in sorted(photos.glob("*.npz"))]
        self.refresh()

    def refresh(self) -> None:
        """Take in the clips rendered since."""
        for pool, clips in self.pools.items():
            clips |= {path.name: _read(path) for path in sorted(pool.glob("*.npz")) if path.name not in clips}

    def clip(self, frames: int, rng: random.Random) -> Clip:
        """Draw a clip of at least so many frames."""
        long = {pool: [clip for clip in clips.values() if len(clip[0]) >= frames] for pool, clips in self.pools.items()}
        able = [pool for pool, clips in long.items() if clips]
        return rng.choice(long[rng.choices(able, [self.shares[pool] for pool in able])[0]])

    def described(self) -> str:
        """Return how much there is, in words."""
        rendered = " and ".join(f"{len(clips)} clips of {pool.name}" for pool, clips in self.pools.items())
        return f"{rendered}, {len(self.photos)} views of photographs"

    def batch(self, rng: random.Random, clips: int, photos: int, frames: int, small: bool = False) -> Batch:
        """Return ``clips`` of the worlds and ``photos`` glides, of ``frames`` frames and one size."""
        size = rng.choice(SMALL_SIZES if small else SIZES)
        drawn = [_window(*_moments(self.clip(frames, rng), frames, rng), size, rng) for _ in range(clips)]
        drawn += [_glide(*rng.choice(self.photos), frames, size, rng) for _ in range(photos)]
        generator = torch.Generator().manual_seed(rng.getrandbits(40))
        parts = [_disturb(colour, depth, rng, generator) for colour, depth in drawn]
        exact = torch.arange(len(parts)) < clips
        pictures, log_depth, sky = (torch.stack(part) for part in zip(*parts, strict=True))
        return Batch(pictures, log_depth, sky, exact)


def _read(path: Path) -> Clip:
    with np.load(path) as stored:
        return stored["colour"], stored["depth"]


def _moments(clip: Clip, frames: int, rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    first = rng.randrange(len(clip[0]) - frames + 1)
    colour, depth = (torch.from_numpy(part[first : first + frames]).float() for part in clip)
    return colour.permute(0, 3, 1, 2) / 255, depth


def _window(
    colour: torch.Tensor, depth: torch.Tensor, size: tuple[int, int], rng: random.Random
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a window of the wanted shape, at least seven tenths of the largest that fits, brought to ``size``."""
    height, width = depth.shape[-2:]
    largest = min(height / size[0], width / size[1])
    part = largest * (1.0 if rng.random() < 0.4 else rng.uniform(0.7, 1.0))
    h, w = round(part * size[0]), round(part * size[1])
    top, left = rng.randint(0, height - h), rng.randint(0, width - w)
    cut = (slice(top, top + h), slice(left, left + w))
    if (h, w) == size:
        return colour[..., cut[0], cut[1]], depth[..., cut[0], cut[1]]
    pixels = F.interpolate(colour[..., cut[0], cut[1]], size=size, mode="bilinear", align_corners=False, antialias=h > size[0])
    return pixels, F.interpolate(depth[:, None, cut[0], cut[1]], size=size, mode="nearest-exact")[:, 0]


def _glide(
    image: np.ndarray, depth: np.ndarray, frames: int, size: tuple[int, int], rng: random.Random
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a window that drifts and zooms over one photograph and its depth."""
    middle = np.array(image.shape[1::-1]) / 2
    scale = min(image.shape[0] / size[0], image.shape[1] / size[1]) * rng.uniform(0.55, 0.97)
    free = np.maximum(0, middle - scale * np.array(size[::-1]) / 2) / scale
    start = np.array(size[::-1]) / 2 + free * (rng.uniform(-1, 1), rng.uniform(-1, 1))
    drift = np.array([rng.uniform(-2, 2), rng.uniform(-2, 2)])
    motion = Motion(start, drift, zoom=math.log(scale), growth=rng.uniform(-0.02, 0.02))
    smooth = cv2.GaussianBlur(image, (0, 0), 0.4 * scale) if scale > 1.2 else image
    poses = [motion.pose(time, middle) for time in range(frames)]
    colours = np.stack([_sample(smooth, pose, size) for pose in poses])
    depths = np.stack([_sample(depth.astype(np.float32), pose, size) for pose in poses])
    return torch.from_numpy(colours).permute(0, 3, 1, 2).float() / 255, torch.from_numpy(depths)


def _sample(image: np.ndarray, pose: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, pose, size[::-1], flags=flags, borderMode=cv2.BORDER_REFLECT)


def hang_panel(colour: torch.Tensor, depth: torch.Tensor, rng: random.Random) -> torch.Tensor:
    """Paint up to four plain rectangles, most of them pale, onto surfaces: what is bright and plain is not always the sky."""
    height, width = depth.shape[-2:]
    for _ in range(4):
        h, w = (round(side * rng.uniform(0.12, 0.5)) for side in (height, width))
        top, left = rng.randint(0, height - h), rng.randint(0, width - w)
        inside = (..., slice(top, top + h), slice(left, left + w))
        spread = depth[inside].log()
        if depth[inside].max() >= SKY / 2 or spread.max() - spread.min() > SMOOTH:
            continue
        grey, pale = [rng.random()] * 3, [rng.uniform(0.7, 1.0) for _ in range(3)]
        paint = torch.tensor(grey if rng.random() < 0.3 else pale)
        share, colour = rng.uniform(*OPACITY), colour.clone()
        colour[inside] = (1 - share) * colour[inside] + share * paint.view(3, 1, 1)
    return colour


def _disturb(
    colour: torch.Tensor, depth: torch.Tensor, rng: random.Random, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mirror, reverse, stand still, hang up panels, re-colour, and add noise to each frame; also say where the sky is."""
    if rng.random() < 0.5:
        colour, depth = colour.flip(-1), depth.flip(-1)
    if rng.random() < 0.5:
        colour, depth = colour.flip(0), depth.flip(0)
    if rng.random() < STANDING:
        colour, depth = colour[:1].expand_as(colour), depth[:1].expand_as(depth)
    if len(colour) == 1 and rng.random() < PANELS:
        colour = hang_panel(colour, depth, rng)
    gain = torch.tensor([math.exp(rng.uniform(-0.2, 0.2)) for _ in range(3)]).view(3, 1, 1)
    colour = (colour * gain * math.exp(rng.uniform(-0.4, 0.25))).clamp(0, 1) ** math.exp(rng.uniform(-0.35, 0.35))
    if rng.random() < GREY:
        colour = colour.mean(1, keepdim=True).expand_as(colour)
    elif rng.random() < 0.3:
        colour = colour[:, rng.sample(range(3), 3)]
    noise = rng.choice((0.0, 0.008, 0.008, 0.03)) * torch.randn(colour.shape, generator=generator)
    sky = depth >= SKY / 2
    sky &= ~sky.all()  # a clip of nothing but sky would have no depth at all
    ground = depth[~sky]
    farthest = FARTHEST * float(ground.median())
    behind = BEHIND * float(np.quantile(ground.numpy(), 0.98))
    depth = torch.where(sky, min(behind, farthest), depth.clamp(min=1e-3, max=farthest))
    return (colour + noise).clamp(0, 1), depth.log(), sky
