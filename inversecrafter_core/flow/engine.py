"""Dense optical flow between two pictures: OpenCV's DIS (Kroeger et al. 2016).

Flow is ``[h, w, 2]`` float32, (x, y) in pixels, from each pixel of the first picture to its match in the second.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import cv2
import numpy as np
import torch

from ..errors import InputError

SMALLEST = 16
"""Smallest side in pixels that DIS accepts."""


class Preset(IntEnum):
    """Presets of OpenCV's DIS."""

    FAST = cv2.DISOPTICAL_FLOW_PRESET_FAST
    MEDIUM = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM


class FlowEngine:
    """DIS flow between grey pictures ``[h, w]`` uint8 of one size, at least :data:`SMALLEST` pixels a side."""

    def __init__(self, preset: Preset):
        self._dis: Any = cv2.DISOpticalFlow.create(int(preset))

    def flow(self, one: np.ndarray, other: np.ndarray, initial: np.ndarray | None = None) -> np.ndarray:
        """Return the flow from ``one`` to ``other``; ``initial [h, w, 2]`` initialises the search.

        Raises:
            InputError: pictures too small for it.
        """
        height, width = one.shape
        if min(height, width) < SMALLEST:
            raise InputError("video", f"size {width}x{height}", f"Optical flow needs at least {SMALLEST} pixels a side.")
        return self._dis.calc(one, other, None if initial is None else np.ascontiguousarray(initial))

    def both_ways(self, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the flow from ``one`` to ``other`` and that from ``other`` to ``one``."""
        return self.flow(one, other), self.flow(other, one)


def grey_frames(video: torch.Tensor, size: tuple[int, int] | None = None) -> np.ndarray:
    """Return the grey levels ``[F, h, w]`` uint8 of ``video [F, H, W, 3]`` in 0...1, averaged down to ``size`` if given."""
    grey = []
    for frame in video.detach():
        levels = cv2.cvtColor((frame.clamp(0, 1) * 255).round().byte().cpu().numpy(), cv2.COLOR_RGB2GRAY)
        grey.append(levels if size is None else cv2.resize(levels, size[::-1], interpolation=cv2.INTER_AREA))
    return np.stack(grey)
