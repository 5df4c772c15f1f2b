"""Depth without a model: a ground plane up to the horizon, and a wall behind it.

It does not depend on the pixels, and lets a workflow run without a depth model. Its parallax is plausible for landscapes and
streets seen from standing height, and wrong for upright things (people are sheared at their feet), for rooms from above, and
for close-ups. It has no edges, so a warp has no holes inside the picture, and no flicker.
"""

from __future__ import annotations

import torch

from ...errors import InputError
from ...progress import Progress
from ..protocol import Kind, RawDepth, batches

PRIOR_NAME = "vertical-gradient prior (no model)"


class VerticalGradientPrior:
    """The estimator without a model: inverse depth grows linearly from the horizon to the bottom edge.

    Args:
        horizon: distance of the horizon from the top, as a share of the height, in 0...1 (exclusive).
        far_ratio: depth of the wall over that of the bottom edge, above 1; small, because the depth is a guess.
    """

    name = PRIOR_NAME
    kind: Kind = "relative_depth"

    def __init__(self, horizon: float = 0.4, far_ratio: float = 4.0):
        if not 0 < horizon < 1:
            raise InputError("horizon", f"{horizon}", "Give a part of the height between 0 and 1.")
        if far_ratio <= 1:
            raise InputError("far_ratio", f"{far_ratio}", "The wall must be farther than the ground: give more than 1.")
        self.horizon, self.far_ratio = horizon, far_ratio

    def estimate(self, video: torch.Tensor, batch_size: int = 16, progress: Progress | None = None) -> RawDepth:
        """Return the same map for every frame of ``video [F, H, W, 3]``; the nearest depth is 1, the wall's ``far_ratio``."""
        for _ in batches(video, batch_size, progress):
            pass
        frames, height, width = video.shape[:3]
        row = (torch.arange(height, dtype=torch.float32) + 0.5) / height
        ground = ((row - self.horizon) / (1 - self.horizon)).clamp(0, 1)
        inverse = 1 / self.far_ratio + (1 - 1 / self.far_ratio) * ground
        values = (1 / inverse)[None, :, None].expand(frames, height, width).contiguous()
        return RawDepth(values, self.kind, source=self.name)
