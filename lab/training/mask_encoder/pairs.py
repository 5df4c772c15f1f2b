"""Training pairs for the mask encoder by double reprojection: a clean clip ``x`` and what a warp and its way back leave of it.

A pair is pixels only and does not know any VAE, so it is made once and kept: ``[F, H, W, 3]`` uint8 and ``[F, H, W]`` bool, 1 =
known. A stored file holds some windows of one clip (see :func:`cut`), with the holes filled by Telea's method besides: that is
what the encoder will be shown. Depth comes from whoever has the clip: exact for the synthetic world.
"""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import torch

from inversecrafter_core.warp import fill_holes
from lab.data.motion_clips import photo_clip, photographs
from lab.data.pool import keep, to_bytes
from lab.data.reprojections import PHOTO_SHARE, MaskPair, synthetic_pair

FEW_HOLES = 0.02
"""A window with a smaller share of holes teaches little and is usually replaced by another."""


@dataclass(frozen=True)
class Window:
    """The part of every pair that is kept: frames (4k+1) and sides in pixels (multiples of 16); ``size`` None = whole."""

    frames: int = 9
    size: tuple[int, int] | None = (64, 64)
    count: int = 6


def cut(pair: MaskPair, window: Window, rng: random.Random, photo_share: float = 0.0) -> dict[str, np.ndarray]:
    """Return windows of a pair, mirrored and with their colour channels shuffled at random, as :func:`load` gives them."""
    parts = []
    for _ in range(window.count):
        video, visible = _window(pair, window, rng)
        if window.size and rng.random() < photo_share and photographs():
            glide = torch.from_numpy(photo_clip(window.frames, max(window.size), rng)).float() / 255
            video = glide[:, : window.size[0], : window.size[1]]
        parts.append((video[..., rng.sample(range(3), 3)], visible))
    return {
        "video": np.stack([to_bytes(video) for video, _ in parts]),
        "visible": np.stack([visible.numpy() for _, visible in parts]),
        "warp": np.stack([to_bytes(fill_holes(video, visible)) for video, visible in parts]),
    }


def _window(pair: MaskPair, window: Window, rng: random.Random) -> tuple[torch.Tensor, torch.Tensor]:
    frames, height, width = pair.visible.shape
    rows, columns = window.size or (height, width)
    place = (slice(0, window.frames), slice(0, rows), slice(0, columns))
    for _ in range(20):
        # Half of the windows start where a path does: at a frame that is almost free of holes.
        first = rng.choice((0, rng.randint(0, frames - window.frames)))
        top, left = rng.randint(0, height - rows), rng.randint(0, width - columns)
        drawn = (slice(first, first + window.frames), slice(top, top + rows), slice(left, left + columns))
        seen = pair.visible[drawn]
        if not bool(seen.flatten(1).any(1).all()):
            continue  # a frame of nothing but holes has nothing to fill them from
        place = drawn
        if 1 - float(seen.float().mean()) > FEW_HOLES or rng.random() < 0.1:
            break
    video, visible = pair.video[place], pair.visible[place]
    return (video.flip(2), visible.flip(2)) if rng.random() < 0.5 else (video, visible)


def write(arrays: dict[str, np.ndarray], file: IO[bytes]) -> None:
    """The arrays of :func:`cut`, the mask packed to bits."""
    np.savez(file, video=arrays["video"], warp=arrays["warp"], bits=np.packbits(arrays["visible"].reshape(-1)))


def load(path: Path) -> dict[str, np.ndarray]:
    """Return ``video`` and ``warp [K, F, h, w, 3]`` uint8, ``visible [K, F, h, w]`` bool."""
    with np.load(path) as file:
        video, warp, bits = file["video"], file["warp"], file["bits"]
    shape = video.shape[:-1]
    return {"video": video, "warp": warp, "visible": np.unpackbits(bits, count=math.prod(shape)).reshape(shape).astype(bool)}


def _write_scene(seed: int, window: Window, file: IO[bytes]) -> None:
    write(cut(synthetic_pair(seed), window, random.Random(seed), PHOTO_SHARE), file)


def folder_of(root: Path, *choices: object) -> Path:
    """Return where pairs that were made with some choices are kept."""
    return root / "mask_pairs" / hashlib.sha256(repr(choices).encode()).hexdigest()[:10]


def store(folder: Path, seeds: Iterable[int], window: Window) -> list[Path]:
    """The files of the world's ``seeds`` in ``folder``, in order; the missing ones are made, so a stopped call goes on."""
    files = []
    for seed in seeds:
        path = folder / f"{seed}.npz"
        keep(path, partial(_write_scene, seed, window))
        files.append(path)
    return files
