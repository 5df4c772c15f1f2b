"""Temporal infill: a hole takes its colour from the nearest time at which optical flow finds its place visible.

It suits scenes and cameras that move little or steadily. A place that is visible at no time of the clip keeps the infill it
has. The flow is computed on 8-bit grey, colours are float32, both on the CPU (OpenCV).
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from ..flow import SMALLEST, FlowEngine, Preset, grey_frames, pixel_grid, sample

NEVER = 1e6
"""Age of a pixel whose place was never visible, in frames."""
SURROUNDINGS = (9, 31, 91)
"""Sides in pixels of the boxes whose mean flow a hole takes: the smallest box that holds known pixels."""
STILL_FACTOR, STILL_LEVELS, STILL_BOX = 1.15, 0.3, 15
"""The flow is set to zero where it explains the box around a pixel hardly better: nothing is resampled there, nothing drifts.

The error without motion may be larger by the factor, and by the grey levels; the box's side is in pixels.
"""


def temporal_infill(video: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """Return ``video`` with holes filled from the nearest time, before or after, at which their place was known.

    Of two equally near times the earlier is taken.

    Args:
        video: ``[(B,) F, H, W, 3]`` in 0...1, its holes already infilled; places that are never visible stay as they are.
        visible: ``[(B,) F, H, W]``, 1 = known.
    """
    clips, masks = video.reshape(-1, *video.shape[-4:]), visible.reshape(-1, *visible.shape[-3:])
    filled = [_fill(clip, known) for clip, known in zip(clips, masks, strict=True)]
    return torch.stack(filled).reshape(video.shape).to(video)


def _fill(clip: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    colours, known = clip.detach().float().cpu().numpy(), visible.cpu().numpy() > 0.5
    if known.all():
        return clip
    propagation = _Propagation(colours, known)
    frames = range(len(known))
    past, past_age = propagation.run(list(frames))
    future, future_age = propagation.run(list(reversed(frames)))
    return torch.from_numpy(np.where((past_age <= future_age)[..., None], past, future))


class _Propagation:
    """Propagation of colours along the flow of one clip, ``colours [F, H, W, 3]`` float32 and ``known [F, H, W]`` bool."""

    def __init__(self, colours: np.ndarray, known: np.ndarray):
        self.colours, self.known = colours, known
        self._grey = grey_frames(torch.from_numpy(colours))
        self._places = pixel_grid(*known.shape[1:])
        too_small = min(known.shape[1:]) < SMALLEST  # the flow is zero then
        self._engine = None if too_small else FlowEngine(Preset.FAST)

    def run(self, order: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return colours with holes filled from frames earlier in ``order``, and the pixels' age ``[F, H, W]`` in frames."""
        filled, age = self.colours.copy(), np.where(self.known, 0, NEVER).astype(np.float32)
        for frame, before in zip(order[1:], order[:-1], strict=True):
            hole = ~self.known[frame]
            if not hole.any():
                continue
            source = self._places + self._flow(frame, before)
            colour = sample(filled[before], source)
            older = 1 + sample(age[before], source, cv2.INTER_NEAREST, NEVER)
            taken = hole & (older < NEVER)
            filled[frame][taken], age[frame][taken] = colour[taken], older[taken]
        return filled, age

    def _flow(self, frame: int, other: int) -> np.ndarray:
        """Return the flow ``[H, W, 2]`` from ``frame`` to ``other``; holes take the flow around them."""
        if self._engine is None:
            return np.zeros_like(self._places)
        here, there, both = self._grey[frame], self._grey[other], self.known[frame] & self.known[other]
        flow = _spread(self._engine.flow(here, there), both)
        moved = sample(there, self._places + flow)
        still_error, error = _box_error(here, there, both), _box_error(here, moved, both)
        flow[still_error <= STILL_FACTOR * error + STILL_LEVELS] = 0
        return flow


def _box_error(one: np.ndarray, two: np.ndarray, both: np.ndarray) -> np.ndarray:
    return cv2.blur(np.abs(one.astype(np.float32) - two) * both, (STILL_BOX, STILL_BOX))


def _spread(flow: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return ``flow [H, W, 2]`` where ``known [H, W]``, elsewhere the mean of the known flow around, or 0 without any."""
    weight, spread, left = known.astype(np.float32), flow.copy(), ~known
    for side in SURROUNDINGS:
        total, share = cv2.blur(flow * weight[..., None], (side, side)), cv2.blur(weight, (side, side))
        now = left & (share > 0.02)
        spread[now] = total[now] / share[now][:, None]
        left &= ~now
    spread[left] = 0
    return spread
