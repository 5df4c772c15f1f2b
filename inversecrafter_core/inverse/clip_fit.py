"""Data consistency of clips in pixels: the clip near an estimate whose measurement is the given one."""

from __future__ import annotations

import torch

from .conjugate_gradient import conjugate_gradient
from .operators import Roughness, VideoOperator, streamed

STEPS = 20
"""Conjugate-gradient steps, by default twice VISION-XL's: blur is not undone in 10, and from 60 on the noise of 8 bit grows."""
ROUGHNESS = 1e-3
"""mu of a smooth correction: small beside 1, so that the measurement is nearly met, and large enough for few steps."""


@torch.no_grad()
def fit_clip(
    operator: VideoOperator,
    y: torch.Tensor,
    x0: torch.Tensor,
    steps: int = STEPS,
    device: torch.device | None = None,
    spread: float = 0.0,
) -> torch.Tensor:
    """Solve ``A^T A x = A^T y`` by conjugate gradients from ``x0``, which moves ``x0`` no further than ``y`` asks for.

    What ``A`` does not see of ``x0`` stays. Few steps leave weakly measured detail, and its noise, as it is in ``x0``. Where
    frames are measured one by one each is a system of its own, solved alone on the device; otherwise the clip is one system,
    which rests where it is while single frames go through the device.

    With a ``spread`` a smooth correction comes first, ``argmin_c |A (x0 + c) - y|^2 + mu |(1/spread^2 - Laplacian) c|^2``: what
    is corrected at known pixels goes on through the hidden ones between them. What is left is then fitted as above.

    Args:
        operator: A.
        y: measurement ``[F, h, w, C]``.
        x0: estimate ``[F, H, W, C]``, on the same device as ``y``.
        steps: the largest number of steps of a solution.
        device: that computes; None: that of ``x0``.
        spread: pixels that a correction reaches into what is hidden; 0 = none.
    """
    device = x0.device if device is None else device
    if not operator.by_frame:
        return _fit(streamed(operator, device), y.float(), x0.float(), steps, spread, device)
    x = torch.empty_like(x0, dtype=torch.float32)
    for i in range(len(x0)):
        one = slice(i, i + 1)
        frame, measured = x0[one].to(device).float(), y[one].to(device).float()
        x[one] = _fit(operator.part(one), measured, frame, steps, spread, device).to(x.device)
    return x


def _fit(
    operator: VideoOperator, y: torch.Tensor, x0: torch.Tensor, steps: int, spread: float, device: torch.device
) -> torch.Tensor:
    if spread > 0:
        rough = streamed(Roughness(spread), device)
        x0 = x0 + _solve(operator, y - operator.A(x0), torch.zeros_like(x0), steps, rough)
    return _solve(operator, y, x0, steps)


def _solve(
    operator: VideoOperator, y: torch.Tensor, x0: torch.Tensor, steps: int, rough: VideoOperator | None = None
) -> torch.Tensor:
    def apply(x: torch.Tensor) -> torch.Tensor:
        measured = operator.A_adjoint(operator.A(x[0]))
        return (measured if rough is None else measured + ROUGHNESS * rough.A_adjoint(rough.A(x[0])))[None]

    return conjugate_gradient(apply, operator.A_adjoint(y)[None], x0[None], steps)[0][0]
