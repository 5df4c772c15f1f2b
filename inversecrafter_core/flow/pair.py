"""Optical flow between two pictures in both directions, and interpolation between them.

Fields are ``[H, W, 2]`` (x, y) in pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F

from .engine import FlowEngine, Preset, grey_frames
from .remap import follow, resize_flow
from .round_trip import round_trip

LONG_SIDE = 512


class PairFlow(NamedTuple):
    """Flow ``field [2, H, W, 2]`` from each picture to the other, and ``known [2, H, W]``, 1 where its round trip closes."""

    field: torch.Tensor
    known: torch.Tensor


def flow_between(one: torch.Tensor, other: torch.Tensor, long_side: int = LONG_SIDE) -> PairFlow:
    """Return the flow between two pictures ``[H, W, 3]`` in 0...1, computed at a size of at most ``long_side`` pixels."""
    height, width = one.shape[:2]
    scale = min(1.0, long_side / max(height, width))
    grey = grey_frames(torch.stack([one, other]), (round(height * scale), round(width * scale)))
    there, back = FlowEngine(Preset.MEDIUM).both_ways(*grey)
    known = torch.stack(
        [
            torch.from_numpy(round_trip(there, back, *grey).closes()),
            torch.from_numpy(round_trip(back, there, *grey[::-1]).closes()),
        ]
    ).float()
    whole = torch.stack([torch.from_numpy(resize_flow(field, (height, width))) for field in (there, back)])
    return PairFlow(whole, F.interpolate(known[None], (height, width), mode="bilinear", align_corners=False)[0])


def fade_along(flow: PairFlow, values: torch.Tensor, share: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the motion-compensated cross-fade of two pictures at the time ``share``, and where its flow is known.

    The flow at that time is interpolated from the flow at both ends, for constant speed (Jiang et al. 2018, "Super SloMo",
    eq. 4).

    Args:
        flow: between the pictures.
        values: ``[2, H, W, C]`` of both pictures.
        share: time in 0...1 from the first picture to the second.

    Returns:
        ``[H, W, C]``, and the share of known flow, ``[H, W]`` in 0...1.
    """
    there, back = flow.field
    to_first = share * share * back - (1 - share) * share * there
    to_second = (1 - share) ** 2 * there - share * (1 - share) * back
    with_known = torch.cat([values, flow.known[..., None]], -1).numpy()
    first, second = (
        torch.from_numpy(follow(picture, shift.numpy()))
        for picture, shift in zip(with_known, (to_first, to_second), strict=True)
    )
    return torch.lerp(first, second, share)[..., :-1], torch.maximum(first[..., -1], second[..., -1])
