"""Views of a geometry from target cameras, frame by frame: the common step of all warps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch

from ..camera.geometry import Geometry
from ..camera.path import CameraPath
from ..camera.projection import Transfer, transfer
from .edges import Cleanup
from .splat import EMPTY, Background, Sampling, find_background, read_background, sample_backward, splat_depth

NEAR = 1e-3
"""Near plane of a path's cameras, in multiples of the pivot depth."""


class View(NamedTuple):
    """A source frame seen from a target camera.

    ``image [H, W, C]``, 0 in holes; ``visible [H, W]`` bool; ``depth [H, W]`` planar z, :data:`EMPTY` in holes.
    """

    image: torch.Tensor
    visible: torch.Tensor
    depth: torch.Tensor


@dataclass(frozen=True)
class Viewer:
    """Target cameras of a geometry.

    Attributes:
        geometry: the source frames.
        camera_to_world: ``[T, 4, 4]`` target cameras, in scene units, on the geometry's device.
        intrinsics: ``[T, 3, 3]`` of the target cameras, in pixels.
        near: near plane of the target cameras, in scene units.
        cleanup: settings of the depth-edge cleanup.
    """

    geometry: Geometry
    camera_to_world: torch.Tensor
    intrinsics: torch.Tensor
    near: float
    cleanup: Cleanup = Cleanup()  # noqa: RUF009  (an immutable tuple)

    @classmethod
    def along(cls, geometry: Geometry, path: CameraPath, cleanup: Cleanup, device: torch.device | str | None = None) -> Viewer:
        """Return the viewer of a path's cameras, one a source frame, with the geometry on ``device`` (None: its own)."""
        geometry = geometry.to(device)
        return cls(geometry, *path.resolve(geometry), NEAR * geometry.pivot_depth, cleanup)

    @classmethod
    def between_frames(cls, geometry: Geometry, cleanup: Cleanup) -> Viewer:
        """Return the viewer whose targets are the geometry's own cameras, to see one frame from another."""
        return cls(geometry, geometry.camera_to_world, geometry.intrinsics, NEAR * geometry.pivot_depth, cleanup)

    @property
    def device(self) -> torch.device:
        return self.geometry.device

    def transfers(self, source: int, target: int) -> tuple[Transfer, Transfer]:
        """Return the transfers of pixels from a source frame to a target camera, and back."""
        own = self.geometry.intrinsics[source], self.geometry.camera_to_world[source]
        other = self.intrinsics[target], self.camera_to_world[target]
        return transfer(*own, *other), transfer(*other, *own)

    def see_depth(self, source: int, target: int) -> tuple[torch.Tensor, Background]:
        """Return the depth ``[H, W]`` of a source frame in a target camera, and the pixels of its background.

        The depth is :data:`EMPTY` where the source frame shows nothing.
        """
        depth, valid = self.geometry.depth[source], self.geometry.valid[source]
        there, back = self.transfers(source, target)
        known = None if bool(valid.all()) else valid
        seen = splat_depth(depth, valid & ~self.cleanup.edges(depth), there, self.geometry.size, self.near, known)
        return seen.depth, find_background(depth, seen, back, known)

    def see(
        self,
        image: torch.Tensor,
        source: int,
        target: int,
        sampling: Sampling = Sampling.BILINEAR,
        out: torch.Tensor | None = None,
    ) -> View:
        """Return the view of a source frame from a target camera.

        Args:
            image: ``[H, W, C]`` colours of the source frame.
            source, target: indices of the source frame and of the target camera.
            sampling: interpolation of colours.
            out: ``[H, W, C]``, to write the view's image to.
        """
        depth, background = self.see_depth(source, target)
        seen = sample_backward(image, depth, self.transfers(source, target)[1], sampling, out)
        read_background(image, background, seen)
        return View(seen, depth < EMPTY, depth)
