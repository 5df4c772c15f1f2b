"""Metrics of videos and masks."""

from .consistency import measurement_lpips, measurement_psnr, measurement_ssim, per_frame
from .cycle import CycleConsistency, cycle_consistency
from .frame_features import FrameFeatures, frame_features
from .image import DistanceMap, Metric, hole_coverage, masked_lpips, masked_psnr, masked_ssim
from .lpips import Lpips, read_lpips
from .multi_view import MultiView, multi_view_consistency
from .patch_features import PatchFeatures
from .poses import PoseErrors, align, path_errors, pose_errors
from .regions import by_region, psnr_gain, seam_band, seam_psnr
from .temporal import flicker, motion_ratio, temporal_change
from .vbench import feature_distance, frame_consistency, motion_smoothness, temporal_flickering

__all__ = [
    "CycleConsistency",
    "DistanceMap",
    "FrameFeatures",
    "Lpips",
    "Metric",
    "MultiView",
    "PatchFeatures",
    "PoseErrors",
    "align",
    "by_region",
    "cycle_consistency",
    "feature_distance",
    "flicker",
    "frame_consistency",
    "frame_features",
    "hole_coverage",
    "masked_lpips",
    "masked_psnr",
    "masked_ssim",
    "measurement_lpips",
    "measurement_psnr",
    "measurement_ssim",
    "motion_ratio",
    "motion_smoothness",
    "multi_view_consistency",
    "path_errors",
    "per_frame",
    "pose_errors",
    "psnr_gain",
    "read_lpips",
    "seam_band",
    "seam_psnr",
    "temporal_change",
    "temporal_flickering",
]
