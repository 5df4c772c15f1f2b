"""Motion blur of a clip: the mean of neighbouring frames."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...errors import InputError, require_choice
from .border import Border, continued
from .protocol import VideoSize


@dataclass(frozen=True)
class TemporalAverage:
    """The mean of ``length`` frames around each frame. Both directions go through the clip frame by frame.

    Attributes:
        length: frames of the box, odd.
        border: continuation of the clip before its first and behind its last frame.

    Raises:
        InputError: an even length, or an unknown border.
    """

    length: int
    border: Border = Border.CIRCULAR
    by_frame = False

    def __post_init__(self) -> None:
        require_choice("temporal_border", self.border, Border)
        if self.length % 2 == 0 or self.length < 1:
            fix = f"Give an odd number of frames, {max(1, self.length - 1)} or {self.length + 1}."
            raise InputError("temporal_length", f"{self.length} frames", fix)

    def A(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.zeros_like(x)
        for frame, sources in zip(y, self._windows(len(x)), strict=True):
            for source in sources:
                frame += x[source]
        return y.div_(self.length)

    def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:
        x = torch.zeros_like(y)
        for frame, sources in zip(y, self._windows(len(y)), strict=True):
            for source in sources:
                x[source] += frame
        return x.div_(self.length)

    def part(self, frames: slice) -> TemporalAverage:
        return self

    def measured(self, size: VideoSize) -> VideoSize:
        if self.length > size[0]:
            raise InputError(
                "temporal_length", f"{self.length} frames for a clip of {size[0]}", "Choose a shorter box or a longer clip."
            )
        return size

    def estimate(self, y: torch.Tensor) -> torch.Tensor:
        return y

    def _windows(self, frames: int) -> list[list[int]]:
        """Return the frames that each measured frame is the mean of."""
        radius = self.length // 2
        windows: list[list[int]] = continued(frames, radius, radius, self.border).unfold(0, self.length, 1).tolist()
        return windows
