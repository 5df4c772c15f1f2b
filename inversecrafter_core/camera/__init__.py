"""Cameras: intrinsics, poses, paths, and the geometry of a clip."""

from .geometry import Geometry
from .intrinsics import (
    field_of_view,
    intrinsics_from_focal,
    intrinsics_from_fov,
)
from .inverse import inverse_path
from .keyframes import keyframe_path, parse_keyframes
from .path import CameraPath, RelativeTo, SourceCameras
from .presets import PRESETS, Ease, PathStart, Preset, preset_path
from .projection import Transfer, pixel_centres, project, transfer, unproject

__all__ = [
    "PRESETS",
    "CameraPath",
    "Ease",
    "Geometry",
    "PathStart",
    "Preset",
    "RelativeTo",
    "SourceCameras",
    "Transfer",
    "field_of_view",
    "intrinsics_from_focal",
    "intrinsics_from_fov",
    "inverse_path",
    "keyframe_path",
    "parse_keyframes",
    "pixel_centres",
    "preset_path",
    "project",
    "transfer",
    "unproject",
]
