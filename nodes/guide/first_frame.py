"""The first frame of a new clip: a start image, source frame 0, or the frame as it came.

The choice follows from the sockets that are connected and from the camera path, never from comparing pictures.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import torch
from comfy_api.latest import io

from ...inversecrafter_core.camera import CameraPath
from ...inversecrafter_core.errors import InputError, require_same_frames, require_video
from ..host.sockets import CameraPathSocket

Video = TypeVar("Video", torch.Tensor, torch.Tensor | None)

EDITED = "Frame 0 is the clip's own, with its holes: in known_source the source is the clip that is edited."
TURNED_OFF = "Frame 0 is as it came: first_frame_known is off."
NO_SOURCE = "Frame 0 is as it came: no source is connected."
NO_PATH = "Frame 0 is as it came. Connect camera_path: where it starts at the source's view, source frame 0 is wholly known."


class FirstFrame(NamedTuple):
    """``image [H, W, 3]``, wholly known, or None where frame 0 stays as it came; ``report`` says which and why."""

    image: torch.Tensor | None
    report: str

    def put_into(self, video: Video) -> Video:
        """``video [F, H, W, 3]``, or a copy with the image as frame 0; None stays None."""
        return video if video is None or self.image is None else torch.cat([self.image[None], video[1:]])

    def known(self, visible: torch.Tensor) -> torch.Tensor:
        """``visible [F, H, W]``, or a copy with frame 0 known as a whole."""
        return visible if self.image is None else torch.cat([torch.ones_like(visible[:1]), visible[1:]])


def first_frame_inputs() -> list[io.Input]:
    """Return the optional inputs that :func:`first_frame` takes beside a source."""
    return [
        CameraPathSocket.Input(
            "camera_path",
            optional=True,
            tooltip="The path of the warp. If it starts at the source's own view, source frame 0 becomes frame 0.",
        ),
        io.Image.Input(
            "start_image",
            optional=True,
            tooltip="Becomes frame 0, wholly known: for example the first frame after an edit or an inpainting.",
        ),
    ]


def first_frame(
    video: torch.Tensor,
    source: torch.Tensor | None,
    camera_path: CameraPath | None,
    start_image: torch.Tensor | None,
    kept: str | None = None,
) -> FirstFrame:
    """Choose frame 0 of ``video [F, H, W, 3]``: the start image, source frame 0 if the path starts at its view, or neither.

    Args:
        kept: why no source frame is wanted, for the report.

    Raises:
        InputError: a picture of another size, or a path of another length.
    """
    if start_image is not None:
        return FirstFrame(_fitting("start_image", start_image, video), "Frame 0 is the start image, wholly known.")
    if kept is not None or source is None or camera_path is None:
        return FirstFrame(None, kept or (NO_SOURCE if source is None else NO_PATH))
    require_same_frames(video=len(video), camera_path=camera_path.frames)
    if not camera_path.starts_at_source():
        beside = f"the path '{camera_path.name}' starts beside the source camera, {camera_path.start()}"
        return FirstFrame(None, f"Frame 0 is as it came: {beside}.")
    image = _fitting("source", source, video)
    return FirstFrame(image, f"Frame 0 is source frame 0, wholly known: the path '{camera_path.name}' starts at its view.")


def _fitting(name: str, pictures: torch.Tensor, video: torch.Tensor) -> torch.Tensor:
    picture = require_video(name, pictures)[0]
    if picture.shape != video.shape[1:]:
        raise InputError(
            name,
            f"size {picture.shape[1]}x{picture.shape[0]} beside a video of {video.shape[2]}x{video.shape[1]}",
            "Resize it to the video's size.",
        )
    return picture.to(video)
