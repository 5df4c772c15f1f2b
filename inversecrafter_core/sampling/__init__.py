"""Guided sampling: windows, a measurement bound to a run, and one short function a sampler; the relatives' beside ours."""

from .baselines import (
    langevin_step,
    renoise,
    sample_dps,
    sample_hard_paste,
    sample_lanpaint,
    sample_time_to_move,
    sample_zero4d,
)
from .guidance import BoundGuidance, Guidance
from .guided_euler import sample_guided_euler
from .presets import FEW_STEPS, Preset
from .refill import RefillOnce
from .window import WINDOW_MODES, SigmaRange, Window

__all__ = [
    "FEW_STEPS",
    "WINDOW_MODES",
    "BoundGuidance",
    "Guidance",
    "Preset",
    "RefillOnce",
    "SigmaRange",
    "Window",
    "langevin_step",
    "renoise",
    "sample_dps",
    "sample_guided_euler",
    "sample_hard_paste",
    "sample_lanpaint",
    "sample_time_to_move",
    "sample_zero4d",
]
