"""Compositions of operators, and their way through a clip frame by frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import torch

from .protocol import VideoOperator, VideoSize


@dataclass(frozen=True)
class Composition:
    """Several operators one after the other, the first of ``parts`` first: ``A = A_n ... A_1``, ``A^T = A_1^T ... A_n^T``."""

    parts: tuple[VideoOperator, ...]

    @property
    def by_frame(self) -> bool:
        return all(part.by_frame for part in self.parts)

    def A(self, x: torch.Tensor) -> torch.Tensor:
        return reduce(lambda value, part: part.A(value), self.parts, x)

    def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:
        return reduce(lambda value, part: part.A_adjoint(value), reversed(self.parts), y)

    def part(self, frames: slice) -> Composition:
        return Composition(tuple(part.part(frames) for part in self.parts))

    def measured(self, size: VideoSize) -> VideoSize:
        return reduce(lambda value, part: part.measured(value), self.parts, size)

    def estimate(self, y: torch.Tensor) -> torch.Tensor:
        return reduce(lambda value, part: part.estimate(value), reversed(self.parts), y)


@dataclass(frozen=True)
class ByFrame:
    """An operator that acts on each frame by itself, applied to one frame at a time on a device; clips stay where they are."""

    operator: VideoOperator
    device: torch.device
    by_frame = True

    def A(self, x: torch.Tensor) -> torch.Tensor:
        return self._each(x, lambda part, frame: part.A(frame))

    def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:
        return self._each(y, lambda part, frame: part.A_adjoint(frame))

    def part(self, frames: slice) -> ByFrame:
        return ByFrame(self.operator.part(frames), self.device)

    def measured(self, size: VideoSize) -> VideoSize:
        return self.operator.measured(size)

    def estimate(self, y: torch.Tensor) -> torch.Tensor:
        return self._each(y, lambda part, frame: part.estimate(frame))

    def _each(self, clip: torch.Tensor, apply: Callable[[VideoOperator, torch.Tensor], torch.Tensor]) -> torch.Tensor:
        made: torch.Tensor | None = None
        for i in range(len(clip)):
            one = slice(i, i + 1)
            frame = apply(self.operator.part(one), clip[one].to(self.device))
            made = clip.new_empty(len(clip), *frame.shape[1:]) if made is None else made
            made[one] = frame.to(clip.device)
        return clip if made is None else made


def streamed(operator: VideoOperator, device: torch.device) -> VideoOperator:
    """Return an operator that needs ``device`` for one frame at a time; what mixes frames runs where the clip is."""
    if operator.by_frame:
        return ByFrame(operator, device)
    if isinstance(operator, Composition):
        return Composition(tuple(streamed(part, device) for part in operator.parts))
    return operator
