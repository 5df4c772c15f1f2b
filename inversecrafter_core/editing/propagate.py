"""An edit of the first frame carried along with what it was made on: evidence inside the region, holes where there is none.

The edited first frame is taken as it is. In a later frame, a pixel of the region takes the edited colour of the place it was
in the first frame (``correspondence.py``), as far as that correspondence is sure and the place was itself edited; what is left
of the region (new sides, what was hidden) is filled smoothly from there and is a hole, to be generated. Outside the region the
clip stays what it is. Videos are ``[F, H, W, 3]`` float in 0...1, ``visible`` is ``[F, H, W]`` in 0...1, 1 = known.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ..errors import InputError, require_same_frames, require_video
from ..flow import Correspondence, correspond, sample
from ..progress import Progress
from .regions import disc, edited_region

GUESS, MARGIN = 0.5, 4
SURE = 0.3  # of the correspondence: below it a pixel is filled, not carried
HARDLY = 0.1  # of the region carried to the last frame: the report says so
LIGHT = 0.08  # of the longer side: the size over which light and shade are compared
DARKEST, BRIGHTEST = 0.5, 2.0
SIDES = (3, 9, 27, 81, 243)  # pixels: boxes from which a hole is filled, the smallest that knows anything first


@dataclass(frozen=True)
class Propagated:
    """Attributes:
    video: ``[F, H, W, 3]``, the edited clip as far as it is known, its holes filled smoothly.
    visible: ``[F, H, W]``: 1 outside the region and in the first frame; inside, how far the carried edit is to be trusted.
    carried: share of each frame's region that has evidence, ``[F]``.
    """

    video: torch.Tensor
    visible: torch.Tensor
    carried: tuple[float, ...]

    def report(self) -> str:
        """Return the least and the mean share in words, and the frame of the least."""
        worst = min(range(len(self.carried)), key=lambda t: self.carried[t])
        mean = sum(self.carried[1:]) / (len(self.carried) - 1)
        lines = [f"Of the region, {mean:.0%} is carried from the first frame on average; the rest is filled smoothly, a hole."]
        lines.append(f"Least in frame {worst}: {self.carried[worst]:.0%}.")
        if self.carried[-1] < HARDLY:
            lines.append("By the end hardly anything of the edit is evidence: the model invents it.")
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
    """Carry the edit of the first frame through the clip.

    Args:
        video: the clip before the edit.
        edited: ``[H, W, 3]`` or ``[1, H, W, 3]``, its first frame after it.
        region: ``[F, H, W]`` bool, where the edited thing is in each frame.
        guess: ``visible`` of what could not be carried and was filled smoothly; 0 leaves it wholly to the model.
        margin: pixels around the region that are known to nobody: where the edge of the edit may run.
        follow_light: carried colours grow brighter and darker as the clip does at their place.

    Raises:
        InputError: a clip of one frame, sizes or counts that differ, a region that misses the edit, an edit of nothing or of
            everything.
    """
    video = require_video("video", video)
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
    """``colour [H, W, 3]`` where it is ``known [H, W]``; elsewhere the mean of what is known around, however far."""
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
        raise InputError("video", "a clip of one frame", "There is nothing to carry the edit to: give 4k+1 frames, at least 5.")
    return pictures[0].to(video)


def _fitting(region: torch.Tensor, video: torch.Tensor, changed: torch.Tensor) -> torch.Tensor:
    require_same_frames(video=len(video), holes=len(region))
    if region.shape[1:] != video.shape[1:3]:
        raise InputError(
            "holes",
            f"size {region.shape[2]}x{region.shape[1]} beside a video of {video.shape[2]}x{video.shape[1]}",
            "Use the masks that were tracked on this clip.",
        )
    hit = float((region[0].cpu() & changed).sum() / changed.sum())
    if hit < 0.5:
        raise InputError(
            "holes",
            f"the region of the first frame covers only {hit:.0%} of what was edited there",
            "Track what was edited: connect the holes of Find Edited Region to Track Mask.",
        )
    return region.cpu()


def _known(follow: Correspondence, found: np.ndarray) -> np.ndarray:
    """``[H, W]`` bool: pixels that come from the edited region, surely."""
    return (sample(found.astype(np.float32), follow.back, outside=0) > 0.5) & (follow.confidence > SURE)


def _carried(
    first: torch.Tensor, frame: torch.Tensor, picture: torch.Tensor, follow: Correspondence, light: bool
) -> np.ndarray:
    """``[H, W, 3]``: the edited ``picture`` where ``frame`` comes from; ``first`` is it before the edit."""
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
    """1 outside the region and its margin, ``trusted`` inside the region, 0 on the margin."""
    wide = cv2.dilate(inside.astype(np.uint8), disc(margin)) > 0 if margin > 0 else inside
    return np.where(inside, trusted, np.where(wide, 0, 1)).astype(np.float32)
