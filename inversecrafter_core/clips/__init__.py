"""Interpolation guided by warps: two ends with depth, their cameras, and the frames between as far as they show them."""

from .cameras import LEAST_MATCHES, EndCamera, Matches, find_camera, match_pictures, one_scale, place_ends, screw_path
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
    "one_scale",
    "place_ends",
    "residual_motion",
    "screw_path",
    "warp_from_ends",
]
