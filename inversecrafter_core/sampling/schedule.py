"""The shifted schedule of a rectified flow (Esser et al. 2024, "Scaling Rectified Flow Transformers", eq. 23).

Sigma is flow time, 1 = noise. A shift above 1 takes more steps near the noise. Percents are the host's: 0 at the noise, 1 at
the clean clip, uniform in the unshifted time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

Time = TypeVar("Time", float, torch.Tensor)


def shifted(time: Time, shift: float) -> Time:
    """Return ``shift t / (1 + (shift - 1) t)`` for flow times in 0...1."""
    return shift * time / (1 + (shift - 1) * time)


def sigma_of_percent(shift: float) -> Callable[[float], float]:
    """Return the host's ``percent -> sigma`` of a flow with ``shift``: 1 at 0, 0 at 1."""
    return lambda percent: shifted(1 - percent, shift)


def percent_of_sigma(shift: float) -> Callable[[float], float]:
    """Return the inverse of :func:`sigma_of_percent`."""
    return lambda sigma: 1 - shifted(sigma, 1 / shift)


def even_schedule(steps: int, shift: float) -> list[float]:
    """Return ``steps + 1`` decreasing sigmas at equally spaced percents."""
    return [sigma_of_percent(shift)(step / steps) for step in range(steps + 1)]
