"""A clip's points and cameras in one file, for an editor of camera paths to show and to warp.

The file: 8 bytes :data:`MAGIC`, the length of a JSON header (little-endian uint32), the header, then blocks of bytes that it
points to. Lengths are multiples of rho, the pivot's depth; lenses are in pixels of the clip.

Header::

    {"frames": 81, "size": [480, 832],            of the clip: frames, height and width
     "range": [-1.2, 3.4],                        natural logarithms of the smallest and the largest depth
     "shown": [0, 1, ...],                        the frames that have a camera and a block, ascending
     "cameras": [[fx, fy, cx, cy, 12 numbers]],   their lenses and their poses, the upper 3x4 of camera_to_world
     "stabilised": [12 numbers, ...],             the poses without shake, which a path may be relative to
     "cloud": {"stride": 2, "grid": [240, 416], "depth": [offset, ...], "colour": [[offset, length], ...]},
     "coarse": {"stride": 5, "grid": [96, 166], "places": [0, 5, ...], "depth": [offset, ...]}}

A grid takes every ``stride``-th pixel, the first at ``stride // 2``. Depth is uint16 a point: 0 is unknown, else 1...32767 are
steps of the logarithm over the range, plus 32768 where the warp's cleanup drops the point. Colours are a JPEG of the grid's
size. Offsets count from the end of the header; ``places`` are positions in ``shown``.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import torch

from ..camera.geometry import Geometry
from ..camera.smoothing import smooth_poses
from ..warp.edges import Cleanup

MAGIC = b"ICSCENE1"
STEPS, DROPPED = 32767, 32768
CLOUD_POINTS = 100_000
"""Most points of a frame in the cloud and in the live warp."""
COARSE_POINTS = 45_000
"""Most points of a frame from which a share of holes is estimated."""
COARSE_FRAMES = 25
"""Most frames from which shares of holes are estimated."""
MOST_FRAMES = 241
"""Most frames of a clip that are shown; of longer ones as many, evenly spaced."""
JPEG_QUALITY = 85


@dataclass
class _Blocks:
    """Bytes after the header, and where each block begins."""

    parts: list[bytes] = field(default_factory=list)
    length: int = 0

    def add(self, block: bytes) -> int:
        """Append a block and return its offset."""
        self.parts.append(block)
        self.length += len(block)
        return self.length - len(block)


def scene_file(geometry: Geometry, video: torch.Tensor | None = None, cleanup: Cleanup = Cleanup()) -> bytes:  # noqa: B008
    """Return the bytes of the file (see the module).

    Args:
        geometry: depth and source cameras.
        video: ``[F, H, W, 3]`` in 0...1, the clip, or a still repeated; else points have no colours.
        cleanup: the warp's; its default is that of the warp's node.
    """
    geometry = geometry.to("cpu")
    shown = _evenly(geometry.frames, MOST_FRAMES)
    places = _evenly(len(shown), COARSE_FRAMES)
    height, width = geometry.size
    known = geometry.depth[geometry.valid] / geometry.pivot_depth
    low, high = math.log(float(known.min())), math.log(float(known.max()) * (1 + 1e-6))
    fine, coarse = (_stride(height, width, points) for points in (CLOUD_POINTS, COARSE_POINTS))
    blocks = _Blocks()
    cloud: dict[str, Any] = {"stride": fine, "grid": _grid(height, width, fine), "depth": [], "colour": []}
    rough: dict[str, Any] = {"stride": coarse, "grid": _grid(height, width, coarse), "places": places, "depth": []}
    for place, frame in enumerate(shown):
        codes = _codes(geometry, frame, cleanup, (low, high))
        if place in places:
            rough["depth"].append(blocks.add(_every(codes, coarse).tobytes()))
        cloud["depth"].append(blocks.add(_every(codes, fine).tobytes()))
        if video is not None and len(video) >= geometry.frames:
            picture = _jpeg(video[frame], cloud["grid"])
            cloud["colour"].append([blocks.add(picture), len(picture)])
    header = json.dumps(
        {
            "frames": geometry.frames,
            "size": [height, width],
            "range": [low, high],
            "shown": shown,
            "cameras": [_lens(geometry, frame) + _pose(geometry.camera_to_world[frame], geometry) for frame in shown],
            "stabilised": [_pose(pose, geometry) for pose in smooth_poses(geometry.camera_to_world)[shown]],
            "cloud": cloud,
            "coarse": rough,
        }
    ).encode()
    return b"".join([MAGIC, struct.pack("<I", len(header)), header, *blocks.parts])


def _evenly(count: int, most: int) -> list[int]:
    """Return at most ``most`` of ``count`` indices, evenly spaced, the first and the last among them."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, most))})


def _stride(height: int, width: int, points: int) -> int:
    """Return the smallest stride that leaves at most so many points."""
    return max(1, math.ceil(math.sqrt(height * width / points)))


def _every(pixels: np.ndarray, stride: int) -> np.ndarray:
    return np.ascontiguousarray(pixels[stride // 2 :: stride, stride // 2 :: stride])


def _grid(height: int, width: int, stride: int) -> list[int]:
    return [len(range(stride // 2, side, stride)) for side in (height, width)]


def _codes(geometry: Geometry, frame: int, cleanup: Cleanup, ends: tuple[float, float]) -> np.ndarray:
    """Return the depth of a frame as uint16 ``[H, W]``."""
    depth, (low, high) = geometry.depth[frame], ends
    share = ((depth / geometry.pivot_depth).log() - low) / max(high - low, 1e-6)
    codes = 1 + (share.clamp(0, 1) * (STEPS - 1)).round().int()
    codes = codes + DROPPED * cleanup.edges(depth).int()
    return codes.masked_fill(~geometry.valid[frame], 0).numpy().astype("<u2")


def _lens(geometry: Geometry, frame: int) -> list[float]:
    lens = geometry.intrinsics[frame]
    return [float(lens[at]) for at in ((0, 0), (1, 1), (0, 2), (1, 2))]


def _pose(camera_to_world: torch.Tensor, geometry: Geometry) -> list[float]:
    pose = camera_to_world.double().clone()
    pose[:3, 3] /= geometry.pivot_depth
    return pose[:3].flatten().tolist()


def _jpeg(image: torch.Tensor, grid: list[int]) -> bytes:
    picture = (image.detach().cpu().clamp(0, 1) * 255).round().byte().numpy()[..., 2::-1]  # without alpha
    small = cv2.resize(picture, (grid[1], grid[0]), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
