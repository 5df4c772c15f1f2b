"""Warping: unproject, splat, clean up, fill, double reprojection."""

from .edges import depth_edges
from .frame import Cleanup, View, see
from .holes import dilate_holes, fill_holes, telea
from .temporal import fill_from_clip, fill_from_clip_then_telea
from .warp import Warp, warp_video

__all__ = [
    "Cleanup",
    "View",
    "Warp",
    "depth_edges",
    "dilate_holes",
    "fill_from_clip",
    "fill_from_clip_then_telea",
    "fill_holes",
    "see",
    "telea",
    "warp_video",
]
