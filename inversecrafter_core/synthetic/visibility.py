"""Which pixels of one view another view also sees, and where they land: exact, by casting a ray to each point."""

from __future__ import annotations

import torch

from .render import Clip, trace, world_to_room
from .scene import Scene

_TOLERANCE = 2e-3


def landing(clip: Clip, camera_to_world: torch.Tensor, intrinsics: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Where a clip's pixel centres land in other cameras of the same moments.

    Args:
        camera_to_world: ``[F, 4, 4]``, intrinsics: ``[F, 3, 3]``: the other cameras.

    Returns:
        positions ``[F, H, W, 2]`` (x, y in pixels, centres at +0.5) and planar depth ``[F, H, W]`` there (negative: behind).
    """
    frames, height, width = clip.depth.shape
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    pixels = torch.stack([u, v, torch.ones_like(u)], -1).reshape(1, -1, 3)
    points = pixels @ torch.linalg.inv(clip.intrinsics).transpose(1, 2) * clip.depth.reshape(frames, -1, 1)
    between = torch.linalg.inv(camera_to_world) @ clip.camera_to_world
    seen = points @ between[:, :3, :3].transpose(1, 2) + between[:, None, :3, 3]
    depth = seen[..., 2]
    image = seen @ intrinsics.transpose(1, 2)
    ahead = torch.where(depth.abs() < 1e-6, torch.full_like(depth, 1e-6), depth)
    return (image[..., :2] / ahead[..., None]).reshape(frames, height, width, 2), depth.reshape(frames, height, width)


def visible_from(scene: Scene, clip: Clip, camera_to_world: torch.Tensor, intrinsics: torch.Tensor) -> torch.Tensor:
    """``[F, H, W]`` bool: the source pixel's surface point lies inside the other image and nothing stands before it there."""
    frames, height, width = clip.depth.shape
    position, depth = landing(clip, camera_to_world, intrinsics)
    in_room = world_to_room(scene) @ camera_to_world
    flat = torch.cat([position, torch.ones_like(position[..., :1])], -1).reshape(frames, -1, 3)
    inverse = in_room[:, :3, :3] @ torch.linalg.inv(intrinsics)
    first, _ = trace(scene, clip.times, in_room[:, :3, 3], flat @ inverse.transpose(1, 2))
    inside = (position >= 0).all(-1) & (position[..., 0] < width) & (position[..., 1] < height)
    return inside & (depth > 0) & (first.reshape(depth.shape) >= depth * (1 - _TOLERANCE))
