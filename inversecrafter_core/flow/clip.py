"""Optical flow between neighbouring frames of a clip, at reduced size.

Flow is ``[h, w, 2]`` float32, (x, y) in pixels of the reduced size, see :mod:`.engine`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ..errors import require_video
from ..progress import Progress
from .engine import SMALLEST, FlowEngine, Preset, grey_frames
from .remap import follow
from .round_trip import round_trip

LONG_SIDE = 384
STILL = 0.3
"""Motion in pixels a frame below which a pixel counts as still."""
TEXTURE = 24
"""Sobel magnitude, of grey levels in 0...255, below which a pixel is too uniform to show motion."""


@dataclass(frozen=True)
class ClipFlow:
    """Flow of a clip of F frames at ``[h, w]``; entry ``t`` belongs to the pair ``(t, t + 1)``.

    Attributes:
        back: ``[F-1, h, w, 2]``, from the pixels of frame ``t + 1`` to frame ``t``.
        forth: ``[F-1, h, w, 2]``, from the pixels of frame ``t`` to frame ``t + 1``.
        back_known: ``[F-1, h, w]`` bool, where the round trip of ``back`` closes and brightness is constant.
        forth_known: the same for ``forth``.
        textured: ``[F-1, h, w]`` bool, pixels of frame ``t + 1`` with enough structure to show motion.
    """

    back: np.ndarray
    forth: np.ndarray
    back_known: np.ndarray
    forth_known: np.ndarray
    textured: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        return self.back.shape[1], self.back.shape[2]

    def still(self, pair: int) -> np.ndarray:
        """Return ``[h, w]`` bool: the pixels of frame ``pair + 1`` that have not moved since frame ``pair``."""
        motion = np.hypot(self.back[pair, ..., 0], self.back[pair, ..., 1])
        return self.back_known[pair] & (motion < STILL)

    def followed(self, pair: int, known: np.ndarray) -> np.ndarray:
        """Return ``[h, w]`` bool: pixels of frame ``pair + 1`` with trusted flow that are ``known [F, h, w]`` at both ends."""
        origin = follow(known[pair].astype(np.float32), self.back[pair])
        return self.back_known[pair] & (known[pair + 1] > 0) & (origin > 0.99)

    def still_part(self, pair: int) -> float:
        """Return the share of textured pixels that do not move, in 0...1; a uniform sky shows neither motion nor rest."""
        textured = self.textured[pair]
        return float(self.still(pair)[textured].mean()) if textured.mean() > 0.01 else 0.0


def clip_flow(video: torch.Tensor, long_side: int = LONG_SIDE, progress: Progress | None = None) -> ClipFlow:
    """Return the flow between all neighbouring frames of ``video [F, H, W, 3]``, in both directions.

    Args:
        video: in 0...1; a single frame gives no pairs.
        long_side: largest side in pixels at which the flow is computed.
        progress: called with (pairs done, pairs).
    """
    video = require_video("video", video)
    height, width = video.shape[1:3]
    scale = min(1.0, long_side / max(height, width))
    height, width = max(SMALLEST, round(height * scale)), max(SMALLEST, round(width * scale))
    grey = grey_frames(video, (height, width))
    pairs = len(grey) - 1
    flows = np.zeros((2, pairs, height, width, 2), np.float32)
    known = np.zeros((2, pairs, height, width), bool)
    engine = FlowEngine(Preset.FAST)
    for t in range(pairs):
        before, after = grey[t], grey[t + 1]
        flows[:, t] = back, forth = engine.both_ways(after, before)
        known[0, t] = round_trip(back, forth, after, before).closes()
        known[1, t] = round_trip(forth, back, before, after).closes()
        if progress is not None:
            progress(t + 1, pairs)
    textured = np.array([_structure(frame) > TEXTURE for frame in grey[1:]], bool).reshape(pairs, height, width)
    return ClipFlow(flows[0], flows[1], known[0], known[1], textured)


def small_maps(maps: torch.Tensor, size: tuple[int, int]) -> np.ndarray:
    """Return ``maps [F, H, W]`` at ``size``, numpy float32, by nearest neighbours, so that no edge is averaged."""
    frames = maps.detach().cpu().float().numpy()
    return np.stack([cv2.resize(f, (size[1], size[0]), interpolation=cv2.INTER_NEAREST_EXACT) for f in frames])


def _structure(grey: np.ndarray) -> np.ndarray:
    return np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
