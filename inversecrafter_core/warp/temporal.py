"""Filling holes from other frames of the clip that saw the place.

Assumption: what a hole hides is *static*. A point that another source frame saw is thrown into this frame's target camera with
that frame's own depth and camera, as if nothing had moved in between. That is right for walls behind a passing person or for a
moving source camera, and wrong for moving water; moving foreground is kept out by a depth check: a candidate is taken only
where it is not clearly nearer than the known pixels around the hole.
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
"""A candidate below this share of the background's depth around the hole is foreground that moved, and is refused."""
NEIGHBOURHOOD = 8


def other_frames(frame: int, frames: int) -> Iterator[int]:
    """Other frames at doubling distances, nearest first: ±1, ±2, ±4, … while they exist."""
    distance = 1
    while distance < frames:
        for other in (frame - distance, frame + distance):
            if 0 <= other < frames:
                yield other
        distance *= 2


def background_around(depth: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """``[H, W]``: the deepest known depth within 8 pixels, 0 where nothing known is that close.

    A hole opens behind a foreground, so its own depth is that of its deeper side.
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
    """Fill holes with what other source frames saw there; static scene assumed (see the module).

    Args:
        warped: ``[F, H, W, 3]`` the warp of ``source``.
        visible: ``[F, H, W]`` bool, 1 = known in the warp.
        source: ``[F, H, W, 3]`` the clip the warp was made of.
        geometry, path: as given to :func:`warp_video`.
        progress: called with (frames done, frames); may raise to cancel.

    Returns:
        ``(video, visible)`` after filling, on the CPU; what no frame saw is still a hole.
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
    """Return ``image [H, W, 3]`` and ``seen [H, W]`` of one frame with what other source frames show there."""
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
    """:func:`fill_from_clip`, and Telea's method (``radius``) for what no frame saw. ``[F, H, W, 3]``."""
    frames = len(warped)

    def first_half(done: int, _: int) -> None:
        if progress is not None:
            progress(done, 2 * frames)

    def second_half(done: int, _: int) -> None:
        if progress is not None:
            progress(frames + done, 2 * frames)

    filled, known = fill_from_clip(warped, visible, source, geometry, path, device=device, progress=first_half)
    return fill_holes(filled, known, radius, second_half)
