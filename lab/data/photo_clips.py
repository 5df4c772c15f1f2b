"""Short clips out of installed photographs: a window that glides, turns and zooms over one. For what our own world lacks.

The photographs come with scikit-image and matplotlib. Those that tests measure on (the stereo pair) are not among them.
"""

from __future__ import annotations

import functools
import math
import random
from itertools import chain

import cv2
import numpy as np

from lab.world.textures import installed_pictures

NAMES = {
    "skimage": ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "coins.png"),
    "matplotlib": ("grace_hopper.jpg",),
}
FOLDERS = {"skimage": "data", "matplotlib": "mpl-data/sample_data"}
SHORT_SIDES = (100, 280)  # pixels: a window of 64 shows from a quarter to two thirds of the photograph


@functools.cache
def photographs() -> tuple[np.ndarray, ...]:
    """``[h, w, 3]`` uint8 RGB each; as many as are installed."""
    found = (installed_pictures(package, FOLDERS[package], names) for package, names in NAMES.items())
    return tuple(chain.from_iterable(found))


def photo_clip(frames: int, size: int, rng: random.Random) -> np.ndarray:
    """``[frames, size, size, 3]`` uint8: one glide over one photograph, from ``rng`` alone."""
    image = rng.choice(photographs())
    scale = rng.uniform(*SHORT_SIDES) / min(image.shape[:2])
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    image = cv2.resize(np.ascontiguousarray(image), None, fx=scale, fy=scale, interpolation=interpolation)
    start, speed = rng.uniform(-math.pi / 8, math.pi / 8), rng.uniform(0, 2.5)
    turn, zoom = rng.uniform(-0.02, 0.02), rng.uniform(-0.015, 0.015)
    heading = rng.uniform(0, 2 * math.pi)
    middle = np.array([rng.uniform(size / 2, side - size / 2) for side in (image.shape[1], image.shape[0])])
    clip = np.empty((frames, size, size, 3), np.uint8)
    for t in range(frames):
        centre = middle + speed * (t - frames / 2) * np.array([math.cos(heading), math.sin(heading)])
        angle, factor = start + turn * t, math.exp(zoom * t)
        linear = factor * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        back = np.concatenate([linear, (centre - linear @ [size / 2, size / 2])[:, None]], 1)
        clip[t] = cv2.warpAffine(
            image, back, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT
        )
    return clip
