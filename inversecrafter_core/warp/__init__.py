"""Warping of a clip to target cameras: splatting, depth-edge cleanup, and filling of holes."""

from .edges import Cleanup, depth_edges
from .holes import dilate_holes, fill_holes, telea
from .return_trip import ReturnTrip, return_trip
from .temporal import fill_from_clip, fill_from_clip_then_telea
from .viewer import Sampling, View, Viewer
from .warp import Warp, warp_video

__all__ = [
    "Cleanup",
    "ReturnTrip",
    "Sampling",
    "View",
    "Viewer",
    "Warp",
    "depth_edges",
    "dilate_holes",
    "fill_from_clip",
    "fill_from_clip_then_telea",
    "fill_holes",
    "return_trip",
    "telea",
    "warp_video",
]
