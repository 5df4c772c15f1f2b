"""The baseline of ``lab.benchmarks.warp.compare``: the soft z-buffer splat of related methods, plainly in torch.

Every source point is added to the four target pixels around it, weighted bilinearly and by
``1 / exp(50 log(1+d) / max log(1+d))``, and the sum is divided by the weights; known is where the weight is above 0. It uses
``index_put_(accumulate=True)``, one call a corner, as that family of warpers does. Tuned for nothing.
"""

from __future__ import annotations

import torch

from inversecrafter_core.camera import project, unproject

SHARPNESS = 50.0


def soft_splat(
    image: torch.Tensor,
    depth: torch.Tensor,
    valid: torch.Tensor,
    intrinsics: torch.Tensor,
    target_intrinsics: torch.Tensor,
    target_camera: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Warp ``image [H, W, 3]`` with ``depth [H, W]`` from the world's origin: ``(warped [H, W, 3], visible [H, W])``."""
    height, width, channels = image.shape
    points = unproject(depth, intrinsics, torch.eye(4, device=depth.device))
    pixels, z = project(points, target_intrinsics, target_camera)
    pixels = pixels - 0.5
    lands = valid & (z > 0)
    log_depth = torch.log1p(z.clamp_min(0))
    importance = lands / torch.exp(log_depth / log_depth.max() * SHARPNESS)
    column = pixels[..., 0].clamp(-1, width)
    row = pixels[..., 1].clamp(-1, height)
    left, top = column.floor(), row.floor()
    total = torch.zeros(height + 2, width + 2, channels, device=image.device)
    weights = torch.zeros(height + 2, width + 2, device=image.device)
    for x in (left, left + 1):
        for y in (top, top + 1):
            weight = (1 - (column - x).abs()) * (1 - (row - y).abs()) * importance
            cell = ((y + 1).long().clamp(0, height + 1), (x + 1).long().clamp(0, width + 1))
            total.index_put_(cell, image * weight[..., None], accumulate=True)
            weights.index_put_(cell, weight, accumulate=True)
    total, weights = total[1:-1, 1:-1], weights[1:-1, 1:-1]
    visible = weights > 0
    return torch.where(visible[..., None], total / weights.clamp_min(1e-30)[..., None], 0.0), visible
