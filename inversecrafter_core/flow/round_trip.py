"""The round trip of optical flow, forward and back, by which its reliability is judged."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .remap import inside, pixel_grid, sample

CLOSES = 1.0
"""Largest miss of a trusted round trip, in pixels."""
GREY_CHANGE = 25.0
"""Largest change of grey, of 255, along a trusted flow."""


class RoundTrip(NamedTuple):
    """The round trips of all pixels of a picture ``[h, w]``.

    ``miss`` float32: distance in pixels between the start and the end of a trip; ``change`` float32: absolute difference of
    grey, of 255, between a pixel and its match; ``inside`` bool: the match lies within the other picture.
    """

    miss: np.ndarray
    change: np.ndarray
    inside: np.ndarray

    def closes(self, pixels: float = CLOSES, grey: float = GREY_CHANGE) -> np.ndarray:
        """Return ``[h, w]`` bool: trips that stay inside, miss by less than ``pixels`` and change by less than ``grey``."""
        return self.inside & (self.miss < pixels) & (self.change < grey)


def round_trip(flow: np.ndarray, reverse: np.ndarray, one: np.ndarray, other: np.ndarray) -> RoundTrip:
    """Return the round trips of all pixels of ``one`` to ``other`` and back.

    Args:
        flow: ``[h, w, 2]`` from ``one`` to ``other``.
        reverse: ``[h, w, 2]`` from ``other`` to ``one``.
        one, other: grey pictures ``[h, w]`` in 0...255.
    """
    places = pixel_grid(*flow.shape[:2]) + flow
    miss = np.hypot(*np.moveaxis(flow + sample(reverse, places), -1, 0))
    change = np.abs(sample(other.astype(np.float32), places) - one)
    return RoundTrip(miss, change, inside(places))
