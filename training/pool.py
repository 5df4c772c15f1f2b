"""Clips rendered once and kept on disk, ``[17, 128, 192, 3]`` uint8, in ``training/runs/world<version>``.

``training.contexts`` fills the training part; held-out clips, seeds below :data:`FIRST_TRAINING_SEED`, are rendered when they
are asked for. The folder carries the world's version, so that clips of an older world are never mixed in.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
import torch

from inversecrafter_core.synthetic import WORLD_VERSION, frame_times, random_scene, render

from .common import RUNS

POOL = RUNS / f"world{WORLD_VERSION}"
FRAMES, HEIGHT, WIDTH = 17, 128, 192
FIRST_TRAINING_SEED = 10_000


def to_bytes(colour: torch.Tensor) -> np.ndarray:
    return (colour * 255).round().to(torch.uint8).numpy()


def render_frames(seed: int) -> np.ndarray:
    """The whole picture of one scene: ``[17, 128, 192, 3]`` uint8."""
    return to_bytes(render(random_scene(seed), frame_times(FRAMES), HEIGHT, WIDTH).colour)


def keep(target: Path, save: Callable[[IO[bytes]], None]) -> None:
    """``save`` into ``target`` unless it is there; a stop on the way leaves no half file under the final name."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.part")
    with partial.open("wb") as file:
        save(file)
    partial.rename(target)


def clip_path(seed: int) -> Path:
    """Where the whole picture of a scene is kept: held-out seeds apart from training seeds."""
    return POOL / ("frames" if seed >= FIRST_TRAINING_SEED else "heldout") / f"{seed}.npy"


def clip(seed: int) -> np.ndarray:
    """``[17, 128, 192, 3]`` uint8 of a scene, rendered at the first call and read from the pool after it."""
    target = clip_path(seed)
    keep(target, lambda file: np.save(file, render_frames(seed)))
    return np.load(target)
