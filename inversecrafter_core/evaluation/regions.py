"""Quality by region: on kept pixels, in the holes, and along the seam between the two.

Videos are ``[F, H, W, 3]`` float in 0...1, ``visible`` is ``[F, H, W]`` with 1 = known. In the holes the reference must be a
true view; on kept pixels a warp is enough.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..errors import InputError
from .consistency import measurement_psnr
from .image import Metric, masked_psnr


def _near(where: torch.Tensor, width: int) -> torch.Tensor:
    """Return ``where [F, H, W]`` bool grown by ``width`` pixels along both axes, frame by frame."""
    grown = where.float()[:, None]
    grown = F.max_pool2d(grown, (2 * width + 1, 1), 1, (width, 0))
    return F.max_pool2d(grown, (1, 2 * width + 1), 1, (0, width))[:, 0] > 0


def seam_band(visible: torch.Tensor, width: int, kept_only: bool = False) -> torch.Tensor:
    """Return ``[F, H, W]``, 1 on pixels that have both a known and a hole pixel within ``width`` (in rows and columns).

    Args:
        width: pixels on each side of a hole's edge, >= 1; 8 is one latent cell of Wan 2.1.
        kept_only: leave out the side that lies in the holes.
    """
    if width < 1:
        raise InputError("seam width", f"{width}", "Use at least 1 pixel.")
    known = visible > 0.5
    band = _near(~known, width) & (known if kept_only else _near(known, width))
    return band.float()


def seam_psnr(
    result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor, width: int = 8, kept_only: bool = False
) -> float:
    """Return the PSNR in dB inside :func:`seam_band`.

    Raises:
        InputError: there is no seam, because everything is known or nothing.
    """
    band = seam_band(visible, width, kept_only)
    if not bool(band.any()):
        raise InputError("mask", "no edge between known and hole", "Give the mask of a warp that has holes.")
    return masked_psnr(result, reference, band)


def by_region(metric: Metric, result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor) -> dict[str, float]:
    """Return a masked metric of the ``whole`` clip, of ``kept`` pixels and of ``holes``, without regions that are empty."""
    known = (visible > 0.5).float()
    regions = {"whole": torch.ones_like(known), "kept": known, "holes": 1 - known}
    return {name: metric(result, reference, where) for name, where in regions.items() if bool(where.any())}


def psnr_gain(result: torch.Tensor, baseline: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor) -> dict[str, float]:
    """Return the gain in dB over ``baseline`` towards ``reference``, by region as in :func:`by_region`."""
    reached = by_region(measurement_psnr, result, reference, visible)
    before = by_region(measurement_psnr, baseline, reference, visible)
    return {name: reached[name] - before[name] for name in reached}
