"""Metrics. This room stands alone: it takes videos and masks and knows nothing of how they were made."""

from .image import hole_coverage, masked_psnr, masked_ssim

__all__ = ["hole_coverage", "masked_psnr", "masked_ssim"]
