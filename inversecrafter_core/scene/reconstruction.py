"""A clip of any size and length through the scene network: scene states, and the depth and cameras that go with them.

Frames are processed in order, in batches as far as the picture encoder goes. The network runs on frames of about ``AREA``
pixels in the clip's aspect ratio.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ..camera import Geometry
from ..errors import InputError, require_video
from ..progress import Progress
from .network import PATCH, Prediction, SceneNetwork
from .states import SceneStates

AREA = 128 * 192
"""Pixels of the frames that the network was trained on."""
SMALLEST = 32
"""Smallest side of a clip, in pixels."""
BATCH = 8
"""Frames that the picture encoder reads at once."""


@dataclass(frozen=True)
class Reconstruction:
    """A clip as the network reconstructs it, on the CPU.

    Attributes:
        states: with the network's cameras.
        depth: ``[F, h, w]`` planar z at the network's resolution, in the unit of the states' cameras.
        confidence: ``[F, h, w]``; a cell of twice the confidence has about half the error.
    """

    states: SceneStates
    depth: torch.Tensor
    confidence: torch.Tensor


def network_size(height: int, width: int) -> tuple[int, int]:
    """Return the network's size for ``height x width`` frames: about ``AREA`` pixels, both sides multiples of ``PATCH``."""
    scale = math.sqrt(AREA / (height * width)) / PATCH
    return PATCH * max(2, round(height * scale)), PATCH * max(2, round(width * scale))


@torch.inference_mode()
def reconstruct(network: SceneNetwork, video: torch.Tensor, progress: Progress | None = None) -> Reconstruction:
    """Return the scene states, depth and cameras of ``video [F, H, W, 3]`` in 0...1, on the network's device until the end.

    Args:
        network: in evaluation mode.
        video: of any size; the source clip.
        progress: called with the frames done and their number.

    Raises:
        InputError: the video is not ``[F, H, W, 3]``, has no frames, or is smaller than 32 pixels on a side.
    """
    size = require_video("video", video).shape[1:3]
    if not len(video) or min(size) < SMALLEST:
        given = f"{len(video)} frames of size {size[1]}x{size[0]}"
        raise InputError("video", given, f"Give at least one frame of {SMALLEST} pixels on each side.")
    device, small = network.pose_token.device, network_size(*size)
    memory = network.initial(1)
    parts: list[Prediction] = []
    for frames in video.split(BATCH):
        pictures = frames.to(device, torch.float32).clamp(0, 1).permute(0, 3, 1, 2)
        pictures = F.interpolate(pictures, size=small, mode="bilinear", align_corners=False, antialias=True)
        found, memory = network.advance(pictures[None], memory)
        parts.append(found)
        if progress is not None:
            progress(min(len(parts) * BATCH, len(video)), len(video))
    join = lambda name: torch.cat([getattr(part, name)[0] for part in parts]).cpu()  # noqa: E731
    depth, focal = join("log_depth").exp(), float(join("focal").median())
    poses = _from_first(join("rotation"), join("position"))
    lens = torch.tensor([[focal, 0.0, small[1] / 2], [0.0, focal, small[0] / 2], [0.0, 0.0, 1.0]])
    lens[0] *= size[1] / small[1]
    lens[1] *= size[0] / small[0]
    lenses = lens.repeat(len(video), 1, 1)
    pivot = Geometry(depth, torch.ones_like(depth, dtype=torch.bool), lenses, poses).pivot_depth
    states = SceneStates(join("states"), poses, lenses, (size[0], size[1]), pivot, network.name)
    return Reconstruction(states, depth, join("depth_confidence").exp())


def _from_first(rotation: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
    """Return ``camera_to_world [F, 4, 4]`` in the world of frame 0."""
    poses = torch.eye(4).repeat(len(rotation), 1, 1)
    poses[:, :3, :3], poses[:, :3, 3] = rotation, position
    return torch.linalg.inv(poses[:1]) @ poses
