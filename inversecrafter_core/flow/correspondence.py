"""Correspondence of every pixel of a clip with its first frame, by chained optical flow.

The flows of neighbouring frames are chained. The chain initialises a direct flow between frame ``t`` and frame 0, which
replaces it, and removes its drift, where it explains the picture as well. Videos are ``[F, H, W, 3]`` float in 0...1; places
are those of :mod:`.remap`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ..errors import require_video
from ..progress import Progress
from .engine import FlowEngine, Preset, grey_frames
from .remap import pixel_grid, sample
from .round_trip import round_trip

BOX = 9
"""Side in pixels of the box over which the errors of two flows are compared."""
DIRECT_SLACK = 1.02
"""Ratio of the direct flow's error to the chain's up to which the direct flow is used, since it does not drift."""
CLOSES = 1.5
"""Miss of a round trip, in pixels, at which the confidence falls to exp(-1)."""
GREY_CHANGE = 30.0
"""Change of brightness, of 255, at which the confidence falls to exp(-1)."""


@dataclass(frozen=True)
class Correspondence:
    """The correspondence of one frame ``t`` with frame 0.

    Attributes:
        back: ``[H, W, 2]`` float32: the place in frame 0 of each pixel of frame ``t``.
        forth: ``[H, W, 2]`` float32: the place in frame ``t`` of each pixel of frame 0.
        confidence: ``[H, W]`` float32 in 0...1, in frame ``t``: high where the round trip closes, brightness is kept and the
            place lies inside the picture.
    """

    back: np.ndarray
    forth: np.ndarray
    confidence: np.ndarray


def correspond(video: torch.Tensor, progress: Progress | None = None) -> Iterator[Correspondence]:
    """Yield the correspondence with frame 0 of the frames 1 to F - 1 of ``video [F, H, W, 3]``.

    Raises:
        InputError: no video, or one too small for optical flow.
    """
    grey = grey_frames(require_video("video", video))
    frames, height, width = grey.shape
    here = pixel_grid(height, width)
    back = forth = here
    engine = FlowEngine(Preset.MEDIUM)
    for t in range(1, frames):
        step_back, step_forth = engine.both_ways(grey[t], grey[t - 1])
        back = _anchored(engine, grey[t], grey[0], sample(back, here + step_back), here)
        forth = _anchored(engine, grey[0], grey[t], forth + sample(step_forth, forth), here)
        if progress is not None:
            progress(t, frames - 1)
        yield Correspondence(back, forth, _confidence(back - here, forth - here, grey[t], grey[0]))


def _anchored(engine: FlowEngine, one: np.ndarray, other: np.ndarray, chained: np.ndarray, here: np.ndarray) -> np.ndarray:
    """Return the places of ``one`` in ``other``: of a direct flow from ``chained`` where it explains ``one`` as well."""
    direct = here + engine.flow(one, other, chained - here)
    better = _box_error(one, other, direct) <= DIRECT_SLACK * _box_error(one, other, chained)
    return np.where(better[..., None], direct, chained)


def _box_error(one: np.ndarray, other: np.ndarray, place: np.ndarray) -> np.ndarray:
    return cv2.blur(np.abs(sample(other, place).astype(np.float32) - one), (BOX, BOX))


def _confidence(back: np.ndarray, forth: np.ndarray, grey: np.ndarray, first: np.ndarray) -> np.ndarray:
    trip = round_trip(back, forth, grey, first)
    change = cv2.blur(trip.change, (3, 3))
    likely = np.exp(-((trip.miss / CLOSES) ** 2) - (change / GREY_CHANGE) ** 2)
    return np.where(trip.inside, likely, 0).astype(np.float32)
