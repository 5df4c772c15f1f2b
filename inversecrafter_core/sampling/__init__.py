"""Guided sampling: windows, guidance bound to a run, and one function a sampler."""

from .baselines import (
    Evidence,
    Langevin,
    langevin_step,
    renoise,
    sample_hard_paste,
    sample_lanpaint,
    sample_time_to_move,
    sample_zero4d,
)
from .guidance import BoundGuidance, Guidance
from .guided_euler import Signal, flow_signal, sample_guided_euler, whole_signal
from .prior import Prior, RestorationSettings, Start, noise_levels, noise_share, paper_width, watched
from .schedule import even_schedule, percent_of_sigma, shifted, sigma_of_percent
from .settings import GuidanceSettings, NoiseRule
from .streams import Streams
from .vision_xl import sample_vision_xl
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
    "Prior",
    "RestorationSettings",
    "SigmaRange",
    "Signal",
    "Start",
    "Streams",
    "Window",
    "even_schedule",
    "flow_signal",
    "langevin_step",
    "noise_levels",
    "noise_share",
    "paper_width",
    "percent_of_sigma",
    "renoise",
    "sample_guided_euler",
    "sample_hard_paste",
    "sample_lanpaint",
    "sample_time_to_move",
    "sample_vision_xl",
    "sample_zero4d",
    "shifted",
    "sigma_of_percent",
    "steps_above",
    "watched",
    "whole_signal",
]
