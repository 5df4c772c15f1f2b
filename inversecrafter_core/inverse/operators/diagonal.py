"""Diagonal operators: the latent mask, and the mask of known pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ...errors import InputError, require_finite
from ...warp import telea
from .protocol import VideoSize


@dataclass(frozen=True)
class DiagonalMask:
    """The operator ``A z = h * z`` of InverseCrafter, its own adjoint. ``h`` broadcasts against ``z``."""

    h: torch.Tensor

    def A(self, z: torch.Tensor) -> torch.Tensor:
        return self.h.to(z) * z

    def A_adjoint(self, w: torch.Tensor) -> torch.Tensor:
        return self.h.to(w) * w


@dataclass(frozen=True)
class PixelMask(DiagonalMask):
    """The operator that keeps known pixels, and sets all others to 0.

    Attributes:
        h: ``[1 or F, H, W, 1]`` in 0...1, 1 = known; one mask for the clip, or one a frame. See :meth:`of`.
    """

    by_frame = True

    @classmethod
    def of(cls, visible: torch.Tensor) -> PixelMask:
        """Return the operator of a mask ``visible [1 or F, H, W]``, 1 = known.

        Raises:
            InputError: another shape, values outside 0...1, or a frame of which nothing is known.
        """
        if visible.ndim != 3:
            raise InputError("holes", f"a tensor of shape {tuple(visible.shape)}", "Give masks [frames, height, width].")
        visible = require_finite("holes", visible.float())
        if float(visible.min()) < 0 or float(visible.max()) > 1:
            raise InputError("holes", "values outside 0...1", "Give a MASK, 1 = hole.")
        blind = (visible.flatten(1).amax(1) <= 0.5).nonzero().flatten().tolist()
        if blind:
            raise InputError(
                "holes", f"only holes in {len(blind)} frames, the first is frame {blind[0]}", "Keep a part of every frame."
            )
        return cls(visible.unsqueeze(-1))

    @property
    def visible(self) -> torch.Tensor:
        """The mask, ``[1 or F, H, W]``, 1 = known."""
        return self.h.squeeze(-1)

    def part(self, frames: slice) -> PixelMask:
        return self if len(self.h) == 1 else PixelMask(self.h[frames])

    def measured(self, size: VideoSize) -> VideoSize:
        count, height, width = self.visible.shape
        if (height, width) != size[1:] or count not in (1, size[0]):
            raise InputError(
                "holes",
                f"{count} masks of {width}x{height} for {size[0]} frames of {size[2]}x{size[1]}",
                "Give one mask for the clip or one a frame, of the clip's size.",
            )
        return size

    def estimate(self, y: torch.Tensor) -> torch.Tensor:
        """Return the measurement with its holes filled by Telea's method."""
        known = self.visible > 0.5
        clean = torch.where(known.unsqueeze(-1), y / self.h.clamp_min(0.5).to(y), 0.0)
        return torch.stack([telea(frame, known[i % len(known)].to(y.device)) for i, frame in enumerate(clean)])


def random_visible(size: VideoSize, share: float, seed: int, each_frame: bool = False) -> torch.Tensor:
    """Return a random mask ``[1 or F, H, W]`` of independent pixels, 1 = known.

    Args:
        size: of the clip.
        share: of the pixels that are unknown, in 0...1.
        seed: of the random numbers.
        each_frame: one mask a frame; otherwise one for the clip.

    Raises:
        InputError: a share outside 0...1, or of 1.
    """
    if not 0 <= share < 1:
        raise InputError("missing", f"{share}", "Give a share of the pixels from 0 to below 1.")
    frames, height, width = size
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(frames if each_frame else 1, height, width, generator=generator) >= share).float()
