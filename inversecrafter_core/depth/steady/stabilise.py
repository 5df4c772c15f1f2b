"""Removal of flicker from a clip's raw depth: of the scale (and shift) of whole frames, then pixel by pixel.

A monocular network estimates every frame independently. So the scale of depth, or scale and shift of disparity, jumps from
frame to frame.

1. **Frames.** Neighbours are compared at points that flow can follow: the factor is a ratio of spreads, the shift a
   difference of medians (both robust, and symmetric in time, so that a long chain does not shrink as a chain of regressions
   does). Where most of the picture is still, so is the camera, and all change is an error and is removed. Where the camera
   moves, depth does change, and only the jumps around the smooth trend (``TREND`` frames) are removed.
2. **Pixels.** A recursive filter along the flow, once forward and once backward, so that it has no lag. It does not act where
   flow is unreliable and where the change is larger than flicker.

Values of depth kinds are worked on as ``log z`` (a factor is a shift there), disparity as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch

from ...errors import require_same_frames
from ...flow import ClipFlow, follow, resize_flow
from ...flow.clip import small_maps
from ...progress import Progress
from ..protocol import RawDepth

TREND = 4.0  # frames: standard deviation of the smoothing that tells trend from jump
STILL_PART = 0.4  # part of the textured picture that must stand still for the camera to count as still
FEWEST = 0.2  # part of the picture that must be followed for a pair to be compared at all: less is a cut
MEMORY = 0.8  # how much of a trusted neighbour the pixel filter takes
TOLERANCE = 0.2  # changes well above this are true: 20 % of depth, or a fifth of the disparity spread


@dataclass(frozen=True)
class Alignment:
    """The correction of whole frames.

    ``value -> exp(log_scale[t]) * (value - pivot) + pivot + shift[t]`` in the working domain.
    """

    log_scale: np.ndarray
    shift: np.ndarray
    pivot: float
    still_pairs: int


def stabilise(
    raw: RawDepth, flow: ClipFlow, pixels: bool = True, progress: Progress | None = None, frames: bool = True
) -> tuple[RawDepth, Alignment]:
    """Stabilise a clip's raw values.

    Args:
        raw: ``[F, H, W]`` values; those that are not finite (or not positive, for depth) are not changed.
        flow: of the same clip.
        pixels: also run the pixel filter.
        progress: called per frame of the pixel filter, over both directions.
        frames: align whole frames. Off where the scale is tied to known camera motion.

    Returns:
        the stabilised values, and the correction of whole frames.
    """
    require_same_frames(depth=len(raw.values), video=len(flow.back) + 1)
    usable = raw.usable
    work = raw.values if raw.kind == "disparity" else raw.values.clamp(min=1e-30).log()
    work = torch.where(usable, work, torch.zeros_like(work)).float()
    alignment = align_frames(work, usable, flow, with_scale=raw.kind == "disparity")
    if not frames:
        alignment = replace(alignment, log_scale=0 * alignment.log_scale, shift=0 * alignment.shift)
    scale = torch.from_numpy(np.exp(alignment.log_scale)).float()[:, None, None]
    shift = torch.from_numpy(alignment.shift).float()[:, None, None]
    work.sub_(alignment.pivot).mul_(scale).add_(shift + alignment.pivot)
    if pixels and len(work) > 1:
        tolerance = TOLERANCE * (spread(work[usable].numpy()) if raw.kind == "disparity" else 1.0)
        work = filter_pixels(work, usable, flow, max(tolerance, 1e-12), progress)
    values = work if raw.kind == "disparity" else work.exp()
    return replace(raw, values=torch.where(usable, values, raw.values)), alignment


def align_frames(work: torch.Tensor, usable: torch.Tensor, flow: ClipFlow, with_scale: bool) -> Alignment:
    """Return the correction of whole frames for ``work [F, H, W]`` (log depth, or disparity with ``with_scale``)."""
    maps, known = small_maps(work, flow.size), small_maps(usable.float(), flow.size)
    still = np.array([flow.still_part(t) >= STILL_PART for t in range(len(maps) - 1)], bool)
    pivot = float(np.median(maps[known > 0])) if bool((known > 0).any()) else 0.0
    maps = maps - pivot
    stretches = [_stretch(*_followed(maps, known, flow, t, still[t])) if with_scale else 0.0 for t in range(len(still))]
    log_scale = _accumulate(np.array(stretches), still)
    maps *= np.exp(log_scale)[:, None, None].astype(np.float32)
    jumps = np.array([_jump(*_followed(maps, known, flow, t, still[t])) for t in range(len(still))])
    return Alignment(log_scale, _accumulate(jumps, still), pivot, int(still.sum()))


def _followed(maps: np.ndarray, known: np.ndarray, flow: ClipFlow, t: int, still: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of frames ``t`` and ``t + 1`` at the same points of the scene; empty if too few can be followed."""
    trusted = flow.followed(t, known)
    if still:
        trusted &= flow.still(t)
    if trusted.mean() < FEWEST:
        trusted = np.zeros_like(trusted)
    return follow(maps[t], flow.back[t])[trusted], maps[t + 1][trusted]


