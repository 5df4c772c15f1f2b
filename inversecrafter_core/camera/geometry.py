"""The geometry of a source clip: its depth and cameras."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch

from ..errors import InputError, require_finite, require_same_frames

ENDS = (0.05, 0.95)
"""Percentiles of the disparity, in 0...1, that stand for its minimum and maximum."""
SAMPLES = 1 << 16
"""Approximate number of a clip's pixels from which percentiles are computed."""


@dataclass(frozen=True)
class Geometry:
    """A source clip in 3D. All tensors are float32 (``valid`` bool) on one device.

    Attributes:
        depth: ``[F, H, W]`` planar z in scene units, positive and finite everywhere; arbitrary where it is not valid.
        valid: ``[F, H, W]`` bool, where the depth is known.
        intrinsics: ``[F, 3, 3]`` in pixels of this depth map.
        camera_to_world: ``[F, 4, 4]`` source cameras; world = source frame 0, so the first is the identity.
        metric: depth is in metres.

    Raises:
        InputError: shapes that differ, NaN or infinite values, no valid pixel, or a depth that is not positive.
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
    def device(self) -> torch.device:
        return self.depth.device

    def to(self, device: torch.device | str | None) -> Geometry:
        """Return this geometry on ``device``, or unchanged for None."""
        if device is None or torch.device(device) == self.device:
            return self
        return self._mapped(lambda tensor: tensor.to(device))

    def __getitem__(self, frames: slice | list[int]) -> Geometry:
        """Return the geometry of the selected frames, in the same world."""
        return self._mapped(lambda tensor: tensor[frames])

    def expand(self, frames: int) -> Geometry:
        """Return a geometry of one frame repeated to ``frames``, without a copy.

        Raises:
            InputError: more than one frame.
        """
        if self.frames != 1:
            raise InputError("geometry", f"{self.frames} frames", "Give the geometry of one picture.")
        return self._mapped(lambda tensor: tensor.expand(frames, -1, -1))

    def _mapped(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Geometry:
        depth, valid, intrinsics, poses = map(change, (self.depth, self.valid, self.intrinsics, self.camera_to_world))
        return Geometry(depth, valid, intrinsics, poses, self.metric)

    @cached_property
    def pivot_depth(self) -> float:
        """rho, the depth of the point that a path turns about, in scene units.

        It is the depth at the centre of frame 0, limited to that of the clip's mean disparity. An arc moves a point of depth z
        by ``rho / z - 1`` times as much as a pan by the same angle. With ``1 / rho`` at least the mean of the smallest and the
        largest disparity, no point moves more than in the pan; with a pivot at the horizon near points would leave the picture
        at once. Related methods cap rho at 5 in units of ``10^4 / (3900 d)``, where the disparity d of the clip lies in 0...1,
        which is almost the same (d = 0.51). Here percentiles (:data:`ENDS`) make it independent of the unit.
        """
        return min(self.central_depth, 1 / self._middle_disparity())

    @property
    def central_depth(self) -> float:
        """The median valid depth in the central tenth of frame 0; of the frame, or the clip, where the centre has none."""
        height, width = self.size
        rows = slice(height // 2 - max(1, height // 20), height // 2 + max(1, height // 20))
        columns = slice(width // 2 - max(1, width // 20), width // 2 + max(1, width // 20))
        centre, known = self.depth[0, rows, columns], self.valid[0, rows, columns]
        if not bool(known.any()):
            centre, known = self.depth[0], self.valid[0]
        if not bool(known.any()):
            centre, known = self.depth, self.valid
        return float(centre[known].median())

    def _middle_disparity(self) -> float:
        """Return the mean of the two :data:`ENDS` of the clip's disparity."""
        # A grid of pixels gives the percentiles well enough; sorting a whole clip takes seconds.
        step = max(1, math.isqrt(self.depth.numel() // SAMPLES))
        depth, valid = self.depth[:, ::step, ::step], self.valid[:, ::step, ::step]
        if not bool(valid.any()):
            depth, valid = self.depth, self.valid
        disparity = depth[valid].reciprocal().sort().values
        return sum(float(disparity[round(end * (len(disparity) - 1))]) for end in ENDS) / len(ENDS)
