"""Tracking of a region of the first frame through a clip.

Frame by frame the mask is moved along DIS flow (Kroeger et al. 2016, OpenCV) and then fitted to the edges of the thing. Without
the second step masks erode. Videos are ``[F, H, W, 3]`` float in 0...1, regions bool, True = inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..errors import InputError, require_same_size, require_video
from ..flow import (
    SMALLEST,
    Correspondence,
    FlowEngine,
    Preset,
    correspond,
    grey_frames,
    pixel_grid,
    round_trip,
    sample,
)
from ..progress import Progress
from .outline import snap_to_edges
from .regions import LEAST_PIXELS, require_region

RELIABLE = 0.9
"""Confidence of a correspondence with the first frame from which it decides whether a pixel is inside."""
GREY_CHANGE = 30
"""Largest change of brightness, of 255, of a followed pixel."""
LEAVING = 0.75
"""Share of its first size below which a region at the picture's edge counts as leaving."""
LEAST_FOLLOWED = 0.2
"""Smallest share of the mask's pixels that must be followed from one frame to the next."""


@dataclass(frozen=True)
class Track:
    """A region tracked through a clip.

    Attributes:
        inside: ``[F, H, W]`` bool.
        followed: share of the region's pixels that could be followed to each frame, ``[F]`` in 0...1; 1 for the first.
        lost: first frame in which it was not found, or None. From there ``inside`` is empty.
        left: first frame after it left the picture, or None. From there ``inside`` is empty.
    """

    inside: torch.Tensor
    followed: tuple[float, ...]
    lost: int | None = None
    left: int | None = None

    def report(self) -> str:
        """Return a summary in words, with the share of the first and the last frame that it covers."""
        share = self.inside.flatten(1).float().mean(1).tolist()
        lines = [f"Region: {share[0]:.1%} of the first frame, {share[-1]:.1%} of the last; {len(share)} frames."]
        if self.lost is not None:
            lines.append(f"Lost at frame {self.lost}: from there nothing is masked.")
        if self.left is not None:
            lines.append(f"Left the picture at frame {self.left}: from there nothing is masked.")
        elif self.lost is None and len(share) > 1:
            worst = min(range(1, len(share)), key=lambda t: self.followed[t])
            lines.append(f"Hardest to follow: frame {worst}, where {self.followed[worst]:.0%} of it was found.")
        return "\n".join(lines)


def track(video: torch.Tensor, region: torch.Tensor, snap: bool = True, progress: Progress | None = None) -> Track:
    """Track ``region [H, W]`` of the first frame through ``video [F, H, W, 3]``.

    Args:
        video: in 0...1, at least two frames.
        region: bool, True = inside.
        snap: fit the mask to the picture's edges in every frame but the first. Off for a region without outlines of its own.
        progress: called with (frames done, frames); may raise to cancel.

    Raises:
        InputError: a single frame, sizes that differ, nothing or everything inside.
    """
    video = require_video("video", video)
    if len(video) < 2:
        raise InputError("video", "a clip of one frame", "There is nothing to follow: give a clip of 4k+1 frames, at least 5.")
    require_same_size("holes", region.shape, "video", video.shape[1:3])
    if min(video.shape[1:3]) < SMALLEST:
        raise InputError("video", f"size {video.shape[2]}x{video.shape[1]}", f"At least {SMALLEST} pixels a side.")
    masks = [require_region("holes", region).cpu().numpy()]
    grey = grey_frames(video)
    engine = FlowEngine(Preset.MEDIUM)
    followed, lost, left = [1.0], None, None
    for t, follow in enumerate(correspond(video), start=1):
        mask, share = _carried(engine, grey[t - 1], grey[t], masks[-1])
        if mask.sum() < LEAST_PIXELS or share < LEAST_FOLLOWED:
            lost, left = (None, t) if _leaving(masks[-1], masks[0]) else (t, None)
            break
        masks.append(snap_to_edges(video[t], mask, *_anchors(follow, masks[0], mask)) if snap else mask)
        followed.append(share)
        if progress is not None:
            progress(t, len(video) - 1)
    gone = len(video) - len(masks)
    inside = np.stack(masks + [np.zeros_like(masks[0])] * gone)
    return Track(torch.from_numpy(inside), (*followed, *[0.0] * gone), lost, left)


def _anchors(follow: Correspondence, first: np.ndarray, carried: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ``[H, W]`` bool twice: pixels that are reliably inside, by the first frame and by the carried mask, and outside.

    They keep a region of many colours together, from which edges alone would cut one part after the other.
    """
    inside, reliable = sample(first.astype(np.float32), follow.back, outside=0) > 0.5, follow.confidence > RELIABLE
    return inside & reliable & carried, ~inside & reliable


def _carried(engine: FlowEngine, before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the mask one frame later, and the share of its pixels whose round trip closes."""
    forth, back = engine.both_ways(before, after)
    carried = sample(mask.astype(np.float32), pixel_grid(*mask.shape) + back, outside=0) > 0.5
    found = round_trip(forth, back, before, after).closes(grey=GREY_CHANGE)
    return carried, float(found[mask].mean())


def _leaving(mask: np.ndarray, first: np.ndarray) -> bool:
    """Return whether a region is leaving the picture: at its edge, and much smaller than at first."""
    at_edge = mask[[0, -1]].any() or mask[:, [0, -1]].any()
    return bool(at_edge and mask.sum() < LEAVING * first.sum())
