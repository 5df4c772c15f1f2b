"""Continuation of pictures beyond their borders, and of clips before their first and behind their last frame."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import torch


class Border(StrEnum):
    """Continuation of a picture, or of a clip in time, beyond its border."""

    REFLECT = "reflect"
    REPLICATE = "replicate"
    CIRCULAR = "circular"


def _reflect(places: torch.Tensor, size: int) -> torch.Tensor:
    last = max(size - 1, 1)
    return (last - (places % (2 * last) - last).abs()).clamp(0, size - 1)


PLACES: dict[Border, Callable[[torch.Tensor, int], torch.Tensor]] = {
    Border.REFLECT: _reflect,
    Border.REPLICATE: lambda places, size: places.clamp(0, size - 1),
    Border.CIRCULAR: lambda places, size: places % size,
}


def continued(size: int, before: int, behind: int, border: Border) -> torch.Tensor:
    """Return the place in ``0...size - 1`` that each place of ``-before...size - 1 + behind`` takes its value from."""
    return PLACES[border](torch.arange(-before, size + behind), size)
