"""Rarely changed settings of guidance: the solver of the proximal step, the mask's schedule, the exact sampler's noise rule."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..errors import require_choice
from ..inverse import MaskSchedule, ProximalSettings, Solver


class NoiseRule(StrEnum):
    """Noise that the exact sampler adds to the corrected prediction.

    ``KEEP`` is decomposed diffusion sampling: the step's own noise estimate. ``FRESH`` draws new noise at every step, as
    samplers of consistency-distilled models do.
    """

    KEEP = "keep"
    FRESH = "fresh"


@dataclass(frozen=True)
class GuidanceSettings:
    """Solver, its stopping rule, the noise rule, and the mask's schedule.

    Attributes:
        solver: see :class:`..inverse.Solver`.
        steps: conjugate-gradient steps K, at least 1.
        tolerance: relative residual at which conjugate gradients stop, at least 0.
        noise: see :class:`NoiseRule`.
        schedule: see :class:`..inverse.MaskSchedule`.

    Raises:
        InputError: an unknown solver, noise rule or schedule, fewer than one step, or a negative tolerance.
    """

    solver: Solver = Solver.AUTO
    steps: int = 5
    tolerance: float = 1e-5
    noise: NoiseRule = NoiseRule.KEEP
    schedule: MaskSchedule = MaskSchedule.FIXED

    def __post_init__(self) -> None:
        require_choice("noise", self.noise, NoiseRule)
        self.proximal(ProximalSettings.gamma)

    def proximal(self, gamma: float) -> ProximalSettings:
        """Return the proximal step's settings with weight ``gamma``."""
        return ProximalSettings(self.solver, gamma, self.steps, self.tolerance, self.schedule)
