"""Dense optical flow between two pictures: DIS (Kroeger et al. 2016), as OpenCV has it.

Flow is ``[h, w, 2]`` float32, (x, y) in pixels. It belongs to the first picture and points from each of its pixels to where
the second picture shows the same.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import cv2
import numpy as np
import torch

SMALLEST = 16
"""Pixels a side below which DIS finds nothing."""


class Preset(IntEnum):
    """OpenCV's presets of DIS."""

    FAST = cv2.DISOPTICAL_FLOW_PRESET_FAST
    MEDIUM = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM


class FlowEngine:
    """DIS flow between grey pictures ``[h, w]`` uint8 of one size, at least :data:`SMALLEST` pixels a side."""

    def __init__(self, preset: Preset):
        self._dis: Any = cv2.DISOpticalFlow.create(int(preset))

    def flow(self, one: np.ndarray, other: np.ndarray, initial: np.ndarray | None = None) -> np.ndarray:
        """Return the flow from ``one`` to ``other``, searched from ``initial [h, w, 2]`` where that is given."""
        return self._dis.calc(one, other, None if initial is None else np.ascontiguousarray(initial))

    def both_ways(self, one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the flow from ``one`` to ``other``, and back."""
        return self.flow(one, other), self.flow(other, one)


def grey_frames(video: torch.Tensor, size: tuple[int, int] | None = None) -> np.ndarray:
    """``[F, H, W, 3]`` in 0...1 to ``[F, h, w]`` uint8, averaged down to ``size`` (height, width) where that is given."""
    grey = []
    for frame in video.detach():
        levels = cv2.cvtColor((frame.clamp(0, 1) * 255).round().byte().cpu().numpy(), cv2.COLOR_RGB2GRAY)
        grey.append(levels if size is None else cv2.resize(levels, size[::-1], interpolation=cv2.INTER_AREA))
    return np.stack(grey)
