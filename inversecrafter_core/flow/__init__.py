"""Optical flow: motion between frames of a clip and between two pictures, and where it can be trusted."""

from .clip import ClipFlow, clip_flow
from .correspondence import Correspondence, correspond
from .engine import SMALLEST, FlowEngine, Preset, grey_frames
from .pair import PairFlow, fade_along, flow_between
from .remap import follow, pixel_grid, resize_flow, sample
from .round_trip import RoundTrip, round_trip

__all__ = [
    "SMALLEST",
    "ClipFlow",
    "Correspondence",
    "FlowEngine",
    "PairFlow",
    "Preset",
    "RoundTrip",
    "clip_flow",
    "correspond",
    "fade_along",
    "flow_between",
    "follow",
    "grey_frames",
    "pixel_grid",
    "resize_flow",
    "round_trip",
    "sample",
]
