"""The protocols of linear measurement operators: ``A`` and its exact adjoint, ``<A x, y> = <x, A^T y>``."""

from __future__ import annotations

from typing import Protocol

import torch

VideoSize = tuple[int, int, int]
"""Frames, height and width of a clip."""


def size_of(video: torch.Tensor) -> VideoSize:
    """Return frames, height and width of a clip ``[F, H, W, C]``."""
    return len(video), video.shape[1], video.shape[2]


class Operator(Protocol):
    """A linear measurement operator, as conjugate gradients use it."""

    def A(self, x: torch.Tensor) -> torch.Tensor:
        """Return the measurement of ``x``."""
        ...

    def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:
        """Return the exact adjoint applied to ``y``, not an approximation."""
        ...


class VideoOperator(Operator, Protocol):
    """An operator on clips ``[F, H, W, C]`` of any floating dtype, which it keeps; every channel is measured alike."""

    @property
    def by_frame(self) -> bool:
        """True where each measured frame depends on the clip's frame of the same time alone."""
        ...

    def part(self, frames: slice) -> VideoOperator:
        """Return the operator of some frames of the clip; only of use where ``by_frame`` holds."""
        ...

    def measured(self, size: VideoSize) -> VideoSize:
        """Return the size of the measurement of a clip of that size.

        Raises:
            InputError: the operator does not act on clips of that size.
        """
        ...

    def estimate(self, y: torch.Tensor) -> torch.Tensor:
        """Return a simple clip of full size that resembles the measurement ``y``, to start from."""
        ...
