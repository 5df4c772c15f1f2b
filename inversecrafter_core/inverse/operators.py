"""Linear measurement operators: ``A`` and its exact adjoint, ``<A z, w> = <z, A^T w>``.

An operator acts on latents ``[B, C, T', H', W']``, each sample of the batch on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch


class Operator(Protocol):
    """A linear measurement operator, as conjugate gradients use it."""

    def A(self, z: torch.Tensor) -> torch.Tensor:
        """Return the measurement of the latent ``z``."""
        ...

    def A_adjoint(self, w: torch.Tensor) -> torch.Tensor:
        """Return the exact adjoint applied to ``w``, not an approximation."""
        ...


@dataclass(frozen=True)
class DiagonalMask:
    """The operator ``A z = h * z`` of InverseCrafter, its own adjoint. ``h`` broadcasts against ``z``."""

    h: torch.Tensor

    def A(self, z: torch.Tensor) -> torch.Tensor:
        return self.h * z

    def A_adjoint(self, w: torch.Tensor) -> torch.Tensor:
        return self.h * w
