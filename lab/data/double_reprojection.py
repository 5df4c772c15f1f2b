"""Double reprojection: realistic holes on a clean clip (InverseCrafter, section on the mask encoder).

A frame is thrown at the target camera and what arrived is thrown back. What survives both trips is what a warp along this path
would know; the rest is a hole in the source's own view, so that the clean pixels are known on both sides of the mask.
"""

from __future__ import annotations

import torch

from inversecrafter_core.camera.geometry import Geometry
from inversecrafter_core.camera.path import CameraPath
from inversecrafter_core.warp.frame import NEAR, Cleanup, see_depth, transfers
from inversecrafter_core.warp.holes import Progress, dilate_holes
from inversecrafter_core.warp.splat import EMPTY, find_background, splat_depth
from inversecrafter_core.warp.warp import on_device, require_fit, require_something_seen


def double_reprojection(
    video: torch.Tensor,
    geometry: Geometry,
    path: CameraPath,
    *,
    cleanup: Cleanup = Cleanup(),  # noqa: B008  (an immutable tuple)
    dilation: int = 0,
    device: torch.device | str | None = None,
    progress: Progress | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """A training pair: the clean clip, and the mask a warp along ``path`` and back leaves of it.

    Args:
        video: ``[F, H, W, 3]`` in 0...1.
        geometry, path, cleanup, dilation, device, progress: as in :func:`warp_video`.

    Returns:
        ``(video [F, H, W, 3], visible [F, H, W] bool)``: the masked input is ``visible * video``: clean pixels.
    """
    video = require_fit(video, geometry, path)
    geometry = on_device(geometry, device)
    cameras, intrinsics = path.resolve(geometry)
    near = NEAR * geometry.pivot_depth
    visible = torch.empty(video.shape[:3], dtype=torch.bool)
    for frame in range(len(video)):
        ways = transfers(geometry, frame, cameras[frame], intrinsics[frame])
        arrived, _ = see_depth(geometry, frame, ways, near, cleanup)
        returned = splat_depth(arrived, arrived < EMPTY, ways[1], geometry.size, near)
        find_background(arrived, returned, ways[0])
        visible[frame] = dilate_holes(returned.depth < EMPTY, dilation)
        if progress is not None:
            progress(frame + 1, len(video))
    require_something_seen(visible, path)
    return video, visible
