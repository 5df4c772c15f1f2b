"""Intrinsics: 3x3 pinhole matrices in pixels of one image size, pixel centres at +0.5 (the image centre is W/2, H/2)."""

from __future__ import annotations

import math
from typing import Literal

import torch

from ..errors import InputError


def intrinsics_from_focal(focal: float, height: int, width: int, centre: tuple[float, float] | None = None) -> torch.Tensor:
    """``[3, 3]`` float32 from a focal length in pixels; ``centre`` is ``(cx, cy)`` in pixels, the image centre by default."""
    if not math.isfinite(focal) or focal <= 0:
        raise InputError("focal length", f"{focal} px", "Give a positive number of pixels.")
    x, y = centre if centre is not None else (width / 2, height / 2)
    return torch.tensor([[focal, 0.0, x], [0.0, focal, y], [0.0, 0.0, 1.0]])


def intrinsics_from_fov(
    fov: float, height: int, width: int, axis: Literal["horizontal", "vertical", "diagonal"] = "horizontal"
) -> torch.Tensor:
    """``[3, 3]`` from a field of view in radians, measured along ``axis``."""
    if not 0 < fov < math.pi:
        raise InputError("field of view", f"{math.degrees(fov):.4g} degrees", "Keep it between 0 and 180 degrees.")
    extent = {"horizontal": width, "vertical": height, "diagonal": math.hypot(width, height)}[axis]
    return intrinsics_from_focal(extent / 2 / math.tan(fov / 2), height, width)


def field_of_view(intrinsics: torch.Tensor, width: int) -> float:
    """The horizontal field of view in radians of ``[3, 3]`` intrinsics whose image is ``width`` pixels wide."""
    focal, centre = float(intrinsics[0, 0]), float(intrinsics[0, 2])
    return math.atan(centre / focal) + math.atan((width - centre) / focal)
