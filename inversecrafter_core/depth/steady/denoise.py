"""Denoising of a clip's depth by the noise level that its flicker shows.

The change of a place's depth from frame to frame, minus that of the whole frame, is noise; its robust deviation is the *level*.
A bilateral filter (Tomasi and Manduchi 1998) with a range of a few levels then smooths the frames: bumps of the noise's size
vanish, larger outlines stay, and a depth without flicker is not changed. Static errors are smoothed as well, up to the size of
an outline.

Works on ``log z`` for depth kinds, on disparity as a share of its spread; ``[F, H, W]``.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import torch

from ...errors import require_same_frames
from ...flow import ClipFlow, follow
from ...flow.clip import small_maps
from ...progress import Progress
from ..protocol import RawDepth
from .stabilise import spread

RANGE = 3.0  # levels: standard deviation of the filter over values
SPACE = 0.11  # of the picture's height: standard deviation over place
LEAST = 0.02  # below this level nothing is done: depth of rendered scenes shows 0.005 by the grid alone
TO_DEVIATION = 1.4826 / 2**0.5  # of a median absolute difference of two equally noisy values


def noise_level(raw: RawDepth, flow: ClipFlow) -> float:
    """Return the standard deviation of the noise, in the units of the module's docstring; 0 if nothing can be followed.

    Args:
        raw: the clip's values.
        flow: of the same clip.
    """
    require_same_frames(depth=len(raw.values), video=len(flow.back) + 1)
    work, usable = _work(raw, flow)
    levels = []
    for t in range(len(work) - 1):
        change = (work[t + 1] - follow(work[t], flow.back[t]))[flow.followed(t, usable)]
        if change.size:
            levels.append(TO_DEVIATION * float(np.median(np.abs(change - np.median(change)))))
    return float(np.median(levels)) if levels else 0.0


def denoise(raw: RawDepth, flow: ClipFlow, level: float, progress: Progress | None = None) -> RawDepth:
    """Return the clip's values without noise of ``level``; the same object for a level below :data:`LEAST`.

    Args:
        raw: values, stabilised or not; unusable ones are not changed.
        flow: of the same clip.
        level: from :func:`noise_level`, of the values before they were stabilised.
        progress: called per frame.
    """
    if level < LEAST:
        return raw
    work, usable = _work(raw, flow)
    values = raw.values.clone().float()
    unit = _unit(raw)
    for t, frame in enumerate(work):
        # Unknown values must not affect their neighbours: they are set beyond the filter's range.
        filled = np.where(usable[t], frame, frame[usable[t]].max(initial=0.0) + 10 * RANGE * level).astype(np.float32)
        change = np.where(usable[t], cv2.bilateralFilter(filled, -1, RANGE * level, SPACE * frame.shape[0]) - filled, 0)
        # The change is smooth, unlike the values, so it is the change that is resized.
        full = torch.from_numpy(cv2.resize(change.astype(np.float32), (values.shape[2], values.shape[1])))
        values[t] = values[t] + unit * full if raw.kind == "disparity" else values[t] * full.exp()
        if progress is not None:
            progress(t + 1, len(work))
    return replace(raw, values=torch.where(raw.usable, values, raw.values))


def _unit(raw: RawDepth) -> float:
    """Return the spread of disparity; 1 for depth, whose logarithm has no unit."""
    return max(spread(raw.values[raw.usable].numpy()), 1e-12) if raw.kind == "disparity" else 1.0


def _work(raw: RawDepth, flow: ClipFlow) -> tuple[np.ndarray, np.ndarray]:
    """Return the values in working units at the flow's size, and the mask of usable ones."""
    usable = raw.usable
    work = raw.values / _unit(raw) if raw.kind == "disparity" else raw.values.clamp(min=1e-30).log()
    known = small_maps(usable.float(), flow.size) > 0
    return small_maps(torch.where(usable, work, torch.zeros_like(work)), flow.size), known
