"""The preview of depth: inverse depth on one scale for the clip, near is bright."""

from __future__ import annotations

from enum import StrEnum

import cv2
import numpy as np
import torch

from ..errors import require_choice


class DepthStyle(StrEnum):
    """Style of a depth preview; ``colour`` is OpenCV's Inferno."""

    COLOUR = "colour"
    GREY = "grey"


def depth_preview(depth: torch.Tensor, valid: torch.Tensor | None = None, style: DepthStyle = DepthStyle.GREY) -> torch.Tensor:
    """Return a picture ``[F, H, W, 3]`` in 0...1 of ``depth [F, H, W]``; pixels that are not ``valid`` are black.

    Raises:
        InputError: an unknown style.
    """
    style = require_choice("preview", style, DepthStyle)
    inverse = depth.float().reciprocal()
    known = inverse if valid is None or not bool(valid.any()) else inverse[valid]
    known = known.flatten()[:: max(1, known.numel() // 1_000_000)]
    low, high = float(torch.quantile(known, 0.002)), float(torch.quantile(known, 0.998))
    grey = ((inverse - low) / max(high - low, 1e-12)).clamp(0, 1)
    if style == DepthStyle.COLOUR:
        levels = (grey * 255).round().byte().cpu().numpy()
        frames = [cv2.cvtColor(cv2.applyColorMap(level, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB) for level in levels]
        image = torch.from_numpy(np.stack(frames)).float().to(depth.device) / 255
    else:
        image = grey[..., None].repeat(1, 1, 1, 3)
    return image if valid is None else image * valid[..., None]
