"""The composite in pixels: the source's own pixels where they are known, with a soft seam.

It removes the VAE's blur and colour shift from known pixels. It also hides any other error there, so :mod:`drift` reports
whether it was used.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from ..errors import InputError
from ..evaluation.image import as_pair
from .drift import kept_pixels


def composite(result: torch.Tensor, source: torch.Tensor, visible: torch.Tensor, seam: int = 8) -> torch.Tensor:
    """Return ``source`` where it is wholly known, ``result`` in the holes, and a blend over ``seam`` pixels of the known side.

    Args:
        result, source: ``[F, H, W, 3]`` in 0...1.
        visible: ``[F, H, W]`` in 0...1, 1 = known.
        seam: pixels; 0 for a hard edge.

    Raises:
        InputError: clips of different sizes, no known pixel, or a negative seam.
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
