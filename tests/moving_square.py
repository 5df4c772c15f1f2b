"""A clip whose every mask is known: a dotted square walks over a mottled wall."""

from __future__ import annotations

import cv2
import numpy as np
import torch

HEIGHT, WIDTH, SIDE = 64, 96, 24


def mottled(height: int, width: int, colour: tuple[float, float, float], seed: int) -> np.ndarray:
    """Soft noise around a colour, ``[H, W, 3]``."""
    noise = np.random.default_rng(seed).standard_normal((height, width, 1)).astype(np.float32)
    return np.clip(np.float32(colour) + 0.5 * cv2.GaussianBlur(noise, (0, 0), 2.5)[..., None], 0, 1)


def square_clip(
    frames: int = 9, step: tuple[int, int] = (3, 1), start: tuple[int, int] = (12, 16), colour=(0.2, 0.3, 0.8)
) -> tuple[torch.Tensor, torch.Tensor]:
    """The clip ``[F, H, W, 3]`` and where the square is, ``[F, H, W]`` bool; ``start`` and ``step`` are (x, y) in pixels."""
    wall, thing = mottled(HEIGHT, WIDTH, (0.6, 0.55, 0.4), 1), mottled(SIDE, SIDE, colour, 2)
    clip, inside = np.repeat(wall[None], frames, 0), np.zeros((frames, HEIGHT, WIDTH), bool)
    for t in range(frames):
        left, top = start[0] + t * step[0], start[1] + t * step[1]
        columns = slice(min(WIDTH, max(0, left)), min(WIDTH, max(0, left + SIDE)))
        rows = slice(min(HEIGHT, max(0, top)), min(HEIGHT, max(0, top + SIDE)))
        shown = thing[max(0, -top) : max(0, -top) + rows.stop - rows.start, max(0, -left) :]
        clip[t, rows, columns] = shown[:, : columns.stop - columns.start]
        inside[t, rows, columns] = True
    return torch.from_numpy(clip), torch.from_numpy(inside)


def recoloured(clip: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """The clip with the square's red and blue changed about."""
    return torch.where(inside[..., None], clip.flip(-1), clip)


def overlap(one: torch.Tensor, two: torch.Tensor) -> float:
    """Intersection over union."""
    return float((one & two).sum() / (one | two).sum())
