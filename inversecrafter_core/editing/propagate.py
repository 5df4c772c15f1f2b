"""Propagation of an edit of the first frame along the motion of the edited thing.

The edited first frame is used unchanged. In a later frame, a pixel of the region takes the edited colour of its place in the
first frame (:mod:`..flow.correspondence`), if that correspondence is reliable and the place was edited. The rest of the region
(new sides, what was occluded) is filled smoothly and is a hole, to be generated. Outside the region the clip is unchanged.
Videos are ``[F, H, W, 3]`` float in 0...1, ``visible`` is ``[F, H, W]`` in 0...1, 1 = known.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ..errors import InputError, require_same_frames, require_same_size, require_video
from ..flow import Correspondence, correspond, sample
from ..progress import Progress
from .regions import disc, edited_region

GUESS, MARGIN = 0.5, 4
RELIABLE = 0.3
"""Confidence of the correspondence below which a pixel is filled."""
HARDLY = 0.1
"""Share of the region propagated to the last frame below which the report warns."""
LIGHT = 0.08
"""Side of the box over which brightness is compared, as a share of the longer side."""
DARKEST, BRIGHTEST = 0.5, 2.0
"""Range of the change of brightness."""
SIDES = (3, 9, 27, 81, 243)
"""Sides in pixels of the boxes whose mean fills a hole: the smallest that holds known pixels."""


@dataclass(frozen=True)
class Propagated:
    """A propagated edit.

    Attributes:
        video: ``[F, H, W, 3]``, the edited clip, its holes filled smoothly.
        visible: ``[F, H, W]``: 1 outside the region and in the first frame; inside, the trust in the propagated edit.
        carried: share of each frame's region that was propagated, ``[F]``.
    """

    video: torch.Tensor
    visible: torch.Tensor
    carried: tuple[float, ...]

    def report(self) -> str:
        """Return the least and the mean share in words, and the frame of the least."""
        worst = min(range(len(self.carried)), key=lambda t: self.carried[t])
        mean = sum(self.carried[1:]) / (len(self.carried) - 1)
        lines = [f"Of the region, {mean:.0%} is propagated from the first frame on average; the rest is filled and a hole."]
        lines.append(f"Least in frame {worst}: {self.carried[worst]:.0%}.")
        if self.carried[-1] < HARDLY:
            lines.append("By the end hardly anything of the edit is propagated: the model generates it.")
        return "\n".join(lines)


def propagate(
    video: torch.Tensor,
    edited: torch.Tensor,
    region: torch.Tensor,
    guess: float = GUESS,
    margin: int = MARGIN,
    follow_light: bool = True,
    progress: Progress | None = None,
) -> Propagated:
    """Propagate the edit of the first frame through the clip, on the CPU.

    Args:
        video: the clip before the edit, ``[F, H, W, 3]``.
        edited: ``[H, W, 3]`` or ``[1, H, W, 3]``, its first frame after the edit.
        region: ``[F, H, W]`` bool, the edited thing in each frame.
        guess: ``visible`` of the smoothly filled part; 0 leaves it wholly to the model.
        margin: pixels around the region that count as unknown, where the edge of the edit may lie.
        follow_light: let propagated colours brighten and darken with the clip.
        progress: called with (frames done, frames); may raise to cancel.

    Raises:
        InputError: a clip of one frame, sizes or counts that differ, a region that misses the edit, or an edit of nothing or of
            everything.
    """
    video = require_video("video", video).cpu()
    picture = _one_picture(edited, video)
    changed = edited_region(video[0], picture)
    region = _fitting(region, video, changed)
    if not 0 <= guess <= 1:
        raise InputError("guess", f"{guess}", "Keep it within 0...1.")
    clip, found = video.clone(), region[0].numpy() | changed.numpy()
    clip[0] = picture
    visible, carried = torch.ones(region.shape), [1.0]
    for t, follow in enumerate(correspond(video, progress), start=1):
        inside, known = region[t].numpy(), _known(follow, found)
        colour = _carried(video[0], video[t], picture, follow, follow_light)
        here = inside & known
        filled = fill_smoothly(colour, here) if here.any() else video[t].numpy()
        clip[t] = torch.from_numpy(np.where(inside[..., None], np.where(here[..., None], colour, filled), video[t].numpy()))
        visible[t] = torch.from_numpy(_visible(inside, np.maximum(here * follow.confidence, guess), margin))
        carried.append(float(here.sum() / inside.sum()) if inside.any() else 1.0)
    return Propagated(clip, visible, tuple(carried))


def fill_smoothly(colour: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return ``colour [H, W, 3]`` where ``known [H, W]``, elsewhere the mean of the nearest known pixels, however far."""
    weight, filled, left = known.astype(np.float32), colour.copy(), ~known
    for side in (*SIDES, 2 * max(known.shape) + 1):
        box = (side, side)
        total, share = cv2.blur(colour * weight[..., None], box), cv2.blur(weight, box)
        now = left & (share > 1e-6)
        filled[now] = total[now] / share[now][:, None]
        left &= ~now
    return filled


