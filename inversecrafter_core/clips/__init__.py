"""Clips made of one photo or of two ends, the interpolation between ends by their warps, and the camera of a clip."""

from .cameras import LEAST_MATCHES, EndCamera, Matches, find_camera, match_pictures, place_ends, relative_scale, screw_path
from .carry import Carried, carry
from .guided import Between, GuidedEnds, blend, warp_from_ends
from .motion import Motion, residual_motion
from .source_camera import SourceCameras, find_source_cameras

__all__ = [
    "LEAST_MATCHES",
    "Between",
    "Carried",
    "EndCamera",
    "GuidedEnds",
    "Matches",
    "Motion",
    "SourceCameras",
    "blend",
    "carry",
    "find_camera",
    "find_source_cameras",
    "match_pictures",
    "place_ends",
    "relative_scale",
    "residual_motion",
    "screw_path",
    "warp_from_ends",
]
