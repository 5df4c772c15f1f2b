"""Pinhole projection between pixels and points in space.

Conventions: OpenCV camera frame (x right, y down, z forward), ``camera_to_world`` 4x4, intrinsics in pixels,
depth is planar z. The centre of the first pixel is at (0.5, 0.5), so that x lies in 0...W.
"""

from __future__ import annotations

from typing import NamedTuple

import torch


def pixel_centres(height: int, width: int, device: torch.device | str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """Return the pixel-centre coordinates ``x [1, W]`` and ``y [H, 1]``, float32, the first at 0.5."""
    columns = torch.arange(width, device=device, dtype=torch.float32) + 0.5
    rows = torch.arange(height, device=device, dtype=torch.float32) + 0.5
    return columns[None, :], rows[:, None]


def unproject(depth: torch.Tensor, intrinsics: torch.Tensor, camera_to_world: torch.Tensor) -> torch.Tensor:
    """Return the world points ``[H, W, 3]`` of a depth map ``[H, W]``: ``X = R (D K^-1 [u, v, 1]) + t``."""
    x, y = pixel_centres(depth.shape[0], depth.shape[1], depth.device)
    homogeneous = torch.stack([x.expand_as(depth), y.expand_as(depth), torch.ones_like(depth)], -1)
    camera = homogeneous @ torch.linalg.inv(intrinsics).T * depth[..., None]
    return camera @ camera_to_world[:3, :3].T + camera_to_world[:3, 3]


def project(points: torch.Tensor, intrinsics: torch.Tensor, camera_to_world: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the pixels ``[..., 2]`` and planar depths ``[...]`` of world points ``[..., 3]``.

    A point behind the camera has a depth of zero or less, and its pixel is meaningless.
    """
    camera = (points - camera_to_world[:3, 3]) @ camera_to_world[:3, :3]
    image = camera @ intrinsics.T
    return image[..., :2] / image[..., 2:], camera[..., 2]


class Transfer(NamedTuple):
    """The map of pixels with depth from one camera to another: ``[u' w, v' w, w] = depth * matrix [u, v, 1] + offset``.

    ``w`` is the planar depth in the second camera. ``matrix [3, 3]`` and ``offset [3]`` are float32 on the cameras' device.
    """

    matrix: torch.Tensor
    offset: torch.Tensor

    def __call__(self, depth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return ``(u' w, v' w, w)``, each ``[H, W]``, of ``depth [H, W]``; divided by ``w`` they are pixels."""
        return self.at(*pixel_centres(depth.shape[0], depth.shape[1], depth.device), depth)

    def at(self, x: torch.Tensor, y: torch.Tensor, depth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return ``(u' w, v' w, w)`` of points ``(x, y)`` in pixels, of shapes that broadcast to that of ``depth``."""
        moved = [
            torch.add(row[0] * x, row[1] * y + row[2]).mul_(depth).add_(shift)
            for row, shift in zip(self.matrix, self.offset, strict=True)
        ]
        return moved[0], moved[1], moved[2]

    def then(self, affine: torch.Tensor) -> Transfer:
        """Return the transfer followed by a 3x3 map of pixel coordinates, at no cost per pixel."""
        affine = affine.to(self.matrix)
        return Transfer(affine @ self.matrix, affine @ self.offset)


class Shifted(NamedTuple):
    """A :class:`Transfer` from ``shift [H, W, 2]`` pixels (x, y) before every pixel, for things that have moved."""

    transfer: Transfer
    shift: torch.Tensor

    def __call__(self, depth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the same as :meth:`Transfer.__call__`, from the shifted pixels."""
        back = [(row[0] * self.shift[..., 0] + row[1] * self.shift[..., 1]) * depth for row in self.transfer.matrix]
        x, y, z = (value - taken for value, taken in zip(self.transfer(depth), back, strict=True))
        return x, y, z

    def then(self, affine: torch.Tensor) -> Shifted:
        """Return the same as :meth:`Transfer.then`, with the same shift."""
        return Shifted(self.transfer.then(affine), self.shift)


def transfer(
    intrinsics_from: torch.Tensor,
    camera_from: torch.Tensor,
    intrinsics_to: torch.Tensor,
    camera_to: torch.Tensor,
) -> Transfer:
    """Return the :class:`Transfer` from one camera (``intrinsics [3, 3]``, ``camera_to_world [4, 4]``) to another.

    ``matrix = K' R K^-1`` and ``offset = K' t`` with ``[R t] = T'^-1 T``, computed in float64 on the CPU (not every device has
    float64) and returned on the device of ``intrinsics_from``.
    """
    source, first, target, second = (
        tensor.detach().cpu().double() for tensor in (intrinsics_from, camera_from, intrinsics_to, camera_to)
    )
    relative = torch.linalg.inv(second) @ first
    matrix = target @ relative[:3, :3] @ torch.linalg.inv(source)
    offset = target @ relative[:3, 3]
    return Transfer(matrix.float().to(intrinsics_from.device), offset.float().to(intrinsics_from.device))
