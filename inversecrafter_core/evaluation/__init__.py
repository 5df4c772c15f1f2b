"""Metrics of videos and masks."""

from .consistency import measurement_lpips, measurement_psnr, measurement_ssim, per_frame
from .image import DistanceMap, Metric, hole_coverage, masked_lpips, masked_psnr, masked_ssim
from .lpips import Lpips, read_lpips
from .patch_features import PatchFeatures
from .regions import by_region, psnr_gain, seam_band, seam_psnr
from .temporal import flicker, motion_ratio, temporal_change
from .vbench import feature_distance, motion_smoothness, subject_consistency, temporal_flickering

__all__ = [
    "DistanceMap",
    "Lpips",
    "Metric",
    "PatchFeatures",
    "by_region",
    "feature_distance",
    "flicker",
    "hole_coverage",
    "masked_lpips",
    "masked_psnr",
    "masked_ssim",
    "measurement_lpips",
    "measurement_psnr",
    "measurement_ssim",
    "motion_ratio",
    "motion_smoothness",
    "per_frame",
    "psnr_gain",
    "read_lpips",
    "seam_band",
    "seam_psnr",
    "subject_consistency",
    "temporal_change",
    "temporal_flickering",
]
