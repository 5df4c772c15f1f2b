"""Intrinsics: 3x3 pinhole matrices in pixels of one image size, with pixel centres at +0.5 (the image centre is W/2, H/2)."""

from __future__ import annotations

import math

import torch

from ..errors import InputError


def intrinsics_from_focal(focal: float, height: int, width: int, centre: tuple[float, float] | None = None) -> torch.Tensor:
    """Return ``[3, 3]`` float32 of a focal length in pixels; ``centre`` is ``(cx, cy)`` in pixels, by default the image's.

    Raises:
        InputError: the focal length is not a positive number.
    """
    if not math.isfinite(focal) or focal <= 0:
        raise InputError("focal length", f"{focal} px", "Give a positive number of pixels.")
    x, y = centre if centre is not None else (width / 2, height / 2)
    return torch.tensor([[focal, 0.0, x], [0.0, focal, y], [0.0, 0.0, 1.0]])


def intrinsics_from_fov(fov: float, height: int, width: int) -> torch.Tensor:
    """Return ``[3, 3]`` float32 of a horizontal field of view in radians.

    Raises:
        InputError: the field of view does not lie between 0 and 180 degrees.
    """
    if not 0 < fov < math.pi:
        raise InputError("field of view", f"{math.degrees(fov):.4g} degrees", "Keep it between 0 and 180 degrees.")
    return intrinsics_from_focal(width / 2 / math.tan(fov / 2), height, width)


def field_of_view(intrinsics: torch.Tensor, width: int) -> float:
    """Return the horizontal field of view in radians of ``intrinsics [3, 3]`` for an image of ``width`` pixels."""
    focal, centre = float(intrinsics[0, 0]), float(intrinsics[0, 2])
    return math.atan(centre / focal) + math.atan((width - centre) / focal)
