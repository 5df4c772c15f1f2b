"""A region of the first frame followed through a clip, so that the mask goes where the thing goes.

Frame by frame the mask is carried along DIS flow (Kroeger et al. 2016, OpenCV) and then laid along the edges of what it covers.
Without the second, masks wear away.

Videos are ``[F, H, W, 3]`` float in 0...1, regions bool, True = inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ..errors import InputError, require_video
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
from .outline import snapped
from .regions import LEAST_PIXELS, require_region

SURE = 0.9  # of a correspondence with the first frame that decides whether a pixel is inside
GREY_CHANGE = 30  # of 255: a followed pixel must keep its brightness so well
GOING = 0.75  # of its first size: a region at the edge that is smaller is leaving the picture
LEAST_FOLLOWED = 0.2  # share of the mask's pixels that must be followed from one frame to the next


@dataclass(frozen=True)
class Track:
    """A region followed through a clip.

    Attributes:
        inside: ``[F, H, W]`` bool.
        followed: share of the region's pixels that could be followed to each frame, ``[F]`` in 0...1; 1 for the first.
        lost: first frame in which it could not be found any more, or None. From there ``inside`` is empty.
        left: first frame in which it had left the picture, or None. From there ``inside`` is empty.
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
    """Follow ``region [H, W]`` of the first frame through ``video [F, H, W, 3]``.

    Args:
        snap: lay the mask along the edges of what it covers, in every frame but the first. Off for a region that is no thing
            with outlines of its own.
        progress: called with (frames done, frames); may raise to cancel.

    Raises:
        InputError: a single frame, sizes that differ, nothing or everything inside.
    """
    video = require_video("video", video)
    if len(video) < 2:
        raise InputError("video", "a clip of one frame", "There is nothing to follow: give a clip of 4k+1 frames, at least 5.")
    if region.shape != video.shape[1:3]:
        raise InputError(
            "holes",
            f"size {region.shape[-1]}x{region.shape[-2]} beside a video of {video.shape[2]}x{video.shape[1]}",
            "Resize both to one size.",
        )
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
        masks.append(snapped(video[t], mask, *_anchors(follow, masks[0], mask)) if snap else mask)
        followed.append(share)
        if progress is not None:
            progress(t, len(video) - 1)
    gone = len(video) - len(masks)
    inside = np.stack(masks + [np.zeros_like(masks[0])] * gone)
    return Track(torch.from_numpy(inside), (*followed, *[0.0] * gone), lost, left)


def _anchors(follow: Correspondence, first: np.ndarray, carried: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """``[H, W]`` bool twice: pixels that surely come from the region of the first frame, as the carried mask has it too; and
    pixels that surely do not.

    They keep a region of many colours together, from which edges alone would cut one part after the other.
    """
    inside, sure = sample(first.astype(np.float32), follow.back, outside=0) > 0.5, follow.confidence > SURE
    return inside & sure & carried, ~inside & sure


def _carried(engine: FlowEngine, before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the mask one frame later, and the share of its pixels whose round trip closes."""
    forth, back = engine.both_ways(before, after)
    carried = sample(mask.astype(np.float32), pixel_grid(*mask.shape) + back, outside=0) > 0.5
    found = round_trip(forth, back, before, after).closes(grey=GREY_CHANGE)
    return carried, float(found[mask].mean())


def _leaving(mask: np.ndarray, first: np.ndarray) -> bool:
    """Tell if a region was leaving: at the edge of the picture, and much smaller than it was."""
    at_edge = mask[[0, -1]].any() or mask[:, [0, -1]].any()
    return bool(at_edge and mask.sum() < GOING * first.sum())
