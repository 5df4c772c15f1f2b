"""Guided sampling: windows, a measurement bound to a run, and one short function a sampler."""

from .guidance import BoundGuidance, Guidance
from .guided_euler import sample_guided_euler
from .window import WINDOW_MODES, SigmaRange, Window

__all__ = ["WINDOW_MODES", "BoundGuidance", "Guidance", "SigmaRange", "Window", "sample_guided_euler"]
