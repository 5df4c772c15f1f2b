"""Optical flow between neighbouring frames of a clip, on a small copy: what moved where, and where that can be trusted.

DIS flow (Kroeger et al. 2016, OpenCV) on grey frames of at most ``LONG_SIDE`` pixels. Flow is ``[h, w, 2]`` float32, (x, y)
in pixels of the small copy, pointing from a pixel of the frame it belongs to, to where that pixel is in the other frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch

from ..errors import require_video
from ..progress import Progress

LONG_SIDE = 384
ROUND_TRIP = 1.0  # pixels of the small copy: there and back again must end so near
GREY_CHANGE = 25  # of 255: a followed pixel must keep its brightness so well
STILL = 0.3  # pixels a frame: less motion counts as none
TEXTURE = 24  # Sobel magnitude, of 255: below it nobody can tell whether a pixel moved


@dataclass(frozen=True)
class ClipFlow:
    """Flow of a clip of F frames at ``[h, w]``; entry ``t`` belongs to the pair ``(t, t + 1)``.

    Attributes:
        back: ``[F-1, h, w, 2]``, lives in frame ``t + 1``, points into frame ``t``.
        forth: ``[F-1, h, w, 2]``, lives in frame ``t``, points into frame ``t + 1``.
        back_known: ``[F-1, h, w]`` bool, where ``back`` survives the round trip and keeps brightness.
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
        """``[h, w]`` bool: the pixels of frame ``pair + 1`` that did not move since frame ``pair``."""
        motion = np.hypot(self.back[pair, ..., 0], self.back[pair, ..., 1])
        return self.back_known[pair] & (motion < STILL)

    def followed(self, pair: int, known: np.ndarray) -> np.ndarray:
        """``[h, w]`` bool: pixels of frame ``pair + 1`` whose flow is trusted and that are ``known [F, h, w]`` at both ends."""
        origin = follow(known[pair].astype(np.float32), self.back[pair])
        return self.back_known[pair] & (known[pair + 1] > 0) & (origin > 0.99)

    def still_part(self, pair: int) -> float:
        """How much of what could show motion shows none, in 0...1. A blank sky or a black bar says nothing either way."""
        textured = self.textured[pair]
        return float(self.still(pair)[textured].mean()) if textured.mean() > 0.01 else 0.0


def clip_flow(video: torch.Tensor, long_side: int = LONG_SIDE, progress: Progress | None = None) -> ClipFlow:
    """Flow both ways between all neighbours of ``video [F, H, W, 3]`` (F >= 1; a single frame gives no pairs)."""
    video = require_video("video", video)
    grey = _small_grey(video, long_side)
    pairs = len(grey) - 1
    height, width = grey.shape[1:]
    flows = np.zeros((2, pairs, height, width, 2), np.float32)
    known = np.zeros((2, pairs, height, width), bool)
    engine: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    for t in range(pairs):
        before, after = grey[t], grey[t + 1]
        flows[0, t] = engine.calc(after, before, None)
        flows[1, t] = engine.calc(before, after, None)
        known[0, t] = _trusted(flows[0, t], flows[1, t], after, before)
        known[1, t] = _trusted(flows[1, t], flows[0, t], before, after)
        if progress is not None:
            progress(t + 1, pairs)
    textured = np.array([_structure(frame) > TEXTURE for frame in grey[1:]], bool).reshape(pairs, height, width)
    return ClipFlow(flows[0], flows[1], known[0], known[1], textured)


def follow(values: np.ndarray, flow: np.ndarray, interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """Fetch ``values [h, w]`` of the other frame at the places ``flow [h, w, 2]`` points to (edge repeated)."""
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return cv2.remap(values, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)


def resize_flow(flow: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """``[h, w, 2]`` to ``[*size, 2]``, its vectors in pixels of the new size."""
    height, width = flow.shape[:2]
    scale = np.array([size[1] / width, size[0] / height], np.float32)
    return cv2.resize(flow, (size[1], size[0]), interpolation=cv2.INTER_LINEAR) * scale


def small_maps(maps: torch.Tensor, size: tuple[int, int]) -> np.ndarray:
    """``[F, H, W]`` to ``[F, *size]`` numpy float32, nearest: depth is never averaged across an edge."""
    frames = maps.detach().cpu().float().numpy()
    return np.stack([cv2.resize(f, (size[1], size[0]), interpolation=cv2.INTER_NEAREST_EXACT) for f in frames])


def _small_grey(video: torch.Tensor, long_side: int) -> np.ndarray:
    height, width = video.shape[1:3]
    scale = min(1.0, long_side / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    frames = []
    for frame in video:
        rgb = (frame.clamp(0, 1) * 255).round().byte().cpu().numpy()
        frames.append(cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA))
    return np.stack(frames)


def _structure(grey: np.ndarray) -> np.ndarray:
    return np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))


def _trusted(flow: np.ndarray, reverse: np.ndarray, here: np.ndarray, there: np.ndarray) -> np.ndarray:
    height, width = here.shape
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    back = np.stack([follow(np.ascontiguousarray(reverse[..., i]), flow) for i in range(2)], -1)
    closes = np.hypot(*np.moveaxis(flow + back, -1, 0)) < ROUND_TRIP
    alike = np.abs(follow(there.astype(np.float32), flow) - here) < GREY_CHANGE
    return inside & closes & alike
