"""The final composite in pixels: the source's own pixels where nothing was to change, with a soft seam.

For the case that the VAE alone shifts colours or blurs: what was to stay is then as sharp as it was. What it hides is any error
outside the mask, so it is never the default, and :mod:`drift` says that it was used.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from ..errors import InputError
from ..evaluation.image import as_pair
from .drift import kept_pixels


def composite(result: torch.Tensor, source: torch.Tensor, visible: torch.Tensor, seam: int = 8) -> torch.Tensor:
    """``source`` where it is wholly known, ``result`` in the holes, and a blend over ``seam`` pixels on the known side.

    Args:
        result, source: ``[F, H, W, 3]`` in 0...1.
        visible: ``[F, H, W]`` in 0...1, 1 = known.
        seam: pixels; 0 for a hard edge.

    Raises:
        InputError: clips that do not belong together, nothing known, or a negative seam.
    """
    if seam < 0:
        raise InputError("seam", f"{seam}", "Give a width in pixels, 0 for a hard edge.")
    result, source, kept = as_pair(result, source, kept_pixels(visible))
    share = torch.from_numpy(np.stack([_share(frame > 0.5, seam) for frame in kept.cpu().numpy()])).to(result)
    return torch.lerp(result, source, share.unsqueeze(-1))


def _share(kept: np.ndarray, seam: int) -> np.ndarray:
    """Return the source's share of each pixel: 0 in the holes, rising smoothly to 1 at ``seam`` pixels from them."""
    if seam == 0 or kept.all():
        return kept.astype(np.float32)
    away = np.clip(cv2.distanceTransform(kept.astype(np.uint8), cv2.DIST_L2, 5) / (seam + 1), 0, 1)
    return away * away * (3 - 2 * away)
