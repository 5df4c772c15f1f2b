"""Training data of the VAE: windows of rendered clips at their own and at double speed, glides, and things in motion."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch

from lab.data.motion_clips import debian_pictures, moving_clip, photo_clip, photographs, pictures

CROP = 64  # pixels, the side of most training windows
MOVING_SHARE, PHOTO_SHARE, DOUBLE_SPEED = 0.5, 0.2, 0.4


class Windows:
    """Windows of the rendered training clips; ``refresh`` reads those that a renderer has added meanwhile."""

    def __init__(self, folder: Path):
        self._folder, self._known = folder, dict[Path, np.ndarray]()
        self.refresh()

    def refresh(self) -> None:
        for path in self._folder.glob("*.npy"):
            if path not in self._known:
                self._known[path] = np.load(path)
        self._all = list(self._known.values())

    def __len__(self) -> int:
        return len(self._all)

    def any(self, frames: int, side: int, step: int = 1) -> np.ndarray:
        """Return ``[frames, side, side, 3]``: a random window and moment of a random clip, to and fro where it is too short."""
        clip = random.choice(self._all)[::step]
        top, left = (random.randrange(have - side + 1) for have in clip.shape[1:3])
        window = clip[:, top : top + side, left : left + side]
        order = [*range(len(clip)), *range(len(clip) - 2, 0, -1)]
        first = random.randrange(max(1, len(clip) - frames + 1))
        return window[[order[(first + step) % len(order)] for step in range(frames)]]


def batch(windows: Windows, clips: int, frames: int, side: int = CROP) -> torch.Tensor:
    """Return ``[clips, 3, frames, side, side]`` in -1…1: random clips, moments and directions, mirrored and re-coloured."""
    chosen = []
    for _ in range(clips):
        clip = _clip(windows, frames, side)[:: random.choice((1, -1))][:, :, :: random.choice((1, -1))]
        gain = random.uniform(0.7, 1.1)
        colour = torch.from_numpy(clip[..., random.sample(range(3), 3)].copy()).float() / 255
        chosen.append((gain * colour).clamp(max=1))
    return torch.stack(chosen).permute(0, 4, 1, 2, 3) * 2 - 1


def training_pictures() -> tuple[np.ndarray, ...]:
    """Return the photographs whose cut-outs move in training clips, as many as are installed."""
    return (*pictures(), *debian_pictures())


def _clip(windows: Windows, frames: int, side: int) -> np.ndarray:
    kind, rng = random.random(), random.Random(random.random())
    if len(windows) and (kind >= MOVING_SHARE + PHOTO_SHARE or not pictures()):
        return windows.any(frames, side, 2 if random.random() < DOUBLE_SPEED else 1)
    if kind < PHOTO_SHARE:
        return photo_clip(frames, side, rng, (*photographs(), *debian_pictures()))
    return moving_clip(frames, side, side, rng, training_pictures())
