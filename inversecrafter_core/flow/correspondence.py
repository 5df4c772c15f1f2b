"""Where every pixel of a clip was in its first frame: optical flow, carried on from frame to frame and anchored at the first.

DIS flow (Kroeger et al. 2016, OpenCV) on grey 8-bit frames. The flow of neighbours is chained; the chain starts a flow
between frame ``t`` and frame 0 directly, which takes the chain's drift out wherever it explains the picture at least as well.
Videos are ``[F, H, W, 3]`` float in 0...1, places are (x, y) of pixel *indices*: the centre of the top left pixel is (0, 0).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch

from ..errors import InputError, require_video
from ..progress import Progress

SMALLEST = 16  # pixels a side: DIS finds nothing below
BOX = 9  # pixels a side over which two explanations of a pixel are compared
DIRECT_SLACK = 1.02  # the direct flow may explain so much worse: it does not drift
CLOSES = 1.5  # pixels: a round trip between frame t and frame 0 that ends so near counts for exp(-1)
GREY_CHANGE = 30.0  # of 255: so much change of brightness counts for exp(-1)


@dataclass(frozen=True)
class Correspondence:
    """Of one frame ``t`` with frame 0.

    Attributes:
        back: ``[H, W, 2]`` float32: where what frame ``t`` shows at a pixel is in frame 0.
        forth: ``[H, W, 2]`` float32: where what frame 0 shows at a pixel is in frame ``t``.
        sure: ``[H, W]`` float32 in 0...1, in frame ``t``: the round trip closes, brightness is kept, and the place lies inside
            the picture.
    """

    back: np.ndarray
    forth: np.ndarray
    sure: np.ndarray


def correspond(video: torch.Tensor, progress: Progress | None = None) -> Iterator[Correspondence]:
    """Follow every pixel of ``video [F, H, W, 3]`` to frame 0 and back: frames 1 to F - 1, one after the other.

    Raises:
        InputError: no video, or one too small for optical flow.
    """
    grey = grey_frames(require_video("video", video))
    frames, height, width = grey.shape
    if min(height, width) < SMALLEST:
        raise InputError("video", f"size {width}x{height}", f"Optical flow needs at least {SMALLEST} pixels a side.")
    here = pixel_grid(height, width)
    back = forth = here
    engine: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for t in range(1, frames):
        step_back, step_forth = engine.calc(grey[t], grey[t - 1], None), engine.calc(grey[t - 1], grey[t], None)
        back = _anchored(engine, grey[t], grey[0], sample(back, here + step_back), here)
        forth = _anchored(engine, grey[0], grey[t], forth + sample(step_forth, forth), here)
        if progress is not None:
            progress(t, frames - 1)
        yield Correspondence(back, forth, _sureness(back, forth, grey[t], grey[0], here))


def pixel_grid(height: int, width: int) -> np.ndarray:
    """``[H, W, 2]``: every pixel's own place."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)


def sample(
    values: np.ndarray, place: np.ndarray, interpolation: int = cv2.INTER_LINEAR, outside: float | None = None
) -> np.ndarray:
    """``values [H, W, ...]`` at ``place [h, w, 2]``; beyond the edge the edge repeated, or ``outside``."""
    x, y = (np.ascontiguousarray(part, np.float32) for part in np.moveaxis(place, -1, 0))
    border = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    return cv2.remap(values, x, y, interpolation, borderMode=border, borderValue=(outside or 0,) * 4)


def within(place: np.ndarray) -> np.ndarray:
    """``[h, w]`` bool: which places ``[h, w, 2]`` lie inside a picture of that size."""
    height, width = place.shape[:2]
    x, y = place[..., 0], place[..., 1]
    return (x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)


def grey_frames(video: torch.Tensor) -> np.ndarray:
    """``[F, H, W, 3]`` in 0...1 to ``[F, H, W]`` uint8."""
    levels = (video.detach().clamp(0, 1) * 255).round().byte().cpu().numpy()
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in levels])


def _anchored(engine: Any, one: np.ndarray, other: np.ndarray, chained: np.ndarray, here: np.ndarray) -> np.ndarray:
    """Places of ``one`` in ``other``: a direct flow that starts at the chained one, where it explains ``one`` as well."""
    direct = here + engine.calc(one, other, np.ascontiguousarray(chained - here))
    better = _box_error(one, other, direct) <= DIRECT_SLACK * _box_error(one, other, chained)
    return np.where(better[..., None], direct, chained)


def _box_error(one: np.ndarray, other: np.ndarray, place: np.ndarray) -> np.ndarray:
    return cv2.blur(np.abs(sample(other, place).astype(np.float32) - one), (BOX, BOX))


def _sureness(back: np.ndarray, forth: np.ndarray, grey: np.ndarray, first: np.ndarray, here: np.ndarray) -> np.ndarray:
    miss = np.linalg.norm(sample(forth, back) - here, axis=-1)
    change = np.abs(sample(first, back).astype(np.float32) - grey)
    change = cv2.blur(change, (3, 3))
    return np.where(within(back), np.exp(-((miss / CLOSES) ** 2) - (change / GREY_CHANGE) ** 2), 0).astype(np.float32)
