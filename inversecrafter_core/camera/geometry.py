"""Geometry: a source clip's depth and cameras."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch

from ..errors import InputError, require_finite, require_same_frames

ENDS = (0.05, 0.95)
"""Percentiles of the disparity that count as its least and its greatest."""
SAMPLES = 1 << 16
"""Pixels of a clip, roughly, from which percentiles are taken."""


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
    def device(self) -> torch.device:
        return self.depth.device

    def to(self, device: torch.device | str | None) -> Geometry:
        """Return this geometry on ``device``; itself when it is there already or ``device`` is None."""
        if device is None or torch.device(device) == self.device:
            return self
        return self._mapped(lambda tensor: tensor.to(device))

    def __getitem__(self, frames: slice | list[int]) -> Geometry:
        """Return the geometry of some frames, in the same world."""
        return self._mapped(lambda tensor: tensor[frames])

    def expand(self, frames: int) -> Geometry:
        """Repeat a geometry of one frame, without copying it.

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
        """rho, the depth a path turns about: that at the centre of frame 0, at most that of the clip's middle disparity.

        An arc moves a point of depth z as far as a pan by the same angle moves everything, times ``rho / z - 1``. With
        ``1 / rho`` no less than the mean of the least and the greatest disparity nothing moves farther than in the pan, however
        far away the centre is; about a pivot on the horizon what stands near would leave the picture at once. The relatives'
        cap of 5, in units of ``10^4 / (3900 d)`` with ``d`` the clip's disparity from 0 to 1, is nearly this mean (d = 0.51).
        Here the ends are percentiles (:data:`ENDS`), and no unit is needed.
        """
        return min(self.central_depth, 1 / self._middle_disparity())

    @property
    def central_depth(self) -> float:
        """The median valid depth in the central tenth of frame 0 (of the whole frame if the centre has none)."""
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
        """The mean of the :data:`ENDS` of the clip's disparity."""
        # A grid of pixels says as much of two percentiles, and sorting a whole clip takes seconds.
        step = max(1, math.isqrt(self.depth.numel() // SAMPLES))
        depth, valid = self.depth[:, ::step, ::step], self.valid[:, ::step, ::step]
        if not bool(valid.any()):
            depth, valid = self.depth, self.valid
        disparity = depth[valid].reciprocal().sort().values
        return sum(float(disparity[round(end * (len(disparity) - 1))]) for end in ENDS) / len(ENDS)
