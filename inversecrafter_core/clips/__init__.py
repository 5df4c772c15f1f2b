"""Interpolation guided by warps: two ends with depth, a camera found for each, and what both saw of the way between."""

from .cameras import CAMERAS, LEAST_MATCHES, Matches, find_camera, match_pictures, one_scale, place_ends, screw_path
from .carry import Carried, carry
from .guided import Between, GuidedEnds, blend, warp_from_ends
from .motion import Flow, Motion, beside_parallax, faded_along, flow_between

__all__ = [
    "CAMERAS",
    "LEAST_MATCHES",
    "Between",
    "Carried",
    "Flow",
    "GuidedEnds",
    "Matches",
    "Motion",
    "beside_parallax",
    "blend",
    "carry",
    "faded_along",
    "find_camera",
    "flow_between",
    "match_pictures",
    "one_scale",
    "place_ends",
    "screw_path",
    "warp_from_ends",
]