def _one_picture(edited: torch.Tensor, video: torch.Tensor) -> torch.Tensor:
    pictures = require_video("edited", edited if edited.ndim == 4 else edited[None])
    if len(pictures) != 1:
        raise InputError("edited", f"{len(pictures)} images", "Give one: the clip's first frame after the edit.")
    if len(video) < 2:
        raise InputError("video", "a clip of one frame", "There is no frame to propagate to: give 4k+1 frames, at least 5.")
    return pictures[0].to(video)


def _fitting(region: torch.Tensor, video: torch.Tensor, changed: torch.Tensor) -> torch.Tensor:
    require_same_frames(video=len(video), holes=len(region))
    require_same_size("holes", region.shape[1:], "video", video.shape[1:3], "Use the masks that were tracked on this clip.")
    hit = float((region[0].cpu() & changed).sum() / changed.sum())
    if hit < 0.5:
        raise InputError(
            "holes",
            f"the region of the first frame covers only {hit:.0%} of what was edited there",
            "Track what was edited: connect the holes of Find Edited Region to Track Mask.",
        )
    return region.cpu()


def _known(follow: Correspondence, found: np.ndarray) -> np.ndarray:
    """Return ``[H, W]`` bool: pixels that reliably come from the edited region ``found`` of the first frame."""
    return (sample(found.astype(np.float32), follow.back, outside=0) > 0.5) & (follow.confidence > RELIABLE)


def _carried(
    first: torch.Tensor, frame: torch.Tensor, picture: torch.Tensor, follow: Correspondence, light: bool
) -> np.ndarray:
    """Return ``[H, W, 3]``: the edited ``picture`` sampled at the places of ``frame``; ``first`` is it before the edit."""
    colour = sample(picture.numpy(), follow.back)
    if light:
        side = max(3, round(LIGHT * max(frame.shape[:2])))
        before, now = _level(sample(first.numpy(), follow.back), side), _level(frame.numpy(), side)
        ratio = np.clip((now + 0.02) / (before + 0.02), DARKEST, BRIGHTEST)
        colour = np.clip(colour * ratio[..., None], 0, 1)
    return colour


def _level(image: np.ndarray, side: int) -> np.ndarray:
    return cv2.blur(image.mean(-1), (side, side))


def _visible(inside: np.ndarray, trusted: np.ndarray, margin: int) -> np.ndarray:
    """Return ``[H, W]``: 1 outside the region and its margin, ``trusted`` inside the region, 0 on the margin."""
    wide = cv2.dilate(inside.astype(np.uint8), disc(margin)) > 0 if margin > 0 else inside
    return np.where(inside, trusted, np.where(wide, 0, 1)).astype(np.float32)
