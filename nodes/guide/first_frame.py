"""Choice of a new clip's first frame: a start image, source frame 0, or the given frame unchanged.

The choice depends on the connected sockets and on the camera path, never on a comparison of pictures.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import torch
from comfy_api.latest import io

from ...inversecrafter_core.camera import CameraPath
from ...inversecrafter_core.errors import require_same_frames, require_same_size, require_video
from ..host.sockets import CameraPathSocket

Video = TypeVar("Video", torch.Tensor, torch.Tensor | None)

EDITED = "Frame 0 is unchanged, with its holes: known_source edits the source itself."
TURNED_OFF = "Frame 0 is unchanged: first_frame_known is off."
NO_SOURCE = "Frame 0 is unchanged: no source is connected."
NO_PATH = "Frame 0 is unchanged. Connect camera_path: if it starts at the source's view, source frame 0 is used, wholly known."


class FirstFrame(NamedTuple):
    """The chosen frame ``image [H, W, 3]``, wholly known, or None if frame 0 is unchanged; ``report`` gives the reason."""

    image: torch.Tensor | None
    report: str

    def replace_in(self, video: Video) -> Video:
        """Return ``video [F, H, W, 3]`` with the image, if any, as frame 0; None for None."""
        return video if video is None or self.image is None else torch.cat([self.image[None].to(video), video[1:]])

    def known(self, visible: torch.Tensor) -> torch.Tensor:
        """Return ``visible [F, H, W]`` with frame 0 wholly known if there is an image."""
        return visible if self.image is None else torch.cat([torch.ones_like(visible[:1]), visible[1:]])


def first_frame_inputs() -> list[io.Input]:
    """Return the optional inputs of :func:`first_frame` other than the source."""
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
    unchanged: str | None = None,
) -> FirstFrame:
    """Choose frame 0 of ``video``: the start image, source frame 0 if the path starts at its view, or neither.

    Args:
        video: ``[F, H, W, 3]`` in 0...1.
        source: the source clip, ``[F, H, W, 3]``.
        camera_path: the path of the warp.
        start_image: ``[1, H, W, 3]``.
        unchanged: the reason not to use the source, for the report; None to use it.

    Raises:
        InputError: a picture of another size, or a path of another length.
    """
    if start_image is not None:
        return FirstFrame(_fitting("start_image", start_image, video), "Frame 0 is the start image, wholly known.")
    if unchanged is not None or source is None or camera_path is None:
        return FirstFrame(None, unchanged or (NO_SOURCE if source is None else NO_PATH))
    require_same_frames(video=len(video), camera_path=camera_path.frames)
    if not camera_path.starts_at_source():
        reason = f"the path '{camera_path.name}' starts away from the source camera, {camera_path.start()}"
        return FirstFrame(None, f"Frame 0 is unchanged: {reason}.")
    image = _fitting("source", source, video)
    return FirstFrame(image, f"Frame 0 is source frame 0, wholly known: the path '{camera_path.name}' starts at its view.")


def _fitting(name: str, pictures: torch.Tensor, video: torch.Tensor) -> torch.Tensor:
    picture = require_video(name, pictures)[0]
    require_same_size(name, picture.shape[:2], "video", video.shape[1:3], "Resize it to the video's size.")
    return picture.to(video)
