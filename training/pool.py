"""Clips rendered once and kept on disk: small crops for the VAE, whole frames for the DiT.

``python -m training.pool crops --count 1000`` fills ``training/runs/world<version>/crops`` with ``[17, 64, 64, 3]`` uint8
arrays; ``... frames`` fills ``.../frames`` with ``[17, 128, 192, 3]``. Seeds below :data:`FIRST_TRAINING_SEED` are held out:
nothing trains on them. Already rendered seeds are kept, so that the command can be stopped and called again. The folder
carries the world's version, so that clips of an older world are never mixed in.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
import torch

from inversecrafter_core.synthetic import WORLD_VERSION, frame_times, random_scene, render
from inversecrafter_core.synthetic.render import source_intrinsics

RUNS = Path(__file__).parent / "runs"
POOL = RUNS / f"world{WORLD_VERSION}"
FRAMES, HEIGHT, WIDTH, CROP = 17, 128, 192, 64
FIRST_TRAINING_SEED = 10_000


def to_bytes(colour: torch.Tensor) -> np.ndarray:
    return (colour * 255).round().to(torch.uint8).numpy()


def render_frames(seed: int) -> np.ndarray:
    """The whole picture of one scene: ``[17, 128, 192, 3]`` uint8."""
    return to_bytes(render(random_scene(seed), frame_times(FRAMES), HEIGHT, WIDTH).colour)


def render_crop(seed: int) -> np.ndarray:
    """A window of one scene, ``[17, 64, 64, 3]`` uint8: only its own pixels are cast."""
    rng = random.Random(seed)
    scene = random_scene(seed)
    intrinsics = source_intrinsics(scene, FRAMES, HEIGHT, WIDTH)
    intrinsics[:, 0, 2] -= rng.randint(0, WIDTH - CROP)
    intrinsics[:, 1, 2] -= rng.randint(0, HEIGHT - CROP)
    return to_bytes(render(scene, frame_times(FRAMES), CROP, CROP, intrinsics=intrinsics).colour)


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
    _fill_one("frames", seed)
    return np.load(clip_path(seed))


def _fill_one(kind: str, seed: int) -> None:
    draw = {"crops": render_crop, "frames": render_frames}[kind]
    target = POOL / "crops" / f"{seed}.npy" if kind == "crops" else clip_path(seed)
    keep(target, lambda file: np.save(file, draw(seed)))


def fill(kind: str, first: int, count: int) -> None:
    """Render the missing seeds of ``first … first + count`` of ``kind`` (``crops`` or ``frames``) into the pool."""
    for seed in range(first, first + count):
        _fill_one(kind, seed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["crops", "frames"], help="windows of 64x64, or whole pictures of 128x192")
    parser.add_argument("--first", type=int, default=FIRST_TRAINING_SEED, help="first scene seed")
    parser.add_argument("--count", type=int, default=1000, help="how many seeds; those rendered before are kept")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    fill(arguments.kind, arguments.first, arguments.count)


if __name__ == "__main__":
    main()
