"""Temporal flicker: changes from frame to frame that the reference does not have.

Videos are ``[F, H, W, 3]`` float in 0...1, at least two frames; ``visible`` is ``[F, H, W]`` with 1 = counted. A pixel counts
between two frames when it is visible in both.
"""

from __future__ import annotations

import torch

from ..errors import InputError
from .image import as_pair


def _mean_change(change: torch.Tensor, visible: torch.Tensor) -> float:
    both = visible[1:] * visible[:-1]
    if not bool((both > 0).any()):
        raise InputError("mask", "no pixel visible in two frames running", "Give a mask that keeps something for longer.")
    return float((change.abs().mean(-1) * both).double().sum() / both.double().sum())


def flicker(result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor | None = None) -> float:
    """Return the mean absolute difference of the two clips' frame-to-frame changes, in 0...2; 0 for the reference itself.

    Divided by :func:`temporal_change` of the reference, 1 means that the false change is as large as the true one.
    """
    result, reference, visible = as_pair(result, reference, visible)
    if len(result) < 2:
        raise InputError("result", "one frame", "Flicker needs a clip of at least two frames.")
    return _mean_change(result.diff(dim=0) - reference.diff(dim=0), visible)


def temporal_change(video: torch.Tensor, visible: torch.Tensor | None = None) -> float:
    """Return the mean absolute change from frame to frame, in 0...1."""
    return flicker(video, video[:1].expand_as(video), visible)
