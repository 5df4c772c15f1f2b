"""Multi-view consistency: every frame of a clip, warped to the camera of another frame, against that frame.

A clip that shows one rigid scene agrees with itself wherever both frames see the same surface. What moves on its own does not,
so compare clips of the same motion, or frames that are close in time.
"""

from __future__ import annotations

from statistics import fmean
from typing import NamedTuple

import torch

from ..camera import Geometry
from ..errors import InputError, require_same_frames, require_same_size, require_video
from ..progress import Progress
from ..warp import Cleanup, Viewer
from .consistency import measurement_lpips, measurement_psnr
from .image import DistanceMap

SAME_DEPTH = 1.1
"""Ratio of depths up to which a warped pixel and the frame's own pixel show the same surface."""


class MultiView(NamedTuple):
    """Agreement of frames that see the same surfaces.

    ``psnr_db`` and ``lpips`` (None without a network): means over the pairs of frames, on the pixels that both see.
    ``shared``: mean share of a frame that both see, 0...1. ``agreeing``: share of the warped pixels whose depth is that of the
    frame, 0...1; it is low where the depth or the cameras contradict each other, or much is hidden.
    """

    psnr_db: float
    lpips: float | None
    shared: float
    agreeing: float


class _Pair(NamedTuple):
    """One frame's warp ``[H, W, 3]`` in another frame's camera, and the pixels ``[H, W]`` bool it lands on and both see."""

    warped: torch.Tensor
    landed: torch.Tensor
    both: torch.Tensor


def multi_view_consistency(
    video: torch.Tensor,
    geometry: Geometry,
    gap: int = 8,
    *,
    distance: DistanceMap | None = None,
    progress: Progress | None = None,
) -> MultiView:
    """Return the agreement of every frame with the one ``gap`` frames later, both ways.

    Args:
        video: ``[F, H, W, 3]`` in 0...1.
        geometry: of this clip, with the motion of its camera.
        gap: frames between the two of a pair, 1...F-1.
        distance: spatial LPIPS.
        progress: called with (pairs done, pairs).

    Raises:
        InputError: counts or sizes that differ, a gap out of range, or no two frames that see the same surface.
    """
    video = require_video("video", video)
    frames = require_same_frames(video=len(video), geometry=geometry.frames)
    require_same_size("geometry", geometry.size, "video", video.shape[1:3], "Use the clip that the geometry was made from.")
    if not 1 <= gap < frames:
        raise InputError("gap", f"{gap} in a clip of {frames} frames", f"Choose 1 to {max(1, frames - 1)}.")
    viewer = Viewer.between_frames(geometry, Cleanup())
    pairs = [pair for frame in range(frames - gap) for pair in ((frame, frame + gap), (frame + gap, frame))]
    psnr, lpips, shared, landed = [], [], [], []
    for index, (one, other) in enumerate(pairs):
        pair = _warped(viewer, video, one, other)
        shared.append(float(pair.both.float().mean()))
        landed.append(float(pair.landed.float().mean()))
        if shared[-1] > 0:
            compared = pair.warped[None], video[other][None], pair.both[None].float()
            psnr.append(measurement_psnr(*compared))
            if distance is not None:
                lpips.append(measurement_lpips(*compared, distance=distance))
        if progress is not None:
            progress(index + 1, len(pairs))
    if not psnr:
        raise InputError("geometry", "no surface that two frames see", "Choose a smaller gap, or check the cameras and depth.")
    return MultiView(fmean(psnr), fmean(lpips) if lpips else None, fmean(shared), sum(shared) / sum(landed))


def _warped(viewer: Viewer, video: torch.Tensor, one: int, other: int) -> _Pair:
    """Return frame ``one`` in the camera of frame ``other``."""
    geometry = viewer.geometry
    view = viewer.see(video[one].to(viewer.device), one, other)
    landed = view.visible & geometry.valid[other]
    ratio = view.depth / geometry.depth[other]
    both = landed & (ratio < SAME_DEPTH) & (ratio > 1 / SAME_DEPTH)
    return _Pair(view.image.to(video.device), landed, both.to(video.device))
