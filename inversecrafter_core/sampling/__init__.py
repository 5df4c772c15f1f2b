"""Guided sampling: windows, guidance bound to a run, and one function a sampler."""

from .guidance import BoundGuidance, Guidance
from .guided_euler import sample_guided_euler
from .relatives import (
    Evidence,
    Langevin,
    langevin_step,
    renoise,
    sample_hard_paste,
    sample_lanpaint,
    sample_time_to_move,
    sample_zero4d,
)
from .schedule import even_schedule, percent_of_sigma, shifted, sigma_of_percent
from .settings import GuidanceSettings, NoiseRule
from .window import ALWAYS, NEVER, SigmaRange, Window, steps_above

__all__ = [
    "ALWAYS",
    "NEVER",
    "BoundGuidance",
    "Evidence",
    "Guidance",
    "GuidanceSettings",
    "Langevin",
    "NoiseRule",
    "SigmaRange",
    "Window",
    "even_schedule",
    "langevin_step",
    "percent_of_sigma",
    "renoise",
    "sample_guided_euler",
    "sample_hard_paste",
    "sample_lanpaint",
    "sample_time_to_move",
    "sample_zero4d",
    "shifted",
    "sigma_of_percent",
    "steps_above",
]
