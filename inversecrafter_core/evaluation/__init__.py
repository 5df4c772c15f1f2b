"""Metrics. This room stands alone: it takes videos and masks and knows nothing of how they were made."""

from .image import DistanceMap, Metric, hole_coverage, masked_lpips, masked_psnr, masked_ssim
from .regions import by_region, psnr_gain, seam_band, seam_psnr
from .temporal import flicker, temporal_change

__all__ = [
    "DistanceMap",
    "Metric",
    "by_region",
    "flicker",
    "hole_coverage",
    "masked_lpips",
    "masked_psnr",
    "masked_ssim",
    "psnr_gain",
    "seam_band",
    "seam_psnr",
    "temporal_change",
]
