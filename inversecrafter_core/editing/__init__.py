"""Editing: a region named, followed, changed in the first frame and carried on; and what happened to the rest."""

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
