"""Depth errors on exact depth, seeded: noise, wrong scale, bled outlines.

Depth is ``[F, H, W]`` planar z. All errors are relative. What an estimator gets wrong is smooth in space, and some of it stays
while some of it flickers, so the noise is blurred (:data:`CORRELATION` pixels) and half of its variance is one field for all
frames, the other half a new field for every frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from kornia.filters import gaussian_blur2d

CORRELATION = 6.0
"""Standard deviation in pixels of the blur that makes noise smooth; about a twentieth of the picture's height."""
CONSTANT = 0.5
"""Share of the noise's variance that is the same in all frames."""
OUTLINE = 0.08
"""Relative change of depth between neighbours that is an outline."""


def blur(maps: torch.Tensor, sigma: float) -> torch.Tensor:
    """Return ``[F, H, W]`` blurred by a Gaussian of three deviations each way, edges repeated."""
    side = 2 * max(1, round(3 * sigma)) + 1
    return gaussian_blur2d(maps[:, None], (side, side), (sigma, sigma), "replicate")[:, 0]


def smooth_noise(shape: Sequence[int], seed: int) -> torch.Tensor:
    """``shape`` (frames, height, width), mean 0 and deviation 1: :data:`CONSTANT` of its variance common to all frames."""
    frames, height, width = shape
    generator = torch.Generator().manual_seed(seed)
    fields = blur(torch.randn(1 + frames, height, width, generator=generator), CORRELATION)
    fields = fields / fields.flatten(1).std(1).view(-1, 1, 1)
    return CONSTANT**0.5 * fields[:1] + (1 - CONSTANT) ** 0.5 * fields[1:]


def outlines(depth: torch.Tensor) -> torch.Tensor:
    """Return ``[F, H, W]`` float, 1 on both sides of every jump."""
    edge = torch.zeros_like(depth)
    for axis in (1, 2):
        length = depth.shape[axis] - 1
        first, second = depth.narrow(axis, 0, length), depth.narrow(axis, 1, length)
        jump = (torch.maximum(first, second) > (1 + OUTLINE) * torch.minimum(first, second)).float()
        for start in (0, 1):
            part = edge.narrow(axis, start, length)
            part.copy_(torch.maximum(part, jump))
    return edge


@dataclass(frozen=True)
class Damage:
    """An error of depth: ``damage(depth, seed)``.

    Attributes:
        noise: relative standard deviation of :func:`smooth_noise`, in the logarithm.
        scale: what all depths are multiplied with.
        bleed: pixels (standard deviation) over which disparity slides across outlines; 0 leaves them sharp.
    """

    noise: float = 0.0
    scale: float = 1.0
    bleed: float = 0.0

    def __call__(self, depth: torch.Tensor, seed: int) -> torch.Tensor:
        """Return ``depth [F, H, W]`` damaged; a new tensor."""
        damaged = depth
        if self.bleed > 0:
            # Nothing but a band around outlines is blurred: textures of one surface keep their depth.
            width = 2 * round(2 * self.bleed) + 1
            near = blur(F.max_pool2d(outlines(depth)[:, None], width, 1, width // 2)[:, 0], 1.0)
            damaged = 1 / torch.lerp(1 / depth, blur(1 / depth, self.bleed), near)
        if self.noise > 0:
            damaged = damaged * torch.exp(self.noise * smooth_noise(depth.shape, seed))
        return damaged * self.scale


NONE = Damage()
