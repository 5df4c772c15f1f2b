"""Cycle consistency: a clip re-rendered along a path, and from there back, against the clip itself.

What a re-rendering loses or invents does not come back. :func:`..warp.return_trip` gives the way back.
Videos are ``[F, H, W, 3]`` float in 0...1.
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from .consistency import measurement_lpips, measurement_psnr
from .frame_features import FrameFeatures
from .image import DistanceMap, as_pair
from .vbench import feature_distance


class CycleConsistency(NamedTuple):
    """Agreement of a clip with itself after the way there and back.

    ``psnr_db``: higher is better, :data:`.consistency.MOST_DB` at most. ``lpips``: 0 = the same; None without a network.
    ``similarity``: mean cosine of the frames' features, 1 = the same content; None without features.
    """

    psnr_db: float
    lpips: float | None = None
    similarity: float | None = None


def cycle_consistency(
    source: torch.Tensor,
    returned: torch.Tensor,
    visible: torch.Tensor | None = None,
    *,
    distance: DistanceMap | None = None,
    features: FrameFeatures | None = None,
) -> CycleConsistency:
    """Return the agreement of a clip with what came back.

    Args:
        source: ``[F, H, W, 3]``, the clip.
        returned: ``[F, H, W, 3]``, the clip re-rendered twice.
        visible: ``[F, H, W]``, 1 = counted by PSNR and LPIPS; None for all pixels. Features see whole frames.
        distance: spatial LPIPS.
        features: one vector a frame.

    Raises:
        InputError: counts or sizes that differ, or nothing visible.
    """
    returned, source, visible = as_pair(returned, source, visible)
    return CycleConsistency(
        measurement_psnr(returned, source, visible),
        None if distance is None else measurement_lpips(returned, source, visible, distance=distance),
        None if features is None else 1 - feature_distance(features(returned), features(source)),
    )
