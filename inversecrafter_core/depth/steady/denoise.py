"""Take out of a clip's depth the noise that its own flicker betrays: the clip says how noisy it is, and so how much to smooth.

What one place's depth does from one frame to the next, beyond what the whole frame does, is noise: its robust deviation is the
*level*. Frames are then smoothed by a bilateral filter (Tomasi and Manduchi 1998) whose range is a few levels: bumps of the
noise's size go, outlines that are larger stay, and a depth that does not flicker is not touched at all. That part of an error
that stays from frame to frame is smoothed with the rest; where it is as large as an outline it stays.

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
    """Standard deviation of what flickers, in the units of the module's docstring; 0 where nothing can be followed.

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
    """The clip's values without noise of ``level``; the same object when that is below :data:`LEAST`.

    Args:
        raw: values, stabilised or not; what is not usable is left alone.
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
        # What is unknown must not draw its neighbours: it stands farther off than the filter's range reaches.
        filled = np.where(usable[t], frame, frame[usable[t]].max(initial=0.0) + 10 * RANGE * level).astype(np.float32)
        change = np.where(usable[t], cv2.bilateralFilter(filled, -1, RANGE * level, SPACE * frame.shape[0]) - filled, 0)
        # The change is smooth where the values are not, so it is what is enlarged.
        full = torch.from_numpy(cv2.resize(change.astype(np.float32), (values.shape[2], values.shape[1])))
        values[t] = values[t] + unit * full if raw.kind == "disparity" else values[t] * full.exp()
        if progress is not None:
            progress(t + 1, len(work))
    return replace(raw, values=torch.where(raw.usable, values, raw.values))


def _unit(raw: RawDepth) -> float:
    """The spread of disparity; 1 for depth, whose logarithm has no unit."""
    return max(spread(raw.values[raw.usable].numpy()), 1e-12) if raw.kind == "disparity" else 1.0


def _work(raw: RawDepth, flow: ClipFlow) -> tuple[np.ndarray, np.ndarray]:
    """Values in working units at the flow's size, and which of them can be used."""
    usable = raw.usable
    work = raw.values / _unit(raw) if raw.kind == "disparity" else raw.values.clamp(min=1e-30).log()
    known = small_maps(usable.float(), flow.size) > 0
    return small_maps(torch.where(usable, work, torch.zeros_like(work)), flow.size), known
