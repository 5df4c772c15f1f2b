"""Data consistency: the proximal step from a predicted clean latent towards the measurement (InverseCrafter, eq. 8).

``z* = argmin_z gamma/2 |w - A z|^2 + 1/2 |z - z0|^2``, so ``(I + gamma A^T A) z* = z0 + gamma A^T w``. With ``A z = h z``
the matrix is diagonal and ``z* = (z0 + gamma h w) / (1 + gamma h^2)``. Latents are in *model space*, ``[B, C, T', H',
W']``; all arithmetic is float32. The measurement is ``w = h E(y)``, so ``z*`` is a convex combination of ``z0`` and ``E(y)`` in
which ``E(y)`` has the weight ``gamma h^2 / (1 + gamma h^2)``. With ``w = E(y)``, as the equation is printed, ``z*`` would tend
to ``E(y) / h``, which has no bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch

from ..errors import InputError, require_choice
from .conjugate_gradient import conjugate_gradient
from .mask_schedule import MaskSchedule, mask_power
from .operators import DiagonalMask, Operator

Solve = Callable[[torch.Tensor], torch.Tensor]
Step = Callable[[torch.Tensor, float], torch.Tensor]
"""Function from ``z0`` and the flow time, 1 = noise, to ``z*``."""


class Solver(StrEnum):
    """Solver of the proximal step; ``auto`` is the closed form, since a latent mask is a diagonal operator."""

    AUTO = "auto"
    CONJUGATE_GRADIENTS = "conjugate_gradients"
    CLOSED_FORM = "closed_form"


@dataclass(frozen=True)
class ProximalSettings:
    """Settings of the proximal step.

    Attributes:
        solver: see :class:`Solver`.
        gamma: weight of the measurement against the prediction, >= 0; the optimum around 8 is flat.
        steps: conjugate-gradient steps K, >= 1.
        tolerance: relative residual at which conjugate gradients stop, >= 0.
        schedule: see :class:`.mask_schedule.MaskSchedule`.

    Raises:
        InputError: an unknown solver or schedule, or a number out of its range.
    """

    solver: Solver = Solver.AUTO
    gamma: float = 8.0
    steps: int = 5
    tolerance: float = 1e-5
    schedule: MaskSchedule = MaskSchedule.FIXED

    def __post_init__(self) -> None:
        require_choice("solver", self.solver, Solver)
        require_choice("mask_schedule", self.schedule, MaskSchedule)
        if not (0 <= self.gamma < float("inf")):
            raise InputError("gamma", f"{self.gamma}", "Give a number of at least 0; 5 to 10 is usual.")
        if self.steps < 1 or self.tolerance < 0:
            raise InputError(
                "cg_steps and tolerance", f"{self.steps} and {self.tolerance}", "Use at least 1 step and a tolerance >= 0."
            )


def solve_conjugate_gradients(
    z0: torch.Tensor, operator: Operator, w: torch.Tensor, gamma: float, steps: int = 5, tolerance: float = 1e-5
) -> torch.Tensor:
    """Return the proximal step of ``z0`` for any linear operator, by ``steps`` of conjugate gradients from ``z0``. Float32."""
    return _normal_equations(operator, operator.A_adjoint(w), gamma, steps, tolerance)(z0)


def _normal_equations(operator: Operator, back: torch.Tensor, gamma: float, steps: int, tolerance: float) -> Solve:
    # Divided by 1 + gamma, so that no gamma overflows: the steps are the same. ``back`` is A^T w.
    share = gamma / (1 + gamma)

    def apply(z: torch.Tensor) -> torch.Tensor:
        return torch.lerp(z, operator.A_adjoint(operator.A(z)).to(z.dtype), share)

    def step(z0: torch.Tensor) -> torch.Tensor:
        z0 = z0.float()
        return conjugate_gradient(apply, torch.lerp(z0, back.to(z0.dtype), share), z0, steps, tolerance)[0]

    return step


def _prepare_conjugate_gradients(h: torch.Tensor, w: torch.Tensor, settings: ProximalSettings) -> Solve:
    return _normal_equations(DiagonalMask(h), h * w, settings.gamma, settings.steps, settings.tolerance)


def _prepare_closed_form(h: torch.Tensor, w: torch.Tensor, settings: ProximalSettings) -> Solve:
    # One fused pass, z* = gain z0 + pull.
    gain = 1 / (1 + settings.gamma * h * h)
    pull = settings.gamma * h * gain * w
    return lambda z0: torch.addcmul(pull, gain, z0.float())


SOLVERS: dict[Solver, Callable[[torch.Tensor, torch.Tensor, ProximalSettings], Solve]] = {
    Solver.CONJUGATE_GRADIENTS: _prepare_conjugate_gradients,
    Solver.CLOSED_FORM: _prepare_closed_form,
}


def prepare(h: torch.Tensor, encoded: torch.Tensor, settings: ProximalSettings) -> Step:
    """Return the proximal step as a function of ``z0`` and the flow time.

    With a fixed mask what does not depend on ``z0`` is computed here, once a run.

    Args:
        h: latent mask in 0...1, 1 = known.
        encoded: ``E(y)`` in model space, same shape, same device.
        settings: solver, gamma, steps, tolerance and the mask's schedule.
    """
    h, encoded = h.float(), encoded.float()
    solver = SOLVERS[Solver.CLOSED_FORM if settings.solver == Solver.AUTO else settings.solver]
    if settings.schedule == MaskSchedule.FIXED:
        fixed = solver(h, h * encoded, settings)
        return lambda z0, _: fixed(z0)

    def step(z0: torch.Tensor, time: float) -> torch.Tensor:
        sharpened = h ** mask_power(time)
        return solver(sharpened, sharpened * encoded, settings)(z0)

    return step
