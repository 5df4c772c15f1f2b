"""Geometry: what a source clip's depth and cameras say about space."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..errors import InputError, require_finite, require_same_frames


@dataclass(frozen=True)
class Geometry:
    """A source clip in 3D. All tensors float32 (``valid`` bool) on one device.

    Attributes:
        depth: ``[F, H, W]`` planar z in scene units, positive and finite everywhere (where it is not valid: any
            positive filler).
        valid: ``[F, H, W]`` bool, where depth means anything.
        intrinsics: ``[F, 3, 3]`` pixels of this depth map.
        camera_to_world: ``[F, 4, 4]`` source cameras; world = source frame 0, so the first is the identity.
        metric: depth is in metres.
    """

    depth: torch.Tensor
    valid: torch.Tensor
    intrinsics: torch.Tensor
    camera_to_world: torch.Tensor
    metric: bool = False

    def __post_init__(self) -> None:
        if self.depth.ndim != 3 or self.valid.shape != self.depth.shape:
            raise InputError(
                "geometry", f"depth {tuple(self.depth.shape)} and valid {tuple(self.valid.shape)}", "Both must be [F, H, W]."
            )
        require_same_frames(depth=len(self.depth), intrinsics=len(self.intrinsics), camera_to_world=len(self.camera_to_world))
        if self.intrinsics.shape[1:] != (3, 3) or self.camera_to_world.shape[1:] != (4, 4):
            raise InputError(
                "geometry",
                f"intrinsics {tuple(self.intrinsics.shape)}, camera_to_world {tuple(self.camera_to_world.shape)}",
                "Give [F, 3, 3] and [F, 4, 4].",
            )
        for name in ("depth", "intrinsics", "camera_to_world"):
            require_finite(name, getattr(self, name))
        if not bool(self.valid.any()):
            raise InputError("depth", "no valid pixel", "Check the depth video: it is zero, negative or infinite everywhere.")
        if bool((self.depth <= 0).any()):
            raise InputError("depth", "zero or negative values", "Mark them invalid and fill them with a positive depth.")

    @property
    def frames(self) -> int:
        return self.depth.shape[0]

    @property
    def size(self) -> tuple[int, int]:
        """``(height, width)`` in pixels."""
        return self.depth.shape[1], self.depth.shape[2]

    @property
    def pivot_depth(self) -> float:
        """rho: the median valid depth in the central tenth of frame 0 (of the whole frame if the centre has none)."""
        height, width = self.size
        rows = slice(height // 2 - max(1, height // 20), height // 2 + max(1, height // 20))
        columns = slice(width // 2 - max(1, width // 20), width // 2 + max(1, width // 20))
        centre, known = self.depth[0, rows, columns], self.valid[0, rows, columns]
        if not bool(known.any()):
            centre, known = self.depth[0], self.valid[0]
        if not bool(known.any()):
            centre, known = self.depth, self.valid
        return float(centre[known].median())
