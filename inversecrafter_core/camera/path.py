"""A camera path: scale-free target poses, and what becomes of them for one geometry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch

from ..errors import InputError, require_finite, require_same_frames
from .geometry import Geometry

SAME_VIEW = 1e-4
"""Turn (radians), motion (rho) and change of lens (share) up to which two cameras count as the same: a tenth of a pixel
at the pivot and a focal length of 1000 pixels.
"""


@dataclass(frozen=True)
class CameraPath:
    """Target cameras, one a frame, before they meet a scene.

    Attributes:
        camera_to_world: ``[F, 4, 4]`` float32; translations in multiples of the pivot depth rho.
        focal_scale: ``[F]`` float32; target focal length over source focal length (1 = unchanged; dolly-zoom uses it).
        relative_to: ``"source"``: poses are offsets from the source camera of the same frame;
            ``"world"``: poses stand in the world, i.e. in the camera frame of source frame 0, however the source moves.
        name: what the path is called in reports.
    """

    camera_to_world: torch.Tensor
    focal_scale: torch.Tensor
    relative_to: Literal["source", "world"] = "source"
    name: str = "custom"

    def __post_init__(self) -> None:
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

    def resolve(self, geometry: Geometry) -> tuple[torch.Tensor, torch.Tensor]:
        """Place the path in a scene: ``(camera_to_world [F, 4, 4] in scene units, intrinsics [F, 3, 3] in pixels)``."""
        require_same_frames(geometry=geometry.frames, camera_path=self.frames)
        device = geometry.depth.device
        poses = self.camera_to_world.to(device).clone()
        poses[:, :3, 3] *= geometry.pivot_depth
        if self.relative_to == "source":
            poses = geometry.camera_to_world @ poses
        intrinsics = geometry.intrinsics.clone()
        scale = self.focal_scale.to(device)
        intrinsics[:, 0, 0] *= scale
        intrinsics[:, 1, 1] *= scale
        return poses, intrinsics

    def source_views(self, geometry: Geometry | None = None) -> torch.Tensor:
        """Return which frames are the source's own view, ``[F]`` bool: the pose and the lens of the source camera there.

        Args:
            geometry: where the source camera goes and the scene's scale. Needed for the frames after the first of a path in the
                world; without it they count as other views. The world is source frame 0, so frame 0 needs none.
        """
        offsets = self.camera_to_world
        if self.relative_to == "world" and geometry is not None:
            poses, _ = self.resolve(geometry)
            offsets = torch.linalg.inv(geometry.camera_to_world) @ poses
            offsets[:, :3, 3] /= geometry.pivot_depth
        turned = (offsets[:, :3, :3] - torch.eye(3, device=offsets.device)).abs().amax((1, 2))
        moved = offsets[:, :3, 3].norm(dim=1)
        lens = (self.focal_scale.to(offsets.device) - 1).abs()
        same = torch.stack([turned, moved, lens]).amax(0) <= SAME_VIEW
        if self.relative_to == "world" and geometry is None:
            same[1:] = False
        return same

    def starts_at_source(self) -> bool:
        """Return True where frame 0 is source frame 0, unwarped."""
        return bool(self.source_views()[0])

    def start(self) -> str:
        """Describe where frame 0 stands beside source frame 0: ``turned by 9.6 degrees, moved by 0.167 rho``."""
        cosine = (float(self.camera_to_world[0].diagonal()[:3].sum()) - 1) / 2
        turned, moved = math.degrees(math.acos(max(-1.0, min(1.0, cosine)))), float(self.camera_to_world[0, :3, 3].norm())
        lens = float(self.focal_scale[0])
        parts = [f"turned by {turned:.3g} degrees", f"moved by {moved:.3g} rho"]
        return ", ".join([*parts, f"with {lens:.3g} times the focal length"] if abs(lens - 1) > SAME_VIEW else parts)
