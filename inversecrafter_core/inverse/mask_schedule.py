"""The latent mask over a run: how far a partly known cell is believed at a noise level.

Early in a run the infill of a partly known cell is nearer to the truth than the model's prediction, late it is not. So the mask
is raised to a power that grows as the noise falls, ``h^((0.8 / t)^2)`` at flow time ``t``: cells that are wholly known stay
known, the others are left to the model bit by bit. Ours, not the paper's: nearer to the truth under strong video models, not
under weak ones. ``python -m lab.benchmarks.solvers.compare --schedule sharpen`` measures it.
"""

from __future__ import annotations

from enum import StrEnum

REFERENCE, LEAST = 0.8, 0.2
"""Flow times: of the mask as it was encoded, and below which the power does not grow."""


class MaskSchedule(StrEnum):
    """Course of the latent mask over a run: ``fixed`` is the paper's."""

    FIXED = "fixed"
    SHARPEN = "sharpen"


def mask_power(time: float) -> float:
    """Return the power of the latent mask at a flow time in 0...1, 1 = noise: 0.64 at 1, 1 at 0.8, 16 at 0.2 and below."""
    return (REFERENCE / max(time, LEAST)) ** 2
