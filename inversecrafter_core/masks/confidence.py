"""A confidence per warped pixel becomes part of a latent mask: doubtful evidence pulls softly.

The proximal step weighs evidence by ``gamma h^2``; ``h`` times a confidence of one half pulls with a quarter of the weight. A
confidence ``c`` stands for an expected squared error in proportion to ``1 / c - 1``. Those are averaged over a cell, not ``c``
itself, so that a few pixels that are far off count for what they do to the cell: this is the harmonic mean.
"""

from __future__ import annotations

import torch

from ..errors import InputError
from .causal import area

LEAST_SHARE = 1e-3
"""A cell with less of it visible than this has no confidence of its own."""
LEAST = 1e-3
"""No doubt is larger than this confidence's."""


def trusted(h: torch.Tensor, confidence: torch.Tensor, visible: torch.Tensor, spatial: int = 8) -> torch.Tensor:
    """``h`` times the harmonic mean of the confidence of the visible pixels of each cell's group of frames.

    Holes have no say: ``h`` knows of them already. So a confidence of 1 on all that is visible changes nothing.

    Args:
        h: ``[B, C, T', H', W']`` in 0...1, 1 = known.
        confidence: ``[F, H, W]`` in 0...1, 1 = sure.
        visible: ``[F, H, W]`` in 0...1, 1 = known.
        spatial: pixels along one side of a latent cell.

    Raises:
        InputError: the confidence is not of the mask's frames and size, or leaves 0...1.
    """
    if confidence.shape != visible.shape:
        raise InputError(
            "confidence",
            f"{tuple(confidence.shape)} for holes of {tuple(visible.shape)} (frames, height, width)",
            "Take both from the same Warp Video.",
        )
    low, high = float(confidence.min()), float(confidence.max())
    if not (low >= 0 and high <= 1):
        raise InputError("confidence", f"values from {low:.3g} to {high:.3g}", "Keep it within 0...1; 1 = sure.")
    share = area(visible, spatial)
    doubt = area((1 / confidence.clamp_min(LEAST) - 1) * visible, spatial) / share.clamp_min(LEAST_SHARE)
    return h * torch.where(share < LEAST_SHARE, 1.0, 1 / (1 + doubt)).to(h)
