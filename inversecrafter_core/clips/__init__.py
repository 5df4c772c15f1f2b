"""Clips made of one photo or of two ends, and the interpolation between ends by their warps."""

from .cameras import LEAST_MATCHES, EndCamera, Matches, find_camera, match_pictures, place_ends, relative_scale, screw_path
from .carry import Carried, carry
from .guided import Between, GuidedEnds, blend, warp_from_ends
from .motion import Motion, residual_motion

__all__ = [
    "LEAST_MATCHES",
    "Between",
    "Carried",
    "EndCamera",
    "GuidedEnds",
    "Matches",
    "Motion",
    "blend",
    "carry",
    "find_camera",
    "match_pictures",
    "place_ends",
    "relative_scale",
    "residual_motion",
    "screw_path",
    "warp_from_ends",
]
