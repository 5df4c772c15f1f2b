"""The inverse of a camera path: from where the path went, back to the source's cameras."""

from __future__ import annotations

import torch

from .geometry import Geometry
from .path import CameraPath, RelativeTo


def inverse_path(path: CameraPath, source: Geometry, result: Geometry) -> CameraPath:
    """Return the path that brings a clip which was re-rendered along ``path`` back to the source's cameras and lens.

    Translations are multiples of the result's own pivot depth, which differs from the source's wherever frame 0 does. Poses are
    relative to the result's camera of the same frame, so that its world does not matter.

    Args:
        path: the path of the re-rendering.
        source: the geometry it started from.
        result: the geometry of the re-rendered clip, in the unit of ``source``; see :func:`..warp.return_trip`.

    Raises:
        InputError: counts that differ.
    """
    there, _ = path.resolve(source)
    back = torch.linalg.inv(there.double()) @ source.camera_to_world.double()
    back[:, :3, 3] /= result.pivot_depth
    return CameraPath(back.float(), path.focal_scale.reciprocal(), RelativeTo.SOURCE, f"{path.name}, back")
