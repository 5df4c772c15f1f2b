"""Low resolution: the mean of square blocks of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ...errors import InputError
from .protocol import VideoSize


@dataclass(frozen=True)
class AveragePool:
    """The mean of blocks of ``factor`` by ``factor`` pixels; its adjoint spreads each mean over its block, by ``1/factor^2``.

    Raises:
        InputError: a factor below 1.
    """

    factor: int
    by_frame = True

    def __post_init__(self) -> None:
        if self.factor < 1:
            raise InputError("factor", f"{self.factor}", "Choose 2, 4 or 8.")

    def A(self, x: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(x.movedim(-1, 1), self.factor).movedim(1, -1)

    def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:
        return (y / self.factor**2).repeat_interleave(self.factor, 1).repeat_interleave(self.factor, 2)

    def part(self, frames: slice) -> AveragePool:
        return self

    def measured(self, size: VideoSize) -> VideoSize:
        frames, height, width = size
        if height % self.factor or width % self.factor:
            fit = f"{width // self.factor * self.factor}x{height // self.factor * self.factor}"
            raise InputError(
                "factor", f"{self.factor} for frames of {width}x{height}", f"Resize or crop to {fit}, or choose another factor."
            )
        return frames, height // self.factor, width // self.factor

    def estimate(self, y: torch.Tensor) -> torch.Tensor:
        """Return the frames enlarged bicubically."""
        return F.interpolate(y.movedim(-1, 1), scale_factor=self.factor, mode="bicubic").movedim(1, -1)
