"""Depth-edge cleanup: detection of the pixels that hang between foreground and background.

An estimated depth is not discontinuous at an outline: it slides from one surface to the other within a few pixels, and the
pixels of the slide belong to neither. From another view they look like a stretched skin. Their slope is steep on *both* sides
in the same direction, while a pixel at a clean jump is steep on one side only and is kept. Ground at a grazing angle is as
steep, but disparity (1/z) is linear in the picture of any plane. So a pixel that continues the line of the pixels before it,
or of those after it, belongs to a surface, whatever its slant.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

ON_LINE = 0.15
"""Share of the last step in disparity by which a pixel of a surface may deviate from the line of the pixels before it. A pixel
of a slide, linear in depth or in disparity and up to ``2 radius - 1`` pixels wide, deviates from both lines by more."""
NEAR_JUMP = 0.2
"""For a strip of a surface that is too narrow for that, the line of the adjacent pixels counts if its steps are at most this
share of the largest step nearby. On a slide all steps are similar, or the line is curved."""
LEVEL = 0.05
"""Step, as a share of the largest step nearby, below which a pixel is not part of a slide."""


USUAL_SIDE = 480
"""Short side of a picture, in pixels, above which the radius of a :class:`Cleanup` is scaled up."""


class Cleanup(NamedTuple):
    """Settings of :func:`depth_edges`; a threshold of 0 turns it off.

    ``radius`` is in pixels, for pictures of up to :data:`USUAL_SIDE` on the short side. It grows with larger pictures, as the
    width over which a depth network blurs outlines does.
    """

    threshold: float = 0.08
    radius: int = 2

    def edges(self, depth: torch.Tensor) -> torch.Tensor:
        """Return :func:`depth_edges` of ``[..., H, W]``."""
        return depth_edges(depth, self.threshold, round(self.radius * max(1.0, min(depth.shape[-2:]) / USUAL_SIDE)))


def depth_edges(depth: torch.Tensor, threshold: float = 0.08, radius: int = 2) -> torch.Tensor:
    """Find the pixels at which a depth map slides from one surface to another.

    Args:
        depth: ``[..., H, W]`` planar z, positive.
        threshold: relative depth change over ``radius`` pixels, on both sides, that counts as a slide; 0 finds none.
        radius: pixels; about half the width of the widest slide to be found.

    Returns:
        bool, same shape: True for pixels that belong to neither surface.
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
    """Return ``[N]`` bool: which ``pixels`` (flat indices, ``radius`` or more from both ends of ``axis``) are on a surface."""
    stride, length, flat = depth.stride(axis), depth.shape[axis], depth.view(-1)
    place = pixels // stride % length
    there = {step: (place + step).clamp(0, length - 1) for step in range(-2 * radius, 2 * radius + 1)}
    around = {step: flat[pixels + (at - place) * stride].reciprocal() for step, at in there.items()}
    here = around[0]
    jump = torch.stack([(around[step + 1] - around[step]).abs() for step in range(-radius - 1, radius + 1)]).amax(0)
    found = torch.zeros_like(pixels, dtype=torch.bool)
    for step, most in ((-radius, math.inf), (radius, math.inf), (-1, NEAR_JUMP), (1, NEAR_JUMP)):
        rise = (around[step] - here).abs()
        on_line = (2 * around[step] - around[2 * step] - here).abs() <= ON_LINE * rise
        found |= on_line & (there[2 * step] == place + 2 * step) & (rise <= most * jump)
    return found | (torch.minimum(*((around[step] - here).abs() for step in (-1, 1))) <= LEVEL * jump)
