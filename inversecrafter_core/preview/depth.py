"""Depth made visible: inverse depth, one scale for the whole clip, near is bright."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import torch

Style = Literal["grey", "colour"]


def depth_preview(depth: torch.Tensor, valid: torch.Tensor | None = None, style: Style = "grey") -> torch.Tensor:
    """``depth [F, H, W]`` to ``[F, H, W, 3]`` in 0...1; invalid pixels are black. ``colour`` is OpenCV's Inferno."""
    inverse = depth.float().reciprocal()
    known = inverse if valid is None or not bool(valid.any()) else inverse[valid]
    known = known.flatten()[:: max(1, known.numel() // 1_000_000)]
    low, high = float(torch.quantile(known, 0.002)), float(torch.quantile(known, 0.998))
    grey = ((inverse - low) / max(high - low, 1e-12)).clamp(0, 1)
    if style == "colour":
        levels = (grey * 255).round().byte().cpu().numpy()
        frames = [cv2.cvtColor(cv2.applyColorMap(level, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB) for level in levels]
        image = torch.from_numpy(np.stack(frames)).float().to(depth.device) / 255
    else:
        image = grey[..., None].repeat(1, 1, 1, 3)
    return image if valid is None else image * valid[..., None]
