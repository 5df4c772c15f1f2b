"""Measurement consistency of InverseCrafter's Table 1 (appendix B.2): frame by frame against the warp, without holes.

A metric is computed on the kept pixels of every frame and averaged over the frames that have any, with equal weights.
Identical frames count as :data:`MOST_DB`, as in the evaluation code that the paper names
(common_metrics_on_video_quality). The other code it names (PnPInversion) blackens hidden pixels in both pictures and averages
over all, which adds ``-10 log10`` of the kept share to PSNR; the paper's words are "excluding the masked region", as here.

Videos are ``[F, H, W, 3]`` float in 0...1, ``visible`` is ``[F, H, W]`` with 1 = counted.
"""

from __future__ import annotations

from functools import partial

import torch

from .image import DistanceMap, Metric, as_pair, masked_lpips, masked_psnr, masked_ssim

MOST_DB = 100.0


def per_frame(
    metric: Metric, result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor | None = None
) -> list[float]:
    """Return a masked metric of each frame that has a kept pixel, in order."""
    result, reference, visible = as_pair(result, reference, visible)
    kept = [t for t in range(len(result)) if bool((visible[t] > 0).any())]
    return [metric(result[t : t + 1], reference[t : t + 1], visible[t : t + 1]) for t in kept]


def measurement_psnr(result: torch.Tensor, warp: torch.Tensor, visible: torch.Tensor | None = None) -> float:
    """Return the mean over frames of the PSNR in dB on kept pixels, each at most :data:`MOST_DB`."""
    return _mean([min(value, MOST_DB) for value in per_frame(masked_psnr, result, warp, visible)])


def measurement_ssim(result: torch.Tensor, warp: torch.Tensor, visible: torch.Tensor | None = None) -> float:
    """Return the mean over frames of the mean SSIM on kept pixels, in -1...1."""
    return _mean(per_frame(masked_ssim, result, warp, visible))


def measurement_lpips(
    result: torch.Tensor, warp: torch.Tensor, visible: torch.Tensor | None = None, *, distance: DistanceMap
) -> float:
    """Return the mean over frames of the mean LPIPS on kept pixels; the paper's ``distance`` is spatial LPIPS (VGG)."""
    return _mean(per_frame(partial(masked_lpips, distance=distance), result, warp, visible))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
