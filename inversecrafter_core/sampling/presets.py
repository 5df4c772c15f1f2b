"""Settings that belong together, chosen by measurement."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..inverse import ProximalSettings
from .window import Window


@dataclass(frozen=True)
class Preset:
    """What a kind of model wants.

    Attributes:
        sampler: the exact ``dds_euler``, or the host's ``lcm`` with the guided model, which draws fresh noise at each step.
        cfg: 1 where guidance is distilled into the model.
        proximal, window: as everywhere.
    """

    sampler: str
    cfg: float
    proximal: ProximalSettings = field(default_factory=ProximalSettings)
    window: Window = field(default_factory=Window)


FEW_STEPS = Preset("dds_euler", 1.0, ProximalSettings("closed_form", gamma=20.0))
"""For 4 to 8 steps with a distilled model."""
