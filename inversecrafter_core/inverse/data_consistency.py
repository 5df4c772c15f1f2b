"""The proximal step: pull a predicted clean latent towards what is known (InverseCrafter, eq. 8).

``z* = argmin_z gamma/2 |w - A z|^2 + 1/2 |z - z0|^2``, so ``(I + gamma A^T A) z* = z0 + gamma A^T w``. With ``A z = h z``
the matrix is diagonal and ``z* = (z0 + gamma h w) / (1 + gamma h^2)``. Latents are in *model space*, ``[B, C, T', H',
W']``; all arithmetic is float32. The measurement is ``w = h E(y)``, so ``z*`` is a convex blend of ``z0`` and ``E(y)``, of
weight ``gamma h^2 / (1 + gamma h^2)`` and bounded for every gamma. With ``w = E(y)``, as the equation is printed, it would tend
to ``E(y) / h``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..errors import InputError
from .conjugate_gradient import conjugate_gradient
from .operators import DiagonalMask, Operator

Step = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class ProximalSettings:
    """How the proximal step is solved.

    Attributes:
        solver: a key of :data:`SOLVERS`, or ``auto``: the closed form, since a latent mask is diagonal.
        gamma: weight of the measurement against the model, >= 0. 8 has the least LPIPS to the true view of 2, 8, 20 and 50 on
            two scenes of ``lab.benchmarks.solvers.compare --seed 5``; the optimum is flat.
        steps: conjugate-gradient steps K, >= 1.
        tolerance: relative residual at which conjugate gradients stop, >= 0.
    """

    solver: str = "auto"
    gamma: float = 8.0
    steps: int = 5
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        if self.solver != "auto" and self.solver not in SOLVERS:
            raise InputError("solver", f"'{self.solver}'", f"Choose one of: auto, {', '.join(SOLVERS)}.")
        if not (0 <= self.gamma < float("inf")):
            raise InputError("gamma", f"{self.gamma}", "Give a number of at least 0; 5 to 10 is usual.")
        if self.steps < 1 or self.tolerance < 0:
            raise InputError(
                "cg_steps and tolerance", f"{self.steps} and {self.tolerance}", "Use at least 1 step and a tolerance >= 0."
            )


def solve_closed_form(z0: torch.Tensor, h: torch.Tensor, w: torch.Tensor, gamma: float) -> torch.Tensor:
    """``(z0 + gamma h w) / (1 + gamma h^2)``, exact for the diagonal operator. Float32."""
    return (z0.float() + gamma * h * w) / (1 + gamma * h * h)


def solve_conjugate_gradients(
    z0: torch.Tensor, operator: Operator, w: torch.Tensor, gamma: float, steps: int = 5, tolerance: float = 1e-5
) -> torch.Tensor:
    """``steps`` of conjugate gradients from ``z0``, for any linear operator. Float32."""
    return _normal_equations(operator, gamma * operator.A_adjoint(w), gamma, steps, tolerance)(z0)


def _normal_equations(operator: Operator, pull: torch.Tensor, gamma: float, steps: int, tolerance: float) -> Step:
    def apply(z: torch.Tensor) -> torch.Tensor:
        return torch.add(z, operator.A_adjoint(operator.A(z)), alpha=gamma)

    def step(z0: torch.Tensor) -> torch.Tensor:
        z0 = z0.float()
        return conjugate_gradient(apply, z0 + pull, z0, steps, tolerance)[0]

    return step


def _prepare_conjugate_gradients(h: torch.Tensor, w: torch.Tensor, settings: ProximalSettings) -> Step:
    return _normal_equations(DiagonalMask(h), settings.gamma * h * w, settings.gamma, settings.steps, settings.tolerance)


def _prepare_closed_form(h: torch.Tensor, w: torch.Tensor, settings: ProximalSettings) -> Step:
    # One fused pass a step: z* = gain z0 + pull, with both factors made once a run.
    gain = 1 / (1 + settings.gamma * h * h)
    pull = settings.gamma * h * w * gain
    return lambda z0: torch.addcmul(pull, gain, z0.float())


SOLVERS: dict[str, Callable[[torch.Tensor, torch.Tensor, ProximalSettings], Step]] = {
    "conjugate_gradients": _prepare_conjugate_gradients,
    "closed_form": _prepare_closed_form,
}


def prepare(h: torch.Tensor, encoded: torch.Tensor, settings: ProximalSettings) -> Step:
    """The proximal step as a function ``z0 -> z*``, with everything that does not depend on ``z0`` computed here, once a run.

    Args:
        h: latent mask in 0...1, 1 = known.
        encoded: ``E(y)`` in model space, same shape, same device.
        settings: solver, gamma, steps.
    """
    h, encoded = h.float(), encoded.float()
    solver = "closed_form" if settings.solver == "auto" else settings.solver
    return SOLVERS[solver](h, h * encoded, settings)