def _stretch(before: np.ndarray, after: np.ndarray) -> float:
    spreads = spread(before), spread(after)
    return float(np.log(spreads[0] / spreads[1])) if min(spreads) > 1e-12 else 0.0


def _jump(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.median(before - after)) if before.size else 0.0


def _accumulate(jumps: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Return corrections ``[F]`` that undo ``jumps [F-1]`` except for their trend; their median is 0."""
    total = np.concatenate([[0.0], np.cumsum(jumps - _trend(jumps, still))])
    return total - np.median(total)


def _trend(jumps: np.ndarray, still: np.ndarray) -> np.ndarray:
    """Return the true part of each jump: 0 where the camera is still, the smooth trend elsewhere."""
    if jumps.size == 0:
        return jumps
    offsets = np.arange(jumps.size)
    weights = np.exp(-((offsets[:, None] - offsets[None]) ** 2) / (2 * TREND**2))
    # Still neighbours count with their true change, 0: a single pair with motion in a still clip is a jump, not a trend.
    smooth = (weights * np.where(still, 0.0, jumps)[None]).sum(1) / weights.sum(1)
    return np.where(still, 0.0, smooth)


def spread(values: np.ndarray) -> float:
    """Return a robust spread: the distance between the 10th and the 90th percentile."""
    if values.size == 0:
        return 0.0
    low, high = np.percentile(values[:: max(1, values.size // 500_000)], (10, 90))
    return float(high - low)


def filter_pixels(
    work: torch.Tensor, usable: torch.Tensor, flow: ClipFlow, tolerance: float, progress: Progress | None = None
) -> torch.Tensor:
    """Return ``work [F, H, W]`` filtered recursively along the flow: the mean of the forward and the backward pass."""
    maps, known = work.numpy(), usable.numpy()
    total = np.zeros_like(maps)
    frames = len(maps)
    for direction in (1, -1):
        order = range(frames) if direction == 1 else range(frames - 1, -1, -1)
        state = maps[order[0]]
        total[order[0]] += state
        for done, t in enumerate(order[1:], 1):
            pair = t - 1 if direction == 1 else t
            course, trusted = (flow.back, flow.back_known) if direction == 1 else (flow.forth, flow.forth_known)
            state = _blend(maps[t], state, known[t], known[t - direction], course[pair], trusted[pair], tolerance)
            total[t] += state
            if progress is not None:
                progress(done + (frames if direction == -1 else 0), 2 * frames)
    total /= 2
    return torch.from_numpy(total)


def _blend(
    here: np.ndarray,
    state: np.ndarray,
    known_here: np.ndarray,
    known_there: np.ndarray,
    flow: np.ndarray,
    trusted: np.ndarray,
    tolerance: float,
) -> np.ndarray:
    full = resize_flow(flow, (here.shape[0], here.shape[1]))
    trust = cv2.resize(trusted.astype(np.float32), (here.shape[1], here.shape[0]), interpolation=cv2.INTER_LINEAR)
    trust = trust * known_here * (follow(known_there.astype(np.float32), full) > 0.99)
    carried = follow(state, full, cv2.INTER_NEAREST)
    weight = MEMORY * trust * np.exp(-(((carried - here) / tolerance) ** 2))
    return here + weight * (carried - here)
