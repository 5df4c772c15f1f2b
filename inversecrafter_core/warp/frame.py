"""One frame from one camera to another: the step that every warp of this package is made of."""

from __future__ import annotations

from typing import NamedTuple

import torch

from ..camera.geometry import Geometry
from ..camera.projection import Transfer, transfer
from .edges import depth_edges
from .splat import EMPTY, Background, find_background, read_background, sample_backward, splat_depth

NEAR = 1e-3
"""Near plane of the target camera, in multiples of rho."""
USUAL = 480
"""Short side in pixels up to which a :class:`Cleanup`'s radius is meant."""


class View(NamedTuple):
    """A source frame seen from a target camera.

    ``image [H, W, C]``, 0 in holes; ``visible [H, W]`` bool; ``depth [H, W]`` planar z, :data:`EMPTY` in holes.
    """

    image: torch.Tensor
    visible: torch.Tensor
    depth: torch.Tensor


class Cleanup(NamedTuple):
    """Which source pixels are thrown away before they fly, see :func:`depth_edges`. Threshold 0 keeps them all.

    ``radius`` is in pixels of a picture up to :data:`USUAL` on its short side. In a larger one it grows with the size, because
    what smears an outline is a network's own, coarser grid.
    """

    threshold: float = 0.08
    radius: int = 2

    def slides(self, depth: torch.Tensor) -> torch.Tensor:
        """:func:`depth_edges` of ``[..., H, W]``."""
        return depth_edges(depth, self.threshold, round(self.radius * max(1.0, min(depth.shape[-2:]) / USUAL)))


def transfers(geometry: Geometry, frame: int, camera: torch.Tensor, intrinsics: torch.Tensor) -> tuple[Transfer, Transfer]:
    """From source frame ``frame`` to a target camera, and back."""
    source = geometry.intrinsics[frame], geometry.camera_to_world[frame]
    return transfer(*source, intrinsics, camera), transfer(intrinsics, camera, *source)


def usable(geometry: Geometry, frame: int, cleanup: Cleanup) -> torch.Tensor:
    """``[H, W]`` bool: pixels of a source frame that stand on a surface."""
    return geometry.valid[frame] & ~cleanup.slides(geometry.depth[frame])


def see_depth(
    geometry: Geometry, frame: int, ways: tuple[Transfer, Transfer], near: float, cleanup: Cleanup
) -> tuple[torch.Tensor, Background]:
    """Depth ``[H, W]`` of source frame ``frame`` in the target camera, :data:`EMPTY` where it saw nothing.

    Beside it the pixels whose colours need care, see :class:`Background`. ``ways`` are those of :func:`transfers`.
    """
    known = None if bool(geometry.valid[frame].all()) else geometry.valid[frame]
    seen = splat_depth(geometry.depth[frame], usable(geometry, frame, cleanup), ways[0], geometry.size, near, known)
    return seen.depth, find_background(geometry.depth[frame], seen, ways[1], known)


def see(
    image: torch.Tensor,
    geometry: Geometry,
    frame: int,
    camera: torch.Tensor,
    intrinsics: torch.Tensor,
    near: float,
    cleanup: Cleanup,
    mode: str = "bilinear",
    out: torch.Tensor | None = None,
) -> View:
    """What a target camera (``camera_to_world [4, 4]``, ``intrinsics [3, 3]``) sees of one source frame.

    ``out [H, W, C]``, if given, is what the view's image is written to.
    """
    ways = transfers(geometry, frame, camera, intrinsics)
    depth, background = see_depth(geometry, frame, ways, near, cleanup)
    seen = sample_backward(image, depth, ways[1], mode, out)
    read_background(image, background, seen)
    return View(seen, depth < EMPTY, depth)
