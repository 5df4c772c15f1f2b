"""The roughness of a clip's frames: what is least in the smoothest correction that a measurement allows."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .protocol import VideoSize


@dataclass(frozen=True)
class Roughness:
    """The operator ``1 / length^2 - Laplacian`` on every frame, on five points; borders are replicated, so it is symmetric.

    What it maps to white noise is a Matern field (Whittle, 1954): smooth, and correlated over a few times ``length``.

    Attributes:
        length: in pixels, above 0.
    """

    length: float
    by_frame = True

    def A(self, x: torch.Tensor) -> torch.Tensor:
        rough = (4 + self.length**-2) * x
        for side in (1, 2):
            last = x.shape[side] - 1
            rough -= torch.cat([x.narrow(side, 0, 1), x.narrow(side, 0, last)], side)
            rough -= torch.cat([x.narrow(side, 1, last), x.narrow(side, last, 1)], side)
        return rough

    def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:
        return self.A(y)

    def part(self, frames: slice) -> Roughness:
        return self

    def measured(self, size: VideoSize) -> VideoSize:
        return size

    def estimate(self, y: torch.Tensor) -> torch.Tensor:
        return y
