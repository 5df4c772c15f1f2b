"""Depth-edge cleanup: no rubber sheets between foreground and background.

An estimated depth does not jump at an outline; it slides over it within a few pixels, and the pixels on that slide hang in
the air between two surfaces. Seen from the side they are a stretched skin. They are told by a steep slope on *both* sides
in the same direction; a pixel beside a clean jump has the slope on one side only and stays.
"""

from __future__ import annotations

import torch


def depth_edges(depth: torch.Tensor, threshold: float = 0.08, radius: int = 2) -> torch.Tensor:
    """Where a depth map slides from one surface to another.

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
    steeper = depth * (1 + threshold)
    for axis in (-2, -1):
        length = depth.shape[axis] - radius
        if length <= radius:
            continue
        rising = depth.narrow(axis, radius, length) > steeper.narrow(axis, 0, length)
        falling = depth.narrow(axis, 0, length) > steeper.narrow(axis, radius, length)
        middle = length - radius
        slide = rising.narrow(axis, 0, middle) & rising.narrow(axis, radius, middle)
        slide |= falling.narrow(axis, 0, middle) & falling.narrow(axis, radius, middle)
        sheet.narrow(axis, radius, middle).logical_or_(slide)
    return sheet
