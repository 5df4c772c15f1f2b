"""Data of the depth network: clips of two synthetic worlds with exact depth, photographs with a teacher's depth.

``python -m lab.training.depth.pool --count 700`` fills ``depth/world<version>`` in the folder of runs with ``<seed>.npz``,
``colour [FRAMES, HEIGHT, WIDTH, 3]`` uint8 and ``depth [FRAMES, HEIGHT, WIDTH]`` float16, and labels photographs with
FastDepth into ``depth/photos`` (``lab.training.depth.photographs``). Where Blender is installed,
``--blender 2800`` scenes of the second world (``lab.data.blender``), one picture each, go into ``depth/blender1``, and half as
many of things before a near wall into ``depth/wall1``. Seeds below
:data:`~lab.data.pool.FIRST_TRAINING_SEED` are held out, and so is everything the tests and benchmarks measure on.
"""

from __future__ import annotations

import argparse
import math
import random

import numpy as np
import torch

from inversecrafter_core.errors import InputError
from lab.data.blender.render import render_scenes
from lab.data.blender.scenes import WALL
from lab.data.pool import FIRST_TRAINING_SEED, keep_arrays, to_bytes
from lab.host.paths import RUNS
from lab.world import WORLD_VERSION, random_scene, render
from lab.world.render import source_intrinsics

from .photographs import label_photographs

RUN = RUNS / "depth"
POOL, BLENDER, WALLS, PHOTOS = RUN / f"world{WORLD_VERSION}", RUN / "blender1", RUN / "wall1", RUN / "photos"
FRAMES, HEIGHT, WIDTH = 4, 96, 144
BLENDER_SAMPLES = 8  # of light a pixel: more scenes teach more than cleaner ones, or than a second frame of each
STEPS = (0.02, 0.0625, 0.125, 0.3)  # seconds between frames


def render_clip(seed: int) -> dict[str, np.ndarray]:
    """Return one scene seen with a lens of random length and offset, at random moments."""
    rng = random.Random(seed)
    scene = random_scene(seed)
    times = rng.uniform(0, 0.7) + rng.choice(STEPS) * torch.arange(FRAMES)
    lens = source_intrinsics(scene, FRAMES, HEIGHT, WIDTH)
    lens[:, :2, :2] *= math.exp(rng.uniform(-0.15, 0.45))
    lens[:, 0, 2] += WIDTH * rng.uniform(-0.08, 0.08)
    lens[:, 1, 2] += HEIGHT * rng.uniform(-0.08, 0.08)
    clip = render(scene, times, HEIGHT, WIDTH, intrinsics=lens)
    return {"colour": to_bytes(clip.colour), "depth": clip.depth.clamp(max=6e4).numpy().astype(np.float16)}


def fill(first: int, count: int) -> None:
    """Render the missing seeds of ``first ... first + count``; a stopped run goes on where it was."""
    keep_arrays(POOL, first, count, render_clip)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=FIRST_TRAINING_SEED)
    parser.add_argument("--count", type=int, default=700)
    parser.add_argument("--blender", type=int, default=2800, help="scenes of the second world")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    label_photographs(PHOTOS)
    fill(arguments.first, arguments.count)
    seeds = range(max(arguments.first, FIRST_TRAINING_SEED), arguments.first + arguments.blender)
    try:
        render_scenes(seeds, BLENDER, (1, HEIGHT, WIDTH), BLENDER_SAMPLES)
        render_scenes(seeds[: len(seeds) // 2], WALLS, (1, HEIGHT, WIDTH), BLENDER_SAMPLES, WALL)
    except InputError as missing:
        print(f"no second world: {missing}")


if __name__ == "__main__":
    main()
