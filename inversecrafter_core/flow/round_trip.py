"""The round trip: flow there and flow back, which tells where either can be trusted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .remap import inside, pixel_grid, sample

CLOSES = 1.0
"""Pixels from where it began within which a trusted round trip ends."""
GREY_CHANGE = 25.0
"""Change of grey, of 255, below which a followed pixel keeps its brightness."""


class RoundTrip(NamedTuple):
    """The round trips of all pixels of a picture ``[h, w]``.

    ``miss`` float32: pixels between where a trip began and where it ended; ``change`` float32: absolute difference of grey, of
    255, between a pixel and the place it was followed to; ``inside`` bool: that place lies in the other picture.
    """

    miss: np.ndarray
    change: np.ndarray
    inside: np.ndarray

    def closes(self, pixels: float = CLOSES, grey: float = GREY_CHANGE) -> np.ndarray:
        """``[h, w]`` bool: trips that stay inside, end within so many ``pixels`` and keep brightness to ``grey`` of 255."""
        return self.inside & (self.miss < pixels) & (self.change < grey)


def round_trip(flow: np.ndarray, reverse: np.ndarray, one: np.ndarray, other: np.ndarray) -> RoundTrip:
    """Follow every pixel of ``one`` to ``other`` and back.

    Args:
        flow: ``[h, w, 2]`` from ``one`` to ``other``.
        reverse: ``[h, w, 2]`` from ``other`` to ``one``.
        one, other: grey pictures ``[h, w]`` in 0...255.
    """
    places = pixel_grid(*flow.shape[:2]) + flow
    miss = np.hypot(*np.moveaxis(flow + sample(reverse, places), -1, 0))
    change = np.abs(sample(other.astype(np.float32), places) - one)
    return RoundTrip(miss, change, inside(places))
