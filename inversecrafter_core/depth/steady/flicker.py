"""Flicker of a depth video: the change of a point's depth from one frame to the next, in percent.

Each pixel of frame t+1 is followed back to frame t by optical flow; where that is reliable the change is ``|log z(t+1) -
log z(t)|``. In a static clip this is the relative change from frame to frame. The approach of a camera adds to the figure, so
it compares two depths of one clip, not two clips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ...errors import require_same_frames
from ...flow import ClipFlow, follow
from ...flow.clip import small_maps

TRIM = 0.1  # part of the largest changes left out: occlusion edges that flow missed by a pixel


@dataclass(frozen=True)
class Flicker:
    """``percent``: mean over pairs; ``per_pair``: one figure for each pair of neighbours, NaN-free, empty for one frame."""

    percent: float
    per_pair: list[float]

    def __str__(self) -> str:
        return f"{self.percent:.2f} % a frame"


def measure_flicker(depth: torch.Tensor, flow: ClipFlow, valid: torch.Tensor | None = None) -> Flicker:
    """Return the flicker of ``depth [F, H, W]`` (positive) along its clip's flow; ``valid [F, H, W]`` restricts it.

    Pairs without a trusted pixel (a cut) count as zero change.
    """
    require_same_frames(depth=len(depth), video=len(flow.back) + 1)
    logs = np.log(small_maps(depth, flow.size))
    usable = np.ones(logs.shape, np.float32) if valid is None else small_maps(valid.float(), flow.size)
    changes = []
    for t in range(len(logs) - 1):
        change = np.abs(logs[t + 1] - follow(logs[t], flow.back[t]))[flow.followed(t, usable)]
        changes.append(100 * _trimmed_mean(change))
    return Flicker(float(np.mean(changes)) if changes else 0.0, changes)


def _trimmed_mean(values: np.ndarray) -> float:
    if values.size == 0:
        return 0.0
    kept = max(1, int(values.size * (1 - TRIM)))
    return float(np.partition(values, kept - 1)[:kept].mean())
