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

from ..errors import require_same_frames
from .estimator import Progress, RawDepth
from .flow import ClipFlow, follow, small_maps

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
        known = flow.back_known[t] & usable[t + 1] & (follow(usable[t].astype(np.float32), flow.back[t]) > 0.99)
        change = (work[t + 1] - follow(work[t], flow.back[t]))[known]
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
    spread = _spread(raw)
    for t, frame in enumerate(work):
        # What is unknown must not draw its neighbours: it stands farther off than the filter's range reaches.
        filled = np.where(usable[t], frame, frame[usable[t]].max(initial=0.0) + 10 * RANGE * level).astype(np.float32)
        change = np.where(usable[t], cv2.bilateralFilter(filled, -1, RANGE * level, SPACE * frame.shape[0]) - filled, 0)
        # The change is smooth where the values are not, so it is what is enlarged.
        full = torch.from_numpy(cv2.resize(change.astype(np.float32), (values.shape[2], values.shape[1])))
        values[t] = values[t] + spread * full if raw.kind == "disparity" else values[t] * full.exp()
        if progress is not None:
            progress(t + 1, len(work))
    return replace(raw, values=torch.where(_usable(raw), values, raw.values))


def _usable(raw: RawDepth) -> torch.Tensor:
    finite = torch.isfinite(raw.values)
    return finite if raw.kind == "disparity" else finite & (raw.values > 0)


def _spread(raw: RawDepth) -> float:
    """Distance between the 10th and the 90th percentile of disparity; 1 for depth."""
    if raw.kind != "disparity":
        return 1.0
    known = raw.values[_usable(raw)].float().flatten()
    low, high = torch.quantile(known[:: max(1, len(known) // 500_000)], torch.tensor([0.1, 0.9])).tolist()
    return max(high - low, 1e-12)


def _work(raw: RawDepth, flow: ClipFlow) -> tuple[np.ndarray, np.ndarray]:
    """Values in working units at the flow's size, and which of them can be used."""
    usable = _usable(raw)
    work = raw.values / _spread(raw) if raw.kind == "disparity" else raw.values.clamp(min=1e-30).log()
    known = small_maps(usable.float(), flow.size) > 0
    return small_maps(torch.where(usable, work, torch.zeros_like(work)), flow.size), known
