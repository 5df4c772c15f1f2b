"""Small scenes with known answers for camera and warp tests."""

from __future__ import annotations

import torch

from inversecrafter_core.camera import CameraPath, Geometry, intrinsics_from_focal
from inversecrafter_core.warp import dilate_holes

HEIGHT, WIDTH, FOCAL = 48, 64, 60.0


def geometry(depth: torch.Tensor, focal: float = FOCAL) -> Geometry:
    """Depth ``[F, H, W]`` seen by a camera that stands still."""
    frames, height, width = depth.shape
    intrinsics = intrinsics_from_focal(focal, height, width).expand(frames, 3, 3)
    return Geometry(depth, torch.ones_like(depth, dtype=torch.bool), intrinsics, torch.eye(4).expand(frames, 4, 4))


def plane(frames: int = 1, depth: float = 2.0, height: int = HEIGHT, width: int = WIDTH) -> Geometry:
    """A wall that faces the camera."""
    return geometry(torch.full((frames, height, width), depth))


def step(near: float = 1.0, far: float = 3.0, frames: int = 1, height: int = HEIGHT, width: int = WIDTH) -> Geometry:
    """A wall with a nearer block in the middle third, sharp outlines."""
    depth = torch.full((frames, height, width), far)
    depth[:, :, width // 3 : 2 * width // 3] = near
    return geometry(depth)


def smooth_video(frames: int = 1, height: int = HEIGHT, width: int = WIDTH, phase: float = 0.0) -> torch.Tensor:
    """``[F, H, W, 3]`` low-frequency colours, so that interpolation hardly changes them."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return colours_at(x + phase, y).expand(frames, -1, -1, -1).clone()


def colours_at(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The function that :func:`smooth_video` samples: pixels ``[...]`` to colours ``[..., 3]``."""
    return torch.stack([0.5 + 0.4 * torch.sin(x / 9), 0.5 + 0.4 * torch.cos(y / 8), 0.5 + 0.4 * torch.sin((x + y) / 11)], -1)


def noise_video(frames: int = 1, height: int = HEIGHT, width: int = WIDTH, seed: int = 0) -> torch.Tensor:
    return torch.rand(frames, height, width, 3, generator=torch.Generator().manual_seed(seed))


def moved(x: float = 0.0, y: float = 0.0, z: float = 0.0, frames: int = 1) -> CameraPath:
    """A camera that stands somewhere else, in rho, throughout."""
    poses = torch.eye(4).repeat(frames, 1, 1)
    poses[:, :3, 3] = torch.tensor([x, y, z])
    return CameraPath(poses, torch.ones(frames))


def interior(visible: torch.Tensor, margin: int = 2) -> torch.Tensor:
    """``visible`` without ``margin`` pixels along its outlines and the picture's, where bilinear samples are clamped."""
    inner = torch.zeros_like(visible)
    inner[..., margin:-margin, margin:-margin] = dilate_holes(visible, margin)[..., margin:-margin, margin:-margin]
    return inner
