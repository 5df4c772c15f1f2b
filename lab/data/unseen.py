"""Clips that the embedded models never saw: scenes with held-out seeds, and the real clips."""

from __future__ import annotations

import random

import torch

from inversecrafter_core.errors import InputError

from .assets import asset, why_missing
from .pool import FIRST_TRAINING_SEED, FRAMES, HEIGHT, WIDTH
from .videos import read_frames

REAL_CLIPS = ("carphone", "bikes", "bigbuckbunny")


def scene_seeds(seed: int, count: int) -> list[int]:
    """Return ``count`` different held-out scenes, other ones for every ``seed``."""
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
        raise InputError(name, f"not there: {why_missing(name)}", "Run with a network once.")
    numbers = range(first, first + frames * step, step)
    found = read_frames(path, numbers, (height, width))
    if len(found) < frames:
        raise InputError(name, f"only {len(found)} of {frames} frames from {first} on", "Ask for fewer, or start earlier.")
    return torch.stack([found[number] for number in numbers])
