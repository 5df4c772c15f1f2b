"""The way back from a clip that was re-rendered along a camera path: its geometry in the source's scene, and the path."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from ..camera import CameraPath, Geometry, inverse_path
from ..errors import InputError, require_same_frames, require_same_size
from ..progress import Progress
from .edges import Cleanup
from .splat import EMPTY
from .viewer import Viewer


@dataclass(frozen=True)
class ReturnTrip:
    """The second half of a round trip.

    Attributes:
        path: from the re-rendered clip's cameras back to the source's.
        geometry: of the re-rendered clip, with the cameras and the lens that it was rendered for, in the source's unit.
        scales: ``[F]``, factors that its depth was multiplied by.
    """

    path: CameraPath
    geometry: Geometry
    scales: torch.Tensor

    @property
    def report(self) -> str:
        """The path, its frames and the scale of the depth, in one line."""
        low, high = float(self.scales.min()), float(self.scales.max())
        return f"{self.path.name}: {self.path.frames} frames; the result's depth is scaled by {low:.3g} to {high:.3g}."


def return_trip(path: CameraPath, source: Geometry, result: Geometry, progress: Progress | None = None) -> ReturnTrip:
    """Return the way back of a clip that was re-rendered along ``path``.

    The unit of an estimated depth is its own, so every frame's depth is scaled to the source's, by the median ratio on the
    pixels that the source shows in the target view.

    Args:
        path: the path of the re-rendering.
        source: the geometry it started from.
        result: the geometry of the re-rendered clip; its lens and cameras are replaced by the path's.
        progress: called with (frames done, frames).

    Raises:
        InputError: counts or sizes that differ, or a frame of the result in which nothing of the source is known.
    """
    require_same_frames(geometry=source.frames, result=result.frames, camera_path=path.frames)
    advice = "Estimate the depth of the result at the size of the source."
    require_same_size("result_geometry", result.size, "geometry", source.size, advice)
    result = result.to(source.device)
    viewer = Viewer.along(source, path, Cleanup())
    scales = torch.ones(source.frames, device=source.device)
    for frame in range(source.frames):
        depth, _ = viewer.see_depth(frame, frame)
        known = (depth < EMPTY) & result.valid[frame]
        if not bool(known.any()):
            raise InputError("result_geometry", f"no depth in frame {frame} where the source is seen", "Use a smaller motion.")
        scales[frame] = (depth[known] / result.depth[frame][known]).median()
        if progress is not None:
            progress(frame + 1, source.frames)
    first = torch.linalg.inv(viewer.camera_to_world[0].double())
    placed = replace(
        result,
        depth=result.depth * scales[:, None, None],
        intrinsics=viewer.intrinsics,
        camera_to_world=(first @ viewer.camera_to_world.double()).float(),
        metric=source.metric,
    )
    return ReturnTrip(inverse_path(path, source, placed), placed, scales)
