"""A running average over the frames of a clip that restarts where something moves.

Per pixel, ``m_t = m_{t-1} + (x_t - m_{t-1}) / n_t``. ``n_t`` grows by one each frame, up to ``MEMORY``, where the neighbourhood
of the pixel is unchanged, and falls to one where it changes, so that the new value replaces the average. Unchanged means a root
mean square difference below ``TOLERANCE``, which is above sensor noise and below motion.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

MEMORY = 16.0  # frames
TOLERANCE = 0.03  # of colours in 0...1
REACH = 2  # pixels around, for the comparison


class SteadyPicture:
    """The running average of one clip's pictures, updated frame by frame."""

    def __init__(self) -> None:
        self.mean: torch.Tensor | None = None
        self.count: torch.Tensor | None = None

    def add(self, frame: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Add ``frame [H, W, 3]``; return the average ``[H, W, 3]`` and the frame's share in it, ``1 / n [H, W]``."""
        if self.mean is None or self.count is None:
            self.mean, self.count = frame.clone(), torch.ones_like(frame[..., 0])
            return self.mean.clone(), torch.ones_like(self.count)
        change = (frame - self.mean).square().mean(-1)
        window = min(REACH, min(change.shape) - 1)
        near = F.avg_pool2d(F.pad(change[None, None], (window,) * 4, mode="replicate"), 2 * window + 1, 1)[0, 0]
        still = torch.exp(-((near / TOLERANCE**2) ** 2))
        self.count = (still * self.count + 1).clamp(max=MEMORY)
        share = 1 / self.count
        self.mean = self.mean + share[..., None] * (frame - self.mean)
        return self.mean.clone(), share


class SteadyMap:
    """The running average of a map of the pictures, with the pictures' shares."""

    def __init__(self) -> None:
        self.mean: torch.Tensor | None = None

    def add(self, values: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
        """Add ``values [h, w]`` with ``share [h, w]`` (1 = the new value alone); return the average ``[h, w]``."""
        self.mean = values if self.mean is None else self.mean + share * (values - self.mean)
        return self.mean
