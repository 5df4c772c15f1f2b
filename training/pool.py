"""Clips rendered once and kept on disk: small crops for the VAE, whole frames for the DiT.

``python -m training.pool crops --count 1000`` fills ``training/runs/crops`` with ``[17, 64, 64, 3]`` uint8 arrays;
``... frames`` fills ``training/runs/frames`` with ``[17, 128, 192, 3]``. Seeds below :data:`FIRST_TRAINING_SEED` are held out:
nothing trains on them. Already rendered seeds are kept, so that the command can be stopped and called again.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
import torch

from inversecrafter_core.synthetic import frame_times, random_scene, render
from inversecrafter_core.synthetic.render import source_intrinsics

RUNS = Path(__file__).parent / "runs"
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


def fill(kind: str, first: int, count: int) -> None:
    """Render the missing seeds of ``first … first + count`` into ``training/runs/<kind>``."""
    folder = RUNS / kind
    folder.mkdir(parents=True, exist_ok=True)
    draw = {"crops": render_crop, "frames": render_frames}[kind]
    for seed in range(first, first + count):
        target = folder / f"{seed}.npy"
        if not target.exists():
            partial = target.with_suffix(".part")
            with partial.open("wb") as file:
                np.save(file, draw(seed))
            partial.rename(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["crops", "frames"])
    parser.add_argument("--first", type=int, default=FIRST_TRAINING_SEED)
    parser.add_argument("--count", type=int, default=1000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    fill(arguments.kind, arguments.first, arguments.count)


if __name__ == "__main__":
    main()
