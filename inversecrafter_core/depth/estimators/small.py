"""The small network as an estimator of relative depth, for clips of any size and length.

Frames are processed in order and in batches. The network's state and the running averages of pictures and depth are kept
between batches, so the result does not depend on their size. The network runs on frames of about ``AREA`` pixels in the clip's
aspect ratio, and its depth is upsampled along the edges of the averaged picture.
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
import torch.nn.functional as F

from ...errors import InputError
from ...progress import Progress
from ..protocol import Kind, RawDepth, batches
from ..steady.running_average import SteadyMap, SteadyPicture
from ..upsample import joint_bilateral_upsample, resize_map
from .small_file import load_small_network
from .small_network import STRIDE, SmallDepthNet, State

AREA = 96 * 144
"""Pixels of the frames that the network was trained on."""
SMALLEST = 32
"""Smallest side of a clip, in pixels."""


class _Memory:
    """State of the estimator in one clip."""

    def __init__(self) -> None:
        self.picture, self.depth = SteadyPicture(), SteadyMap()
        self.state: State | None = None


class SmallDepth:
    """The pack's own network as an estimator, which runs on the device of ``module``.

    Args:
        network: see :func:`~.small_file.load_small_network`.
        name: its name in reports.
        edge_aware: upsample the map along image edges (else bilinearly).
        steady: average over still parts of the clip, see ``running_average.py``.
    """

    kind: Kind = "relative_depth"

    def __init__(self, network: SmallDepthNet, name: str, edge_aware: bool = True, steady: bool = True):
        self.module = network.train(False)
        self.name, self.edge_aware, self.steady = name, edge_aware, steady

    @classmethod
    def load(cls, path: str | Path, edge_aware: bool = True) -> SmallDepth:
        """Return the estimator in a file, or raise :class:`InputError` describing the file if it holds none."""
        return cls(load_small_network(path), Path(path).name, edge_aware)

    @torch.inference_mode()
    def estimate(self, video: torch.Tensor, batch_size: int = 4, progress: Progress | None = None) -> RawDepth:
        """Estimate the depth of every frame of ``video [F, H, W, 3]``, up to one factor for the clip, at the video's size.

        Raises:
            InputError: the video is not ``[F, H, W, 3]``, has no frames, or is smaller than 32 pixels on a side.
        """
        memory, maps = _Memory(), []
        for frames in batches(video, batch_size, progress):
            if min(frames.shape[1:3]) < SMALLEST:
                found = f"size {frames.shape[2]}x{frames.shape[1]}"
                raise InputError("video", found, f"Give at least {SMALLEST} pixels on each side.")
            maps.append(self._batch(frames, memory).cpu())
        return RawDepth(torch.cat(maps), self.kind, source=self.name)

    def _batch(self, frames: torch.Tensor, memory: _Memory) -> torch.Tensor:
        weight = next(self.module.parameters())
        pictures = frames.to(weight.device, torch.float32).clamp(0, 1)
        shares = torch.ones_like(pictures[..., 0])
        if self.steady:
            taken = [memory.picture.add(frame) for frame in pictures]
            pictures, shares = (torch.stack(part) for part in zip(*taken, strict=True))
        size = network_size(frames.shape[1], frames.shape[2])
        small = F.interpolate(pictures.permute(0, 3, 1, 2), size=size, mode="bilinear", align_corners=False, antialias=True)
        prediction = self.module(small[None].to(weight.dtype), memory.state)
        memory.state = prediction.state
        log_depth = torch.stack(
            [memory.depth.add(m, s) for m, s in zip(prediction.log_depth[0], resize_map(shares, size, "area"), strict=True)]
        )
        full = (frames.shape[1], frames.shape[2])
        return (joint_bilateral_upsample(log_depth, pictures) if self.edge_aware else resize_map(log_depth, full)).exp()


def network_size(height: int, width: int) -> tuple[int, int]:
    """Return the network's size for ``height x width`` frames: about ``AREA`` pixels, both sides multiples of ``STRIDE``."""
    scale = math.sqrt(AREA / (height * width))
    return (
        max(2 * STRIDE, round(height * scale / STRIDE) * STRIDE),
        max(2 * STRIDE, round(width * scale / STRIDE) * STRIDE),
    )
