"""Pinhole projection between pixels and space.

Conventions: OpenCV camera frame (x right, y down, z forward), ``camera_to_world`` 4x4, intrinsics in pixels,
depth is planar z. The centre of the first pixel is at (0.5, 0.5), so a coordinate runs from 0 to the width.
"""

from __future__ import annotations

from typing import NamedTuple

import torch


def pixel_centres(height: int, width: int, device: torch.device | str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """Pixel-centre coordinates that broadcast to an image: ``(x [1, W], y [H, 1])`` float32, the first at 0.5."""
    columns = torch.arange(width, device=device, dtype=torch.float32) + 0.5
    rows = torch.arange(height, device=device, dtype=torch.float32) + 0.5
    return columns[None, :], rows[:, None]


def unproject(depth: torch.Tensor, intrinsics: torch.Tensor, camera_to_world: torch.Tensor) -> torch.Tensor:
    """Lift a depth map ``[H, W]`` to world points ``[H, W, 3]``: ``X = R (D K^-1 [u, v, 1]) + t``."""
    x, y = pixel_centres(depth.shape[0], depth.shape[1], depth.device)
    homogeneous = torch.stack([x.expand_as(depth), y.expand_as(depth), torch.ones_like(depth)], -1)
    camera = homogeneous @ torch.linalg.inv(intrinsics).T * depth[..., None]
    return camera @ camera_to_world[:3, :3].T + camera_to_world[:3, 3]


def project(points: torch.Tensor, intrinsics: torch.Tensor, camera_to_world: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """World points ``[..., 3]`` to pixels ``[..., 2]`` and planar depth ``[...]``.

    A point behind the camera has a depth of zero or less and its pixel means nothing: look at the depth first.
    """
    camera = (points - camera_to_world[:3, 3]) @ camera_to_world[:3, :3]
    image = camera @ intrinsics.T
    return image[..., :2] / image[..., 2:], camera[..., 2]


class Transfer(NamedTuple):
    """The map of pixels with depth from one camera to another: ``[u' w, v' w, w] = depth * matrix [u, v, 1] + offset``.

    ``w`` is the planar depth in the second camera. Both are float32 and live where the cameras live.
    """

    matrix: torch.Tensor
    offset: torch.Tensor

    def __call__(self, depth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """``depth [H, W]`` to ``(u' w, v' w, w)``, each ``[H, W]``: divide by ``w`` to have pixels."""
        return self.at(*pixel_centres(depth.shape[0], depth.shape[1], depth.device), depth)

    def at(self, x: torch.Tensor, y: torch.Tensor, depth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The same for points ``(x, y)`` in pixels, of a shape that broadcasts to that of ``depth``."""
        moved = [
            torch.add(row[0] * x, row[1] * y + row[2]).mul_(depth).add_(shift)
            for row, shift in zip(self.matrix, self.offset, strict=True)
        ]
        return moved[0], moved[1], moved[2]

    def then(self, affine: torch.Tensor) -> Transfer:
        """Fold a 3x3 change of pixel coordinates in, so that it costs nothing per pixel."""
        affine = affine.to(self.matrix)
        return Transfer(affine @ self.matrix, affine @ self.offset)


class Shifted(NamedTuple):
    """A :class:`Transfer` that starts ``shift [H, W, 2]`` pixels (x, y) before every pixel: for what has moved by itself."""

    transfer: Transfer
    shift: torch.Tensor

    def __call__(self, depth: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """As :meth:`Transfer.__call__`."""
        back = [(row[0] * self.shift[..., 0] + row[1] * self.shift[..., 1]) * depth for row in self.transfer.matrix]
        x, y, z = (value - taken for value, taken in zip(self.transfer(depth), back, strict=True))
        return x, y, z

    def then(self, affine: torch.Tensor) -> Shifted:
        """As :meth:`Transfer.then`."""
        return Shifted(self.transfer.then(affine), self.shift)


def transfer(
    intrinsics_from: torch.Tensor,
    camera_from: torch.Tensor,
    intrinsics_to: torch.Tensor,
    camera_to: torch.Tensor,
) -> Transfer:
    """The :class:`Transfer` from one camera (``intrinsics [3, 3]``, ``camera_to_world [4, 4]``) to another.

    ``matrix = K' R K^-1`` and ``offset = K' t`` with ``[R t] = T'^-1 T``, worked out in float64 on the CPU (not every device
    has float64) and returned on the device of ``intrinsics_from``.
    """
    source, first, target, second = (
        tensor.detach().cpu().double() for tensor in (intrinsics_from, camera_from, intrinsics_to, camera_to)
    )
    relative = torch.linalg.inv(second) @ first
    matrix = target @ relative[:3, :3] @ torch.linalg.inv(source)
    offset = target @ relative[:3, 3]
    return Transfer(matrix.float().to(intrinsics_from.device), offset.float().to(intrinsics_from.device))
