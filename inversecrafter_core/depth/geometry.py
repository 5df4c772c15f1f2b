"""Construction of a geometry from depth, a lens and source cameras."""

from __future__ import annotations

import math

import torch

from ..camera import Geometry
from ..camera.intrinsics import intrinsics_from_focal, intrinsics_from_fov
from ..errors import require_same_frames

DEFAULT_FOV = math.radians(55.0)
# Between a phone's main camera (65) and a normal lens (40); what sets parallax is depth, the field only bends it.


def geometry_from_depth(
    depth: torch.Tensor,
    valid: torch.Tensor,
    focal: float | None = None,
    fov: float | None = None,
    camera_to_world: torch.Tensor | None = None,
    metric: bool = False,
) -> Geometry:
    """Return a :class:`Geometry` with square pixels and a centred principal point.

    Args:
        depth: ``[F, H, W]`` planar z, positive and finite everywhere.
        valid: ``[F, H, W]`` bool.
        focal: focal length in pixels of this depth map; takes precedence over ``fov``.
        fov: horizontal field of view in radians; 55 degrees when neither is given.
        camera_to_world: ``[F, 4, 4]`` source cameras, any world; rebased so that frame 0 is the identity. None: a static
            camera.
        metric: depth is in metres.

    Raises:
        InputError: focal or fov out of range, counts that differ, or see :class:`Geometry`.
    """
    frames, height, width = depth.shape
    if focal is not None:
        lens = intrinsics_from_focal(focal, height, width)
    else:
        lens = intrinsics_from_fov(DEFAULT_FOV if fov is None else fov, height, width)
    intrinsics = lens.expand(frames, 3, 3).clone()
    if camera_to_world is None:
        poses = torch.eye(4).expand(frames, 4, 4).clone()
    else:
        require_same_frames(depth=frames, camera_to_world=len(camera_to_world))
        poses = rebase(camera_to_world)
    device = depth.device
    return Geometry(depth.float(), valid.bool(), intrinsics.to(device), poses.to(device), metric)


def rebase(camera_to_world: torch.Tensor) -> torch.Tensor:
    """Return cameras ``[F, 4, 4]`` with frame 0's camera as the world, so that the first is the identity."""
    poses = camera_to_world.double()
    rebased = (torch.linalg.inv(poses[0]) @ poses).float()
    rebased[0] = torch.eye(4)
    return rebased
