"""The warp of a clip along a camera path.

It runs frame by frame, so that memory holds one frame's buffers besides the two clips. It is deterministic: on one device, two
runs give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..camera.geometry import Geometry
from ..camera.path import CameraPath
from ..errors import InputError, require_choice, require_same_frames, require_video
from ..progress import Progress
from .edges import Cleanup
from .holes import dilate_holes
from .viewer import Sampling, Viewer


@dataclass(frozen=True)
class Warp:
    """A warped clip.

    Attributes:
        video: ``[F, H, W, 3]`` float32 on the CPU, ``y``; black where not visible.
        visible: ``[F, H, W]`` bool on the CPU, 1 = known.
        path: the path's name.
    """

    video: torch.Tensor
    visible: torch.Tensor
    path: str

    @property
    def coverage(self) -> torch.Tensor:
        """``[F]``: the known share of every frame."""
        # Frame by frame, since a float copy of the whole mask would take a third of a clip's memory.
        return torch.stack([frame.float().mean() for frame in self.visible])

    @property
    def report(self) -> str:
        """The path, frames, size and share of holes, in one line."""
        holes = 1 - self.coverage
        height, width = self.visible.shape[1:]
        if not bool(holes.any()):
            return f"{self.path}: {len(holes)} frames {width}x{height}, no holes: nothing is left to generate."
        return (
            f"{self.path}: {len(holes)} frames {width}x{height}, holes {float(holes.mean()):.1%} on average, "
            f"{float(holes.max()):.1%} at most (frame {int(holes.argmax())})"
        )


def require_fit(video: torch.Tensor, geometry: Geometry, path: CameraPath) -> torch.Tensor:
    """Check that a clip, its geometry and a path fit, and return the clip in float32."""
    video = require_video("video", video)
    require_same_frames(video=len(video), geometry=geometry.frames, camera_path=path.frames)
    if tuple(video.shape[1:3]) != geometry.size:
        raise InputError(
            "video and geometry",
            f"video {video.shape[2]}x{video.shape[1]}, depth {geometry.size[1]}x{geometry.size[0]}",
            "Estimate the depth of the images that are warped: resize the video before.",
        )
    return video


NO_TRANSLATION = 1e-6
"""Translation in multiples of rho up to which a camera only rotates."""


def require_something_seen(visible: torch.Tensor, path: CameraPath) -> None:
    """Raise :class:`InputError` if some frame of ``visible`` shows nothing of the clip."""
    blind = (~visible.flatten(1).any(1)).nonzero().flatten().tolist()
    if blind:
        turns_only = float(path.camera_to_world[:, :3, 3].abs().max()) < NO_TRANSLATION
        turn = "Choose a smaller angle: a turn beyond the field of view shows nothing of the clip."
        move = "Choose a smaller amount: translations are multiples of the depth at the pivot, so 1 reaches the subject."
        raise InputError(
            "camera_path",
            f"'{path.name}' leaves every point behind the camera or outside the picture in {len(blind)} of {len(visible)} "
            f"frames, the first is frame {blind[0]}",
            turn if turns_only else move,
        )


def warp_video(
    video: torch.Tensor,
    geometry: Geometry,
    path: CameraPath,
    *,
    cleanup: Cleanup = Cleanup(),  # noqa: B008  (an immutable tuple)
    dilation: int = 0,
    sampling: Sampling = Sampling.BILINEAR,
    device: torch.device | str | None = None,
    progress: Progress | None = None,
) -> Warp:
    """Warp a clip along a camera path.

    Args:
        video: ``[F, H, W, 3]`` in 0...1, the images that the geometry was made from.
        geometry: depth and source cameras, one a frame, at the video's size.
        path: target cameras, one a frame.
        cleanup: depth-edge cleanup; a threshold of 0 switches it off.
        dilation: pixels by which holes grow.
        sampling: interpolation of colours.
        device: device of the computation, None for the geometry's. Results are on the CPU.
        progress: called with (frames done, frames); may raise to cancel.

    Raises:
        InputError: counts or sizes differ, NaN, an alpha channel, an unknown sampling, or a frame that shows nothing.
    """
    video, sampling = require_fit(video, geometry, path), require_choice("sampling", sampling, Sampling)
    viewer = Viewer.along(geometry, path, cleanup, device)
    warped = torch.empty(video.shape, dtype=torch.float32)
    visible = torch.empty(video.shape[:3], dtype=torch.bool)
    for frame in range(len(video)):
        out = warped[frame] if viewer.device.type == "cpu" else None
        view = viewer.see(video[frame].to(viewer.device), frame, frame, sampling, out)
        known = dilate_holes(view.visible, dilation)
        if dilation > 0:
            view.image.mul_(known[..., None])
        if out is None:
            warped[frame] = view.image
        visible[frame] = known
        if progress is not None:
            progress(frame + 1, len(video))
    require_something_seen(visible, path)
    return Warp(warped, visible, path.name)
