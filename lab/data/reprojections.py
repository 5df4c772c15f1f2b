"""Realistic holes in a clean clip by double reprojection (InverseCrafter, section on the mask encoder).

A frame is thrown at the target camera and what arrived is thrown back. What survives both trips is what a warp along this path
would know; the rest is a hole in the source's own view, so that the clean pixels are known on both sides of the mask.
"""

from __future__ import annotations

import math
import random
from typing import NamedTuple

import torch

from inversecrafter_core.camera import CameraPath, Geometry, RelativeTo
from inversecrafter_core.camera.presets import PRESETS
from inversecrafter_core.warp import Cleanup, Viewer
from inversecrafter_core.warp.splat import EMPTY, find_background, splat_depth
from inversecrafter_core.warp.warp import require_fit, require_something_seen
from lab.world import frame_times, random_scene, render

from .pool import HEIGHT, WIDTH

TRAJECTORIES = ("arc_left", "arc_right", "arc_up", "arc_down", "zoom_in", "zoom_out")
"""The six of the paper's evaluation (METHOD: those of Reangle-A-Video), at their own amounts in ``camera.presets``."""
STRENGTHS = (0.5, 2.5)
"""Range of the factor on a trajectory's amount: a 17-frame clip sees a third of the paper's 49 frames of source motion."""
DEFAULT_CLEANUP = Cleanup()
PHOTO_SHARE = 0.3
"""Share of the world's windows whose pixels are replaced by a glide over a photograph: richer texture, the same holes."""


class MaskPair(NamedTuple):
    """``video [F, H, W, 3]`` in 0...1, ``visible [F, H, W]`` bool, and the trajectory that made the holes."""

    video: torch.Tensor
    visible: torch.Tensor
    path: str


def double_reprojection(
    video: torch.Tensor, geometry: Geometry, path: CameraPath, cleanup: Cleanup = DEFAULT_CLEANUP
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the clean clip, and the mask that a warp along ``path`` and back leaves of it.

    Args:
        video: ``[F, H, W, 3]`` in 0...1.
        geometry, path, cleanup: as in :func:`warp_video`.

    Returns:
        ``(video [F, H, W, 3], visible [F, H, W] bool)``: the masked input is ``visible * video``: clean pixels.
    """
    video = require_fit(video, geometry, path)
    viewer = Viewer.along(geometry, path, cleanup)
    visible = torch.empty(video.shape[:3], dtype=torch.bool)
    for frame in range(len(video)):
        there, back = viewer.transfers(frame, frame)
        arrived, _ = viewer.see_depth(frame, frame)
        returned = splat_depth(arrived, arrived < EMPTY, back, geometry.size, viewer.near)
        find_background(arrived, returned, there)
        visible[frame] = returned.depth < EMPTY
    require_something_seen(visible, path)
    return video, visible


def path_of(name: str, frames: int, strength: float = 1.0) -> CameraPath:
    """Return one of :data:`TRAJECTORIES` over a clip, linear in time, its full amount times ``strength``."""
    preset = PRESETS[name]
    amount = math.radians(preset.amount) if preset.unit == "degrees" else preset.amount
    return CameraPath(*preset.trajectory(torch.linspace(0, strength, frames), amount), RelativeTo.SOURCE, name)


def random_path(frames: int, rng: random.Random) -> CameraPath:
    """Return any of the six, at a strength drawn evenly in its logarithm."""
    low, high = STRENGTHS
    return path_of(rng.choice(TRAJECTORIES), frames, low * (high / low) ** rng.random())


def reproject(video: torch.Tensor, geometry: Geometry, path: CameraPath) -> MaskPair:
    """Return ``video [F, H, W, 3]`` with the holes that ``path`` and the way back tear."""
    return MaskPair(*double_reprojection(video, geometry, path), path.name)


def synthetic_pair(
    seed: int, path: CameraPath | None = None, frames: int = 17, size: tuple[int, int] = (HEIGHT, WIDTH)
) -> MaskPair:
    """Return a scene of the synthetic world with its exact depth; the path is drawn from the seed when none is given."""
    clip = render(random_scene(seed), frame_times(frames), *size)
    return reproject(clip.colour, clip.geometry(), path or random_path(frames, random.Random(seed)))
