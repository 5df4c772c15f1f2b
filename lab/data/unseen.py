"""What the embedded models never saw: scenes with held-out seeds, and the real clips."""

from __future__ import annotations

import random

import cv2
import numpy as np
import torch

from inversecrafter_core.errors import InputError

from .assets import asset, why_missing
from .pool import FIRST_TRAINING_SEED, FRAMES, HEIGHT, WIDTH

REAL_CLIPS = ("carphone", "bikes", "bigbuckbunny")


def scene_seeds(seed: int, count: int) -> list[int]:
    """``count`` different held-out scenes, other ones for every ``seed``."""
    return random.Random(f"unseen {seed}").sample(range(FIRST_TRAINING_SEED), count)


def real_clip(
    name: str, frames: int = FRAMES, height: int = HEIGHT, width: int = WIDTH, first: int = 0, step: int = 1
) -> torch.Tensor:
    """``[frames, height, width, 3]`` in 0...1: the middle of every ``step``-th picture from ``first`` on, made small by area.

    Raises:
        InputError: the clip cannot be had here, or it is too short.
    """
    path = asset(name)
    if path is None:
        raise InputError(name, f"not there: {why_missing(name)}", "Run again with a network.")
    capture, pictures = cv2.VideoCapture(str(path)), []
    for index in range(first + (frames - 1) * step + 1):
        read, picture = capture.read()
        if not read:
            raise InputError(name, f"only {index} frames", "Ask for fewer, or start earlier.")
        if index >= first and (index - first) % step == 0:
            pictures.append(_fit(picture, height, width))
    capture.release()
    return torch.from_numpy(np.stack(pictures)[..., ::-1].copy()).float() / 255


def _fit(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    """Cut the middle of the wanted shape out and bring it to size."""
    scale = min(picture.shape[0] / height, picture.shape[1] / width)
    tall, wide = round(height * scale), round(width * scale)
    top, left = (picture.shape[0] - tall) // 2, (picture.shape[1] - wide) // 2
    interpolation = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
    return cv2.resize(picture[top : top + tall, left : left + wide], (width, height), interpolation=interpolation)
