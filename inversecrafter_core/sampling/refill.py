"""The measurement renewed once on the way, its holes filled with what the model has come to predict there.

A VAE's latents beside a hole know what the hole was filled with: its encoder sees many pixels at once. The infill before
sampling is a guess; half-way through, the model's own prediction is a better one. One decoding and one encoding more in a
run, where :func:`~inversecrafter_core.inverse.prepare_pixels` takes one of each at every step.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..inverse import Step
from .guidance import BoundGuidance

Renew = Callable[[torch.Tensor], Step]


class RefillOnce:
    """``(z0, sigma) -> z*`` for one run: as ``bound``, until the first guided call at ``sigma <= at``, which renews its step.

    Args:
        bound: guidance by the first measurement.
        at: flow time; 0.7 is about the middle of the default window under shift 4.
        renew: corrected prediction ``z*`` to the proximal step of the new measurement, see
            :func:`~inversecrafter_core.inverse.refilled`.
    """

    def __init__(self, bound: BoundGuidance, at: float, renew: Renew):
        self._bound, self._at, self._renew, self._done = bound, at, renew, False

    def __call__(self, denoised: torch.Tensor, sigma: float) -> torch.Tensor:
        if not self._done and sigma in self._bound.active and sigma <= self._at:
            self._bound = BoundGuidance(self._bound.active, self._renew(self._bound(denoised, sigma)))
            self._done = True
        return self._bound(denoised, sigma)
