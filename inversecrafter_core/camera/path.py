"""Camera paths: target poses in multiples of rho, and their placement in a scene."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import torch

from ..errors import InputError, require_choice, require_finite, require_same_frames
from .geometry import Geometry
from .rotation import rotation_angle
from .smoothing import smooth_poses

SAME_VIEW = 1e-4
"""Rotation (radians), translation (rho) and relative change of focal length up to which two cameras are the same: a tenth of
a pixel at the pivot and a focal length of 1000 pixels.
"""


class RelativeTo(StrEnum):
    """Frame of reference of a path's poses.

    ``source``: the source camera of the same frame. ``world``: the camera of source frame 0, however the source moves.
    ``stabilised``: the source camera without its shake, see :func:`smooth_poses`.
    """

    SOURCE = "source"
    WORLD = "world"
    STABILISED = "stabilised"


class SourceCameras(Protocol):
    """Source cameras with the scale of their scene: a geometry, or the scene states of a reconstruction network."""

    @property
    def frames(self) -> int: ...
    @property
    def device(self) -> torch.device: ...
    @property
    def intrinsics(self) -> torch.Tensor: ...
    @property
    def camera_to_world(self) -> torch.Tensor: ...
    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def pivot_depth(self) -> float: ...


@dataclass(frozen=True)
class CameraPath:
    """Target cameras, one a frame, independent of the scale of a scene.

    Attributes:
        camera_to_world: ``[F, 4, 4]`` float32; translations in multiples of the pivot depth rho.
        focal_scale: ``[F]`` float32; target focal length over source focal length, 1 = unchanged.
        relative_to: frame of reference of the poses.
        name: name of the path in reports.

    Raises:
        InputError: shapes or counts that differ, values that are not finite, a focal scale that is not positive, or an unknown
            frame of reference.
    """

    camera_to_world: torch.Tensor
    focal_scale: torch.Tensor
    relative_to: RelativeTo = RelativeTo.SOURCE
    name: str = "custom"

    def __post_init__(self) -> None:
        require_choice("relative_to", self.relative_to, RelativeTo)
        if self.camera_to_world.ndim != 3 or self.camera_to_world.shape[1:] != (4, 4):
            raise InputError("camera_path", f"poses of shape {tuple(self.camera_to_world.shape)}", "Give [F, 4, 4].")
        require_same_frames(poses=len(self.camera_to_world), focal_scale=len(self.focal_scale))
        require_finite("camera_path", self.camera_to_world)
        require_finite("focal_scale", self.focal_scale)
        if bool((self.focal_scale <= 0).any()):
            raise InputError("camera_path", "a focal scale of zero or less", "A dolly-zoom amount must stay below 1.")

    @property
    def frames(self) -> int:
        return len(self.camera_to_world)

    def resolve(self, geometry: SourceCameras) -> tuple[torch.Tensor, torch.Tensor]:
        """Return ``camera_to_world [F, 4, 4]`` in scene units and ``intrinsics [F, 3, 3]`` in pixels, for one scene."""
        require_same_frames(geometry=geometry.frames, camera_path=self.frames)
        device = geometry.device
        poses = self.camera_to_world.to(device).clone()
        poses[:, :3, 3] *= geometry.pivot_depth
        if self.relative_to == RelativeTo.SOURCE:
            poses = geometry.camera_to_world @ poses
        elif self.relative_to == RelativeTo.STABILISED:
            poses = smooth_poses(geometry.camera_to_world) @ poses
        intrinsics = geometry.intrinsics.clone()
        scale = self.focal_scale.to(device)
        intrinsics[:, 0, 0] *= scale
        intrinsics[:, 1, 1] *= scale
        return poses, intrinsics

    def source_views(self, geometry: Geometry | None = None) -> torch.Tensor:
        """Return ``[F]`` bool: frames whose target camera has the pose and the lens of the source camera.

        Args:
            geometry: source cameras and scale of the scene. Without it, frames after the first of a path that is not relative
                to the source count as other views; frame 0 needs no geometry, since there all frames of reference agree.
        """
        offsets = self.camera_to_world
        if self.relative_to != RelativeTo.SOURCE and geometry is not None:
            poses, _ = self.resolve(geometry)
            offsets = torch.linalg.inv(geometry.camera_to_world) @ poses
            offsets[:, :3, 3] /= geometry.pivot_depth
        turned = (offsets[:, :3, :3] - torch.eye(3, device=offsets.device)).abs().amax((1, 2))
        moved = offsets[:, :3, 3].norm(dim=1)
        lens = (self.focal_scale.to(offsets.device) - 1).abs()
        same = torch.stack([turned, moved, lens]).amax(0) <= SAME_VIEW
        if self.relative_to != RelativeTo.SOURCE and geometry is None:
            same[1:] = False
        return same

    def starts_at_source(self) -> bool:
        """Return whether frame 0 has the view of source frame 0."""
        return bool(self.source_views()[0])

    def start(self) -> str:
        """Describe the camera of frame 0 relative to source frame 0, e.g. ``turned by 9.6 degrees, moved by 0.167 rho``."""
        first = self.camera_to_world[0]
        turned, moved = math.degrees(float(rotation_angle(first[:3, :3]))), float(first[:3, 3].norm())
        lens = float(self.focal_scale[0])
        parts = [f"turned by {turned:.3g} degrees", f"moved by {moved:.3g} rho"]
        return ", ".join([*parts, f"with {lens:.3g} times the focal length"] if abs(lens - 1) > SAME_VIEW else parts)
