"""Change over time against a reference: flicker, which the reference does not have, and speed of motion.

Videos are ``[F, H, W, 3]`` float in 0...1, at least two frames; ``visible`` is ``[F, H, W]`` with 1 = counted. A pixel counts
between two frames when it is visible in both.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch

from ..errors import InputError
from ..flow import clip_flow
from ..flow.clip import STILL, small_maps
from .image import as_pair, weighted_mean

FEWEST_MOVING = 64
"""Pixels of all frames together that must move for a speed to be measured."""


def flicker(result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor | None = None) -> float:
    """Return the mean absolute difference of the two clips' frame-to-frame changes, in 0...2; 0 for the reference itself.

    Divided by :func:`temporal_change` of the reference, 1 means that the false change is as large as the true one.
    """
    result, reference, visible = as_pair(result, reference, visible)
    if len(result) < 2:
        raise InputError("result", "one frame", "Flicker needs a clip of at least two frames.")
    found = weighted_mean(_false_changes(result, reference, visible))
    if math.isnan(found):
        raise InputError("mask", "no pixel visible in two frames running", "Give a mask that keeps something for longer.")
    return found


def _false_changes(
    result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield the false change ``[H, W]`` of every frame from the one before, and what is visible in both."""
    for last, now in pairwise(range(len(result))):
        error = (result[now] - result[last]) - (reference[now] - reference[last])
        yield error.abs().mean(-1), visible[now] * visible[last]


def temporal_change(video: torch.Tensor, visible: torch.Tensor | None = None) -> float:
    """Return the mean absolute change from frame to frame, in 0...1."""
    return flicker(video, video[:1].expand_as(video), visible)


def motion_ratio(result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor | None = None) -> float:
    """Return the speed of the result along the reference's motion, 1 for the reference itself, below 1 for slow motion.

    The slope, by least squares, of the result's optical flow over the reference's, at pixels that are known in both frames and
    move in the reference, where both flows can be trusted. NaN where too little moves.
    """
    result, reference, visible = as_pair(result, reference, visible)
    ours, theirs = clip_flow(result), clip_flow(reference)
    known = small_maps(visible, theirs.size)
    along, moved, count = 0.0, 0.0, 0
    for pair in range(len(result) - 1):
        motion = theirs.back[pair]
        moves = theirs.followed(pair, known) & ours.back_known[pair] & (np.hypot(motion[..., 0], motion[..., 1]) > STILL)
        along += float((ours.back[pair] * motion)[moves].sum())
        moved += float(np.square(motion)[moves].sum())
        count += int(moves.sum())
    return along / moved if count >= FEWEST_MOVING else math.nan
