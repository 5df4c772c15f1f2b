"""Depth without a model: a ground plane that rises to the horizon, and a wall behind it.

It looks at no pixel. It is what remains when no depth model is installed, so that a workflow still runs: parallax is
plausible for landscapes and streets seen from standing height and wrong for everything that stands up (people are sheared at
their feet), indoors from above, and for close-ups. It has no edges, so it tears no holes inside the picture, and it does not
flicker.
"""

from __future__ import annotations

import torch

from ...errors import InputError
from ...progress import Progress
from ..protocol import Kind, RawDepth, batches

PRIOR_NAME = "vertical-gradient prior (no model)"


class VerticalGradientPrior:
    """The estimator that needs nothing: inverse depth grows linearly from the horizon to the bottom edge.

    Args:
        horizon: height of the horizon from the top, as a part of the picture, in 0...1 (exclusive).
        far_ratio: depth of the wall over depth of the bottom edge, above 1. Mild on purpose: a wrong depth does less harm so.
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
        """The same map for every frame of ``video [F, H, W, 3]``; nearest depth 1, wall at ``far_ratio``."""
        for _ in batches(video, batch_size, progress):
            pass
        frames, height, width = video.shape[:3]
        row = (torch.arange(height, dtype=torch.float32) + 0.5) / height
        ground = ((row - self.horizon) / (1 - self.horizon)).clamp(0, 1)
        inverse = 1 / self.far_ratio + (1 - 1 / self.far_ratio) * ground
        values = (1 / inverse)[None, :, None].expand(frames, height, width).contiguous()
        return RawDepth(values, self.kind, source=self.name)
