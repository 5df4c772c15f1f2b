"""Training loss of the VAE: every frame of a group alike, edges and detail, no thing seen twice."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from lab.metrics.vae import GROUP, POSITIONS, by_position, positions

ROUNDING = 1e-2  # of the Charbonnier loss, in the units of a video in -1…1
DETAIL_WEIGHT, DETAIL_LEVELS = 1.0, 3
MOTION_WEIGHT, FULL_MOTION = 2.0, 0.5
MEMORY, FAVOUR = 0.98, (0.5, 2.0)


def charbonnier(error: torch.Tensor) -> torch.Tensor:
    """Return a rounded absolute value: smooth at 0, with the sharp edges of L1 (Charbonnier et al. 1994)."""
    return (error.square() + ROUNDING**2).sqrt() - ROUNDING


def haar_detail(error: torch.Tensor) -> torch.Tensor:
    """Return the mean absolute Haar detail ``[F]`` of ``[B, C, F, H, W]`` over three octaves; sides are multiples of 8."""
    total = torch.zeros(error.shape[2])
    for _ in range(DETAIL_LEVELS):
        left, right = error[..., ::2], error[..., 1::2]
        low, high = (left + right) / 2, (left - right) / 2
        detail = high.abs().mean((0, 1, 3, 4)) + (low[..., ::2, :] - low[..., 1::2, :]).abs().mean((0, 1, 3, 4)) / 2
        total, error = total + detail, (low[..., ::2, :] + low[..., 1::2, :]) / 2
    return total


def liveliness(video: torch.Tensor) -> torch.Tensor:
    """``[B, 3, F, H, W]`` in -1…1 to ``[B, 1, F, H, W]`` in 0…1: how much a pixel changes within its group and the last frame
    before it. There a thing can be seen where it is at another moment.
    """
    grey = video.mean(1, keepdim=True)
    if video.shape[2] == 1:
        return torch.zeros_like(grey)
    spans = [grey[:, :, first : first + GROUP + 1] for first in range(0, video.shape[2] - 1, GROUP)]
    live = [(span.amax(2) - span.amin(2)).div(FULL_MOTION).clamp(max=1) for span in spans]
    return torch.stack([live[max(0, frame - 1) // GROUP] for frame in range(video.shape[2])], 2)


class PositionFavour:
    """Weights of the five positions by their mean squared errors so far: the worse one in a group, the more it counts."""

    def __init__(self, errors: torch.Tensor | None = None):
        self.errors = torch.ones(POSITIONS) if errors is None else errors

    def note(self, errors: torch.Tensor) -> None:
        """``[5]`` of one step, NaN where a position was not in it."""
        seen = errors.isfinite()
        self.errors = torch.where(seen, MEMORY * self.errors + (1 - MEMORY) * errors.nan_to_num(), self.errors)

    def weights(self, frames: int) -> torch.Tensor:
        """Return the weights ``[frames]``, of mean 1."""
        favour = (self.errors / self.errors[1:].mean()).clamp(*FAVOUR)
        favour[0] = 1
        of_frames = favour[positions(frames)]
        return of_frames / of_frames.mean()


def pixel_loss(decoded: torch.Tensor, video: torch.Tensor, favour: PositionFavour) -> torch.Tensor:
    """Charbonnier and detail of ``decoded [B, 3, F, H, W]`` against ``video`` in -1…1; ``favour`` takes note of the errors."""
    error = decoded.float() - video
    live = 1 + MOTION_WEIGHT * liveliness(video)
    error_of_frames = (charbonnier(error) * (live / live.mean())).mean((0, 1, 3, 4))
    favour.note(by_position(error.detach().square().mean((0, 1, 3, 4))))
    return (favour.weights(video.shape[2]) * (error_of_frames + DETAIL_WEIGHT * haar_detail(error))).mean()


def some_frames(count: int, *clips: torch.Tensor) -> list[torch.Tensor]:
    """Return ``count`` random frames of every clip ``[B, 3, F, H, W]`` in -1…1 as pictures ``[B count, 3, H, W]`` in 0…1."""
    chosen = torch.randperm(clips[0].shape[2])[:count]
    return [F.hardtanh(clip[:, :, chosen].float()).movedim(2, 1).flatten(0, 1) / 2 + 0.5 for clip in clips]
