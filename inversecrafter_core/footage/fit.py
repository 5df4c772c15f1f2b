"""The size of footage: portrait, odd sizes and alpha, placed in a frame that a video model takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from ..errors import InputError, require_choice


class Fit(StrEnum):
    """Answer to another shape: cut what sticks out, leave a rim that is a hole, or distort."""

    CROP = "crop"
    PAD = "pad"
    STRETCH = "stretch"


@dataclass(frozen=True)
class Placement:
    """A picture's place in a frame.

    Attributes:
        source: its ``(height, width)``.
        frame: ``(height, width)`` of the frame.
        window: ``(top, bottom, left, right)`` of the picture that is kept.
        area: ``(top, bottom, left, right)`` of the frame that it fills.
    """

    source: tuple[int, int]
    frame: tuple[int, int]
    window: tuple[int, int, int, int]
    area: tuple[int, int, int, int]

    def apply(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the frame ``[H, W, 3]`` float32 in 0...1, black where it is empty, and its holes ``[H, W]`` float32, 1 = hole.

        Args:
            picture: ``[h, w, 3]`` or ``[h, w, 4]`` with alpha, uint8 or float in 0...1; transparent is a hole.
        """
        top, bottom, left, right = self.window
        kept = picture[top:bottom, left:right]
        levels = kept.astype(np.float32) / 255 if kept.dtype == np.uint8 else kept.astype(np.float32)
        rows, columns = self.area[1] - self.area[0], self.area[3] - self.area[2]
        smaller = rows * columns < levels.shape[0] * levels.shape[1]
        if levels.shape[2] == 4:  # colour of a transparent pixel means nothing, so it must not bleed into its neighbours
            levels = np.concatenate([levels[..., :3] * levels[..., 3:], levels[..., 3:]], -1)
        sized = cv2.resize(levels, (columns, rows), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC).clip(0, 1)
        alpha = sized[..., 3] if sized.shape[2] == 4 else np.ones((rows, columns), np.float32)
        colour = sized[..., :3] / np.maximum(alpha, 1e-3)[..., None]
        frame, holes = np.zeros((*self.frame, 3), np.float32), np.ones(self.frame, np.float32)
        inside = slice(*self.area[:2]), slice(*self.area[2:])
        frame[inside], holes[inside] = (colour * (alpha > 0.5)[..., None]).clip(0, 1), alpha <= 0.5
        return frame, holes

    def report(self) -> str:
        """Describe the change of size, and what was cut or left empty."""
        (height, width), (rows, columns) = self.source, self.frame
        top, bottom, left, right = self.window
        if self.source == self.frame:
            return f"{width}x{height}, unchanged."
        lost = 1 - (bottom - top) * (right - left) / (height * width)
        empty = 1 - (self.area[1] - self.area[0]) * (self.area[3] - self.area[2]) / (rows * columns)
        across = (self.area[3] - self.area[2]) / (right - left)
        down = (self.area[1] - self.area[0]) / (bottom - top)
        scale = (
            f"scaled by {across:.3g}" if abs(across / down - 1) < 0.01 else f"scaled by {across:.3g} across, {down:.3g} down"
        )
        parts = [f"{width}x{height} to {columns}x{rows}", scale]
        parts += [f"{lost:.1%} cut off"] if lost > 0 else []
        parts += [f"{empty:.1%} left empty, as holes"] if empty > 0 else []
        return ", ".join(parts) + "."


def place(source: tuple[int, int], frame: tuple[int, int], fit: Fit, multiple: int, turn: bool = True) -> Placement:
    """Return the place of a picture in a frame.

    Args:
        source: ``(height, width)`` of the picture.
        frame: the wanted size, ``(height, width)``; both sides are rounded to ``multiple``.
        fit: see :class:`Fit`; the middle is kept, or filled.
        multiple: sides of a video model's tokens in pixels.
        turn: swap the sides of the frame where the picture stands upright and the frame lies, or the other way round.

    Raises:
        InputError: an unknown fit, or a size without pixels.
    """
    fit = require_choice("fit", fit, Fit)
    if min(*source, *frame) < 1:
        raise InputError("size", f"{source[1]}x{source[0]} to {frame[1]}x{frame[0]}", "Give a width and height above 0.")
    if turn and (source[0] - source[1]) * (frame[0] - frame[1]) < 0:
        frame = frame[1], frame[0]
    rows, columns = (max(multiple, round(side / multiple) * multiple) for side in frame)
    window, area = (0, source[0], 0, source[1]), (0, rows, 0, columns)
    if fit == Fit.CROP:
        scale = max(rows / source[0], columns / source[1])
        window = (*_middle(source[0], rows / scale), *_middle(source[1], columns / scale))
    elif fit == Fit.PAD:
        scale = min(rows / source[0], columns / source[1])
        area = (*_middle(rows, source[0] * scale), *_middle(columns, source[1] * scale))
    return Placement(source, (rows, columns), window, area)


def _middle(whole: int, part: float) -> tuple[int, int]:
    """Return the ends of the middle ``part`` of ``whole`` pixels, at least one."""
    length = min(whole, max(1, round(part)))
    start = (whole - length) // 2
    return start, start + length
