"""Clips rendered once and kept on disk, ``[17, 128, 192, 3]`` uint8, in ``lab/training/runs/world<version>``.

``lab.data.contexts`` fills the training part; held-out clips, seeds below :data:`FIRST_TRAINING_SEED`, are rendered when they
are first read. The folder carries the world's version, so that clips of an older world are never mixed in. For the video model
there are longer and larger clips too, :data:`OTHERS`, of other scenes and in folders of their own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import torch

from inversecrafter_core.latent_grid import WAN
from lab.host.paths import RUNS
from lab.world import WORLD_VERSION, frame_times, random_scene, render

POOL = RUNS / f"world{WORLD_VERSION}"
FRAMES, HEIGHT, WIDTH = 17, 128, 192
FIRST_TRAINING_SEED = 10_000


class Shape(NamedTuple):
    """Frames, height and width of a clip."""

    frames: int
    height: int
    width: int

    def tokens(self, latent_frames: int | None = None) -> int:
        """Return how many tokens the video model sees in that many latent frames; by default, in all."""
        length = WAN.require_frames("frames", self.frames) if latent_frames is None else latent_frames
        return length * (self.height // WAN.multiple) * (self.width // WAN.multiple)


USUAL = Shape(FRAMES, HEIGHT, WIDTH)
OTHERS = {Shape(33, HEIGHT, WIDTH): 20_000, Shape(9, 192, 288): 30_000}
"""Longer and larger training clips, and the first seed of each."""


def folder(kind: str, shape: Shape = USUAL) -> Path:
    """Return where clips, contexts or latents of a shape are kept."""
    return POOL / kind if shape == USUAL else POOL / "x".join(map(str, shape)) / kind


def to_bytes(colour: torch.Tensor) -> np.ndarray:
    return (colour * 255).round().to(torch.uint8).numpy()


def render_frames(seed: int, shape: Shape = USUAL) -> np.ndarray:
    """Return the whole picture of one scene: ``[F, H, W, 3]`` uint8."""
    return to_bytes(render(random_scene(seed), frame_times(shape.frames), shape.height, shape.width).colour)


def keep(target: Path, save: Callable[[IO[bytes]], None]) -> None:
    """``save`` into ``target`` unless it is there; a stop on the way leaves no half file under the final name."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.part")
    with partial.open("wb") as file:
        save(file)
    partial.rename(target)


def keep_arrays(target: Path, first: int, count: int, arrays_of: Callable[[int], dict[str, np.ndarray]]) -> None:
    """Write the missing ``<seed>.npz`` of the training seeds among ``first ... first + count``; a stopped run goes on."""
    for seed in range(max(first, FIRST_TRAINING_SEED), first + count):
        keep(target / f"{seed}.npz", lambda file, seed=seed: np.savez(file, **arrays_of(seed)))  # type: ignore[misc, arg-type]


def clip_path(seed: int, shape: Shape = USUAL) -> Path:
    """Return where the whole picture of a scene is kept: held-out seeds apart from training seeds."""
    return folder("frames" if seed >= FIRST_TRAINING_SEED else "heldout", shape) / f"{seed}.npy"


def clip(seed: int, shape: Shape = USUAL) -> np.ndarray:
    """Return ``[F, H, W, 3]`` uint8 of a scene, rendered at the first call and read from the pool after it."""
    target = clip_path(seed, shape)
    keep(target, lambda file: np.save(file, render_frames(seed, shape)))
    return np.load(target)
