"""Operators whose use can be cancelled: a fit of a large clip takes long, and calls neither model nor VAE."""

from __future__ import annotations

from dataclasses import dataclass

import comfy.model_management
import torch

from ...inversecrafter_core.inverse.operators import Composition, VideoOperator, VideoSize


@dataclass(frozen=True)
class Cancellable:
    """An operator that raises, when it is used, if the user has cancelled."""

    operator: VideoOperator

    @property
    def by_frame(self) -> bool:
        return self.operator.by_frame

    def A(self, x: torch.Tensor) -> torch.Tensor:  # noqa: N802
        comfy.model_management.throw_exception_if_processing_interrupted()
        return self.operator.A(x)

    def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:  # noqa: N802
        comfy.model_management.throw_exception_if_processing_interrupted()
        return self.operator.A_adjoint(y)

    def estimate(self, y: torch.Tensor) -> torch.Tensor:
        comfy.model_management.throw_exception_if_processing_interrupted()
        return self.operator.estimate(y)

    def part(self, frames: slice) -> Cancellable:
        return Cancellable(self.operator.part(frames))

    def measured(self, size: VideoSize) -> VideoSize:
        return self.operator.measured(size)


def cancellable(operator: VideoOperator) -> VideoOperator:
    """Return an operator each part of which can be cancelled; a composition stays one, so that it is still streamed."""
    if isinstance(operator, Composition):
        return Composition(tuple(cancellable(part) for part in operator.parts))
    return Cancellable(operator)
