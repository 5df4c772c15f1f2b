"""Interpolation guided by warps: two ends with depth, a camera found for each, and what both saw of the way between."""

from .cameras import CAMERAS, LEAST_MATCHES, Matches, find_camera, match_pictures, one_scale, place_ends, screw_path
from .carry import Carried, carry
from .guided import Between, GuidedEnds, blend, warp_from_ends
from .motion import Motion, beside_parallax

__all__ = [
    "CAMERAS",
    "LEAST_MATCHES",
    "Between",
    "Carried",
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
