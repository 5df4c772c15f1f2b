"""Clips of photographs for the video model: cut-outs that glide over photographs, without captions.

They look like footage where the world looks drawn. The seed gives the clip, and with it the tokens of its front cut-out, a tube
that hides it; what a moved camera would see is borrowed from clips of the world of the same shape.
"""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import torch

from lab.data import contexts
from lab.data.motion_clips import draw, moving_layers
from lab.data.pool import Shape, folder
from lab.models.token_masks import known_tokens

FIRST_PHOTOGRAPH = 40_000
KIND = "photographs"
"""Folder of their latents."""
SHOWN = 0.02
"""Share of a pixel above which the front cut-out counts as seen there."""


def photograph_clip(seed: int, shape: Shape) -> np.ndarray:
    """Return ``[F, H, W, 3]`` uint8."""
    return _drawn(seed, shape)[0]


def photograph_tubes(seed: int, shape: Shape) -> list[torch.Tensor]:
    """Return the hidden tokens ``[T', H / 16, W / 16]`` around the front cut-out of the same clip."""
    return [~known_tokens(torch.from_numpy(_drawn(seed, shape)[1] <= SHOWN))]


def _drawn(seed: int, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Return the clip, and the share of its front cut-out in every pixel."""
    return draw(moving_layers(*shape, random.Random(seed)), range(shape.frames), shape.height, shape.width)


def borrowed_warps(seed: int, shape: Shape) -> list[torch.Tensor]:
    """Return the known tokens of the warps of one of the world's clips, or nothing where no such clip was written."""
    there = _written(shape)
    return [known_tokens(view) for view in contexts.read(there[seed % len(there)], shape)[0]] if there else []


@cache
def _written(shape: Shape) -> tuple[int, ...]:
    return tuple(sorted(int(path.stem) for path in folder("warps", shape).glob("*.npz")))
