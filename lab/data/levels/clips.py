"""Clips of two frames from the levels of Freedoom, drawn by a seed: a test for depth networks, for training never used.

Freedoom (BSD licence) is a free set of levels and pictures for Doom's engine. A camera stands at the eye height of the game,
where one of its things stands, and looks where there is something to see; the second frame is taken a small step ahead.
"""

from __future__ import annotations

import math
import random
from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from inversecrafter_core.errors import InputError
from lab.data.assets import asset, why_missing
from lab.data.blender.render import SKY, brightened

from .view import Camera, View, sector_at
from .wad import Level, Wad

WADS = ("freedoom1", "freedoom2")
UNITS = 32.0
"""Map units in a metre, about: a player is 56 tall."""
EYE, STEP = 41.0, 6.0  # height of the eyes, and the step between the frames, in map units
LENS = (50.0, 90.0)
"""Horizontal field of view in degrees."""
OPEN, NEAR, MOST_SKY = 160.0, 20.0, 0.5
"""A view's least median depth and least near depth (5 % are nearer) in map units, and most part of sky: no wall at the nose."""


@cache
def wads() -> tuple[Wad, ...]:
    """Return the two files.

    Raises:
        InputError: they cannot be had.
    """
    paths = {name: asset(name) for name in WADS}
    for name, path in paths.items():
        if path is None:
            raise InputError(name, why_missing(name), "Fetch Debian's package freedoom, or go without.")
    return tuple(Wad(path) for path in paths.values() if path is not None)


def level_clip(seed: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ``colour [2, height, width, 3]`` uint8 and ``depth [2, height, width]`` float32 in metres, sky at 60 km."""
    rng = random.Random(f"level {seed}")
    wad = rng.choice(wads())
    level = wad.level(rng.choice(wad.levels))
    while True:
        camera = _camera(level, rng)
        if _worth_seeing(View(wad, level, camera, height // 4, width // 4).depth):
            break
    ahead, _ = camera.axes
    views = [View(wad, level, replace(camera, place=camera.place + STEP * i * ahead), 2 * height, 2 * width) for i in (0, 1)]
    colour = np.stack([_shown(view.colour, height, width) for view in views])
    depth = np.stack([view.depth[::2, ::2] for view in views])
    return colour, np.where(depth < SKY, depth / UNITS, SKY).astype(np.float32)


def _camera(level: Level, rng: random.Random) -> Camera:
    place = level.things[rng.randrange(len(level.things))]["place"].astype(float)
    eye = float(sector_at(level, place)["floor"]) + EYE
    return Camera(place, eye, rng.uniform(0, 2 * math.pi), math.tan(math.radians(rng.uniform(*LENS)) / 2))


def _worth_seeing(depth: np.ndarray) -> bool:
    near, middle = np.quantile(depth, (0.05, 0.5))
    return bool(middle >= OPEN and near >= NEAR and (depth >= SKY).mean() <= MOST_SKY)


def _shown(colour: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the picture at half the size it was cast, not too dark."""
    return brightened(cv2.resize(colour.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA))
