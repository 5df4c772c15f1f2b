"""Pixels of one view that another view also sees, and their places there: exact, by casting a ray to each point."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .render import Clip, world_to_room
from .scene import Scene
from .trace import trace

_TOLERANCE = 2e-3


def pixel_centres(height: int, width: int) -> torch.Tensor:
    """Return the image points ``[H, W, 2]`` (x, y) of a picture's pixels."""
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return torch.stack([u, v], -1)


def landing(clip: Clip, camera_to_world: torch.Tensor, intrinsics: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Project a clip's pixel centres into other cameras of the same moments.

    Args:
        camera_to_world: ``[F, 4, 4]``, intrinsics: ``[F, 3, 3]``: the other cameras.

    Returns:
        positions ``[F, H, W, 2]`` (x, y in pixels, centres at +0.5) and planar depth ``[F, H, W]`` there (negative: behind).
    """
    frames, height, width = clip.depth.shape
    position = pixel_centres(height, width).reshape(1, -1, 2).expand(frames, -1, -1)
    between = torch.linalg.inv(camera_to_world) @ clip.camera_to_world
    pixels = torch.cat([position, torch.ones_like(position[..., :1])], -1)
    points = pixels @ torch.linalg.inv(clip.intrinsics).transpose(1, 2) * clip.depth.reshape(frames, -1)[..., None]
    seen = points @ between[:, :3, :3].transpose(1, 2) + between[:, None, :3, 3]
    ahead = torch.where(seen[..., 2:].abs() < 1e-6, torch.full_like(seen[..., 2:], 1e-6), seen[..., 2:])
    landed = (seen @ intrinsics.transpose(1, 2))[..., :2] / ahead
    return landed.reshape(frames, height, width, 2), seen[..., 2].reshape(frames, height, width)


def hits_at(
    scene: Scene, times: torch.Tensor, position: torch.Tensor, camera_to_world: torch.Tensor, intrinsics: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cast one ray through each image point ``position [F, H, W, 2]`` of a camera.

    Returns:
        planar depth ``[F, H, W]`` of what it meets, exact, and which that is: 0 surroundings, i + 1 the i-th thing.
    """
    frames, in_room = len(times), world_to_room(scene) @ camera_to_world
    flat = torch.cat([position, torch.ones_like(position[..., :1])], -1).reshape(frames, -1, 3)
    inverse = in_room[:, :3, :3] @ torch.linalg.inv(intrinsics)
    depth, what = trace(scene, times, in_room[:, :3, 3], flat @ inverse.transpose(1, 2))
    return depth.reshape(position.shape[:-1]), what.reshape(position.shape[:-1])


def visible_from(scene: Scene, clip: Clip, camera_to_world: torch.Tensor, intrinsics: torch.Tensor) -> torch.Tensor:
    """``[F, H, W]`` bool: the source pixel's surface point lies inside the other image, and the ray there meets it first.

    A point that the other ray misses by rounding, where it only grazes the outline of a sphere, counts as not seen.
    """
    height, width = clip.depth.shape[1:]
    position, depth = landing(clip, camera_to_world, intrinsics)
    first, _ = hits_at(scene, clip.times, position, camera_to_world, intrinsics)
    inside = (position >= 0).all(-1) & (position[..., 0] < width) & (position[..., 1] < height)
    return inside & (depth > 0) & ((first - depth).abs() <= depth * _TOLERANCE)


def sampled(values: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
    """Bilinear lookup of ``values [F, H, W, C]`` at pixel positions ``[F, H', W', 2]``; beyond the border, the nearest."""
    grid = position / torch.tensor([values.shape[2], values.shape[1]]) * 2 - 1
    found = F.grid_sample(values.movedim(-1, 1), grid, padding_mode="border", align_corners=False)
    return found.movedim(1, -1)
