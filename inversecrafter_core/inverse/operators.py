"""Linear measurement operators: ``A`` and its true adjoint, ``<A z, w> = <z, A^T w>``.

An operator acts on latents ``[B, C, T', H', W']``, each sample of the batch on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch


class Operator(Protocol):
    """A linear measurement, as conjugate gradients use it."""

    def A(self, z: torch.Tensor) -> torch.Tensor:
        """Measure."""
        ...

    def A_adjoint(self, w: torch.Tensor) -> torch.Tensor:
        """The adjoint, not an approximation of it."""
        ...


@dataclass(frozen=True)
class DiagonalMask:
    """``A z = h * z``: what InverseCrafter measures. Its own adjoint. ``h`` broadcasts against ``z``."""

    h: torch.Tensor

    def A(self, z: torch.Tensor) -> torch.Tensor:
        return self.h * z

    def A_adjoint(self, w: torch.Tensor) -> torch.Tensor:
        return self.h * w
