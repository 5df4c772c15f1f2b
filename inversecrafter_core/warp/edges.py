"""Depth-edge cleanup: no rubber sheets between foreground and background.

An estimated depth does not jump at an outline; it slides over it within a few pixels, and the pixels on that slide hang in
the air between two surfaces. Seen from the side they are a stretched skin. They have a steep slope on *both* sides in the same
direction; a pixel beside a clean jump has the slope on one side only and stays. Ground seen at a grazing angle is as steep; but
disparity (1/z) is linear over the picture of any plane, so a pixel that continues the line of the pixels before it, or of those
after it, stands on a surface, whatever its slant.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

ON_LINE = 0.15
"""Share of the last step in disparity by which a pixel of a surface may miss the line of the pixels before it. A pixel of a
slide, linear in depth or in disparity and up to ``2 radius - 1`` pixels wide, misses both lines by more."""
BESIDE_JUMP = 0.2
"""On a strip of a surface, too narrow for that, a clean jump is near: the line of the very next pixels counts where its steps
are at most this share of the largest step near. On a slide all steps are alike, or they curve."""
LEVEL = 0.05
"""A step this small beside a large one is no part of a slide at all."""


USUAL_SIDE = 480
"""Short side in pixels up to which the radius of a :class:`Cleanup` is meant."""


class Cleanup(NamedTuple):
    """Settings of :func:`depth_edges`. A threshold of 0 finds none.

    ``radius`` is in pixels of a picture up to :data:`USUAL_SIDE` on its short side. In a larger one it grows with the size,
    because the grid of a depth network, which smears an outline, grows with it.
    """

    threshold: float = 0.08
    radius: int = 2

    def edges(self, depth: torch.Tensor) -> torch.Tensor:
        """Return :func:`depth_edges` of ``[..., H, W]``."""
        return depth_edges(depth, self.threshold, round(self.radius * max(1.0, min(depth.shape[-2:]) / USUAL_SIDE)))


def depth_edges(depth: torch.Tensor, threshold: float = 0.08, radius: int = 2) -> torch.Tensor:
    """Find where a depth map slides from one surface to another.

    Args:
        depth: ``[..., H, W]`` planar z, positive.
        threshold: relative depth change over ``radius`` pixels, on both sides, that counts as a slide. 0 finds none.
        radius: pixels; about half the width of the widest slide to be found.

    Returns:
        bool, same shape: True where the pixel belongs to neither surface.
    """
    sheet = torch.zeros_like(depth, dtype=torch.bool)
    if threshold <= 0 or radius < 1:
        return sheet
    depth = depth.contiguous()
    steeper = depth * (1 + threshold)
    for axis in (-2, -1):
        length = depth.shape[axis] - radius
        if length <= radius:
            continue
        rising = depth.narrow(axis, radius, length) > steeper.narrow(axis, 0, length)
        falling = depth.narrow(axis, 0, length) > steeper.narrow(axis, radius, length)
        middle = length - radius
        slide = torch.zeros_like(sheet)
        steep = rising.narrow(axis, 0, middle) & rising.narrow(axis, radius, middle)
        steep |= falling.narrow(axis, 0, middle) & falling.narrow(axis, radius, middle)
        slide.narrow(axis, radius, middle).copy_(steep)
        found = slide.flatten().nonzero().flatten()
        sheet.view(-1)[found[~_on_surface(depth, found, axis, radius)]] = True
    return sheet


def _on_surface(depth: torch.Tensor, pixels: torch.Tensor, axis: int, radius: int) -> torch.Tensor:
    """Return ``[N]`` bool: the ``pixels`` (flat indices, ``radius`` or more from both ends of ``axis``) on a surface."""
    stride, length, flat = depth.stride(axis), depth.shape[axis], depth.view(-1)
    place = pixels // stride % length
    there = {step: (place + step).clamp(0, length - 1) for step in range(-2 * radius, 2 * radius + 1)}
    around = {step: flat[pixels + (at - place) * stride].reciprocal() for step, at in there.items()}
    here = around[0]
    jump = torch.stack([(around[step + 1] - around[step]).abs() for step in range(-radius - 1, radius + 1)]).amax(0)
    found = torch.zeros_like(pixels, dtype=torch.bool)
    for step, most in ((-radius, math.inf), (radius, math.inf), (-1, BESIDE_JUMP), (1, BESIDE_JUMP)):
        rise = (around[step] - here).abs()
        on_line = (2 * around[step] - around[2 * step] - here).abs() <= ON_LINE * rise
        found |= on_line & (there[2 * step] == place + 2 * step) & (rise <= most * jump)
    return found | (torch.minimum(*((around[step] - here).abs() for step in (-1, 1))) <= LEVEL * jump)
