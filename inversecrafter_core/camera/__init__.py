"""Cameras: intrinsics, poses, paths, and the geometry they make with a depth."""

from .geometry import Geometry
from .path import CameraPath

__all__ = ["CameraPath", "Geometry"]
