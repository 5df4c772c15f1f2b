"""Distance of the edges of an estimated depth map from the true ones, in pixels.

A true edge lies between two neighbours in a row or a column whose depths differ by more than a factor of 1.25 while their
disparities step by three times what they step beside them (disparity is linear on a plane, so ground at a grazing angle has no
edge). The estimate's edge is where it is steepest in that direction, up to :data:`REACH` pixels away along the row or column;
where it does not fall in that direction at all, it counts as that far off. This is the completeness part of the depth boundary
error of Koch et al., "Evaluation of CNN-based single-image depth estimation methods" (2018), along one axis at a time.
"""

from __future__ import annotations

import torch

REACH = 6
JUMP, STANDS_OUT = 1.25, 3.0


def edges_off(depth: torch.Tensor, truth: torch.Tensor) -> float:
    """Return the mean distance in pixels of the edges of ``depth [F, H, W]`` from those of ``truth``; NaN without any.

    Both are planar z, of any unit; what has no depth is very far away.
    """
    found = [_along(d, t) for d, t in ((depth, truth), (depth.mT, truth.mT))]
    return float(torch.cat(found).mean())


def _along(depth: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the distances ``[N]`` along the last axis, one for every edge that has room on both sides."""
    steps, true_steps = (1 / depth).diff(dim=-1), (1 / truth).diff(dim=-1)
    size = true_steps.abs()
    middle, beside = size[..., 1:-1], torch.maximum(size[..., :-2], size[..., 2:])
    ratio = truth.log().diff(dim=-1).abs()[..., 1:-1].exp()
    edge = torch.zeros_like(size, dtype=torch.bool)
    edge[..., 1:-1] = (ratio > JUMP) & (middle > STANDS_OUT * beside)
    edge[..., :REACH] = edge[..., -REACH:] = False
    # Nearest first, so that of two equal steps the nearer counts.
    offsets = sorted(range(-REACH, REACH + 1), key=abs)
    sign = true_steps.sign()
    nearby = torch.stack([steps.roll(-offset, -1)[edge] * sign[edge] for offset in offsets])
    steepest = nearby.max(0)
    away = torch.tensor([abs(offset) for offset in offsets], dtype=torch.float32)[steepest.indices]
    return torch.where(steepest.values > 0, away, float(REACH))
