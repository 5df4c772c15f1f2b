"""Editing: regions, their tracking, propagation of an edit of the first frame, and drift of the rest."""

from .composite import composite
from .drift import Drift, drift
from .outline import outlined
from .propagate import Propagated, propagate
from .regions import box_region, edited_region, first_mask, mask_video, shaped
from .track import Track, track

__all__ = [
    "Drift",
    "Propagated",
    "Track",
    "box_region",
    "composite",
    "drift",
    "edited_region",
    "first_mask",
    "mask_video",
    "outlined",
    "propagate",
    "shaped",
    "track",
]
