"""Interpolation guided by warps: two ends with depth, their cameras, and the frames between as far as they show them."""

from .cameras import LEAST_MATCHES, EndCamera, Matches, find_camera, match_pictures, one_scale, place_ends, screw_path
from .carry import Carried, carry
from .guided import Between, GuidedEnds, blend, warp_from_ends
from .motion import Motion, beside_parallax

__all__ = [
    "LEAST_MATCHES",
    "Between",
    "Carried",
    "EndCamera",
    "GuidedEnds",
    "Matches",
    "Motion",
    "beside_parallax",
    "blend",
    "carry",
    "find_camera",
    "match_pictures",
    "one_scale",
    "place_ends",
    "screw_path",
    "warp_from_ends",
]
