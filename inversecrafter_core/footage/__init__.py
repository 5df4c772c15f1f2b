"""Footage as it comes, at a constant rate and at a size that a video model takes."""

from .fit import Fit, Placement, place
from .timing import Picture, Timing, at_constant_rate

__all__ = ["Fit", "Picture", "Placement", "Timing", "at_constant_rate", "place"]
