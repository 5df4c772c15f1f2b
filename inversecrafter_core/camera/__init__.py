"""Cameras: intrinsics, poses, paths, and the geometry they make with a depth."""

from .geometry import Geometry
from .intrinsics import (
    crop_intrinsics,
    field_of_view,
    intrinsics_from_focal,
    intrinsics_from_focal_mm,
    intrinsics_from_fov,
    resize_intrinsics,
)
from .keyframes import keyframe_path, parse_keyframes
from .path import CameraPath
from .presets import PRESETS, Preset, preset_path
from .projection import Transfer, pixel_centres, project, transfer, unproject

__all__ = [
    "PRESETS",
    "CameraPath",
    "Geometry",
    "Preset",
    "Transfer",
    "crop_intrinsics",
    "field_of_view",
    "intrinsics_from_focal",
    "intrinsics_from_focal_mm",
    "intrinsics_from_fov",
    "keyframe_path",
    "parse_keyframes",
    "pixel_centres",
    "preset_path",
    "project",
    "resize_intrinsics",
    "transfer",
    "unproject",
]
