"""Data consistency of clips in pixels: the clip near an estimate whose measurement is the given one."""

from __future__ import annotations

import torch

from .conjugate_gradient import conjugate_gradient
from .operators import VideoOperator, streamed

STEPS = 10
"""Conjugate-gradient steps, by default VISION-XL's."""


@torch.no_grad()
def fit_clip(
    operator: VideoOperator, y: torch.Tensor, x0: torch.Tensor, steps: int = STEPS, device: torch.device | None = None
) -> torch.Tensor:
    """Solve ``A^T A x = A^T y`` by conjugate gradients from ``x0``, which moves ``x0`` no further than ``y`` asks for.

    What ``A`` does not see of ``x0`` stays. Few steps leave weakly measured detail, and its noise, as it is in ``x0``. Where
    frames are measured one by one each is a system of its own, solved alone on the device; otherwise the clip is one system,
    which rests where it is while single frames go through the device.

    Args:
        operator: A.
        y: measurement ``[F, h, w, C]``.
        x0: estimate ``[F, H, W, C]``, on the same device as ``y``.
        steps: the largest number of steps.
        device: that computes; None: that of ``x0``.
    """
    device = x0.device if device is None else device
    if not operator.by_frame:
        return _solve(streamed(operator, device), y.float(), x0.float(), steps)
    x = torch.empty_like(x0, dtype=torch.float32)
    for i in range(len(x0)):
        one = slice(i, i + 1)
        x[one] = _solve(operator.part(one), y[one].to(device).float(), x0[one].to(device).float(), steps).to(x.device)
    return x


def _solve(operator: VideoOperator, y: torch.Tensor, x0: torch.Tensor, steps: int) -> torch.Tensor:
    def apply(x: torch.Tensor) -> torch.Tensor:
        return operator.A_adjoint(operator.A(x[0]))[None]

    return conjugate_gradient(apply, operator.A_adjoint(y)[None], x0[None], steps)[0][0]
