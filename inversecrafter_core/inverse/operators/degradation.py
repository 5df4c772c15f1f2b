"""The degradation of one clip: its operator, and the sizes of the clip and of its measurement."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...errors import InputError, require_video
from .compose import Composition, streamed
from .diagonal import PixelMask
from .pooling import AveragePool
from .protocol import VideoOperator, VideoSize

HIDDEN_SPREAD = 0.8
"""A compromise over tuning scenes: 1 is best for 50 % of the pixels hidden, 0.7 for 85 %, for lines and for blocks."""
POOLED_SPREAD = 1.0
"""Corrections of a block alone end in lines around it; from 0.5 to 4 pixels all is the same."""


@dataclass(frozen=True)
class Degradation:
    """A linear operator on clips of one size.

    Attributes:
        operator: from a clip ``[F, H, W, C]`` to its measurement.
        size: frames, height and width of the clip.
        name: the operator in words, for reports.

    Raises:
        InputError: the operator does not act on clips of that size.
    """

    operator: VideoOperator
    size: VideoSize
    name: str = "a custom operator"

    def __post_init__(self) -> None:
        self.operator.measured(self.size)

    @classmethod
    def of(cls, parts: list[VideoOperator], size: VideoSize, name: str = "a custom operator") -> Degradation:
        """Return the degradation by several operators, the first of ``parts`` first.

        Raises:
            InputError: no operator at all, or one that does not act on clips of that size.
        """
        if not parts:
            raise InputError("degradation", "nothing degrades the clip", "Choose a spatial or a temporal degradation.")
        return cls(parts[0] if len(parts) == 1 else Composition(tuple(parts)), size, name)

    @property
    def measured(self) -> VideoSize:
        """Frames, height and width of the measurement."""
        return self.operator.measured(self.size)

    @property
    def visible(self) -> torch.Tensor | None:
        """The mask ``[1 or F, H, W]``, 1 = known, of a degradation that only hides pixels; otherwise None."""
        return self.operator.visible if isinstance(self.operator, PixelMask) else None

    @property
    def fit_spread(self) -> float:
        """Pixels that a fit's corrections reach beyond the pixel or block that asks for them; 0 for blur."""
        if isinstance(self._last, PixelMask):
            return HIDDEN_SPREAD
        return POOLED_SPREAD if isinstance(self._last, AveragePool) else 0.0

    @property
    def _last(self) -> VideoOperator:
        return self.operator.parts[-1] if isinstance(self.operator, Composition) else self.operator

    def measure(self, video: torch.Tensor, device: torch.device) -> torch.Tensor:
        """Return the measurement of a clip; what acts on single frames goes through ``device`` one frame at a time."""
        return streamed(self.operator, device).A(video)

    def require_measurement(self, name: str, video: torch.Tensor) -> torch.Tensor:
        """Return the measurement ``video [F, H, W, 3]`` in float32, with 0 at pixels that the last operator hides.

        Raises:
            InputError: no video, or one that is not of the size of this degradation's measurements.
        """
        video = require_video(name, video)
        frames, height, width = self.measured
        if tuple(video.shape[:3]) != (frames, height, width):
            raise InputError(
                name,
                f"{video.shape[0]} frames of {video.shape[2]}x{video.shape[1]}, but the operator measures {frames} frames of "
                f"{width}x{height}",
                "Connect the video that this operator has degraded, or make the operator for this video.",
            )
        last = self._last
        return torch.where(last.h.to(video.device) > 0, video, 0.0) if isinstance(last, PixelMask) else video
