"""Filling of holes from other source frames that show the place.

It assumes that the hidden part of the scene is *static*: points of another source frame are projected into this frame's target
camera by that frame's depth and camera, as if nothing had moved in between. This holds for walls behind a passing person and
for a moving source camera, not for moving water. A depth check rejects a moving foreground: a candidate must not be clearly
nearer than the known pixels around the hole.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F

from ..camera.geometry import Geometry
from ..camera.path import CameraPath
from ..errors import InputError, require_same_frames, require_video
from ..progress import Progress
from .edges import Cleanup
from .holes import fill_holes, require_visible
from .splat import EMPTY
from .viewer import Viewer
from .warp import require_fit

NEARER = 0.9
"""Share of the background's depth around a hole below which a candidate is rejected as moving foreground."""
NEIGHBOURHOOD = 8
"""Pixels around a hole in which its background is looked for."""


def other_frames(frame: int, frames: int) -> Iterator[int]:
    """Yield other frames at doubling distances, nearest first: ±1, ±2, ±4, … as far as they exist."""
    distance = 1
    while distance < frames:
        for other in (frame - distance, frame + distance):
            if 0 <= other < frames:
                yield other
        distance *= 2


def background_around(depth: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """Return ``[H, W]``: the deepest known depth within 8 pixels, 0 where there is none.

    A hole opens behind a foreground, so its depth is that of its deeper side.
    """
    known = torch.where(visible, depth, 0.0)[None, None]
    size = 2 * NEIGHBOURHOOD + 1
    rows = F.max_pool2d(known, (1, size), 1, (0, NEIGHBOURHOOD))
    return F.max_pool2d(rows, (size, 1), 1, (NEIGHBOURHOOD, 0))[0, 0]


def fill_from_clip(
    warped: torch.Tensor,
    visible: torch.Tensor,
    source: torch.Tensor,
    geometry: Geometry,
    path: CameraPath,
    *,
    cleanup: Cleanup = Cleanup(),  # noqa: B008  (an immutable tuple)
    device: torch.device | str | None = None,
    progress: Progress | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Fill holes with pixels of other source frames, for a static scene (see the module).

    Args:
        warped: ``[F, H, W, 3]``, the warp of ``source``.
        visible: ``[F, H, W]`` bool, 1 = known in the warp.
        source: ``[F, H, W, 3]``, the clip that was warped.
        geometry, path: those of :func:`warp_video`.
        cleanup: settings of the depth-edge cleanup.
        device: device of the computation, None for the geometry's.
        progress: called with (frames done, frames); may raise to cancel.

    Returns:
        ``(video, visible)`` after filling, on the CPU; places that no frame shows are still holes.

    Raises:
        InputError: counts or sizes differ, or a frame consists of holes only.
    """
    warped, source = require_video("video", warped), require_fit(source, geometry, path)
    require_visible(visible, warped)
    require_same_frames(video=len(warped), source=len(source))
    if warped.shape != source.shape:
        raise InputError("source", f"size {tuple(source.shape)}, warp {tuple(warped.shape)}", "Give the clip that was warped.")
    viewer = Viewer.along(geometry, path, cleanup, device)
    filled, known = warped.cpu().clone(), visible.cpu().clone()
    for frame in range(len(warped)):
        if not bool(known[frame].all()):
            filled[frame], known[frame] = _fill_frame(viewer, source, frame, filled[frame], known[frame])
        if progress is not None:
            progress(frame + 1, len(warped))
    return filled, known


def _fill_frame(
    viewer: Viewer, source: torch.Tensor, frame: int, image: torch.Tensor, seen: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ``image [H, W, 3]`` and ``seen [H, W]`` of one frame after filling from other source frames."""
    own, _ = viewer.see_depth(frame, frame)
    floor = NEARER * background_around(own, own < EMPTY)
    image, seen = image.to(viewer.device), seen.to(viewer.device)
    for other in other_frames(frame, len(source)):
        view = viewer.see(source[other].to(viewer.device), other, frame)
        new = view.visible & ~seen & (view.depth >= floor)
        image = torch.where(new[..., None], view.image, image)
        seen = seen | new
        if bool(seen.all()):
            break
    return image, seen


def fill_from_clip_then_telea(
    warped: torch.Tensor,
    visible: torch.Tensor,
    source: torch.Tensor,
    geometry: Geometry,
    path: CameraPath,
    *,
    radius: int = 3,
    device: torch.device | str | None = None,
    progress: Progress | None = None,
) -> torch.Tensor:
    """Return the clip ``[F, H, W, 3]`` filled by :func:`fill_from_clip` and, for the rest, by Telea's method (``radius``)."""
    frames = len(warped)

    def first_half(done: int, _: int) -> None:
        if progress is not None:
            progress(done, 2 * frames)

    def second_half(done: int, _: int) -> None:
        if progress is not None:
            progress(frames + done, 2 * frames)

    filled, known = fill_from_clip(warped, visible, source, geometry, path, device=device, progress=first_half)
    return fill_holes(filled, known, radius, second_half)
