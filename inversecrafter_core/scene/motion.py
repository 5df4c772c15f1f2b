"""The motion of each cell of a picture since the picture before: a small cost volume of features, without weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F

REACH = 4
"""Largest displacement that is searched for, in cells and in each direction."""
SMOOTH = 5
"""Cells along a side of the window whose features are compared, and of that whose mean is taken out of them."""
SHARPNESS = 20.0
"""Logit of two equal windows."""
LEVELS = (1, 2)
"""Sizes of a cell, in cells of the features."""
CHANNELS = 3 * len(LEVELS)


def motion(now: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """Return ``[N, CHANNELS, h, w]`` of features ``[N, c, h, w]``: for each level the place in the picture before, x and y
    relative to the cell's own in units of half its reach, and how sure the best match is.
    """
    found = []
    for level in LEVELS:
        pair = [F.avg_pool2d(part, level) if level > 1 else part for part in (now, before)]
        coarse = _matched(*(_details(part) for part in pair))
        found.append(F.interpolate(coarse, size=now.shape[-2:], mode="nearest") if level > 1 else coarse)
    return torch.cat(found, 1)


def _details(features: torch.Tensor) -> torch.Tensor:
    """Return features without their local mean, of length 1: what is compared is texture, not colour."""
    return F.normalize(features - _mean(features), dim=1)


def _mean(values: torch.Tensor) -> torch.Tensor:
    return F.avg_pool2d(values, SMOOTH, 1, SMOOTH // 2, count_include_pad=False)


def _matched(now: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """Return ``[N, 3, h, w]``: expected displacement, and the share of the likeliest one."""
    height, width, steps = now.shape[-2], now.shape[-1], range(2 * REACH + 1)
    padded = F.pad(before, (REACH,) * 4)
    costs = [(now * padded[:, :, y : y + height, x : x + width]).sum(1) for y in steps for x in steps]
    shares = (SHARPNESS * _mean(torch.stack(costs, 1))).softmax(1)
    offsets = [(float(x - REACH), float(y - REACH)) for y in steps for x in steps]
    apart = torch.einsum("nkhw,kc->nchw", shares, shares.new_tensor(offsets)) / (REACH / 2)
    return torch.cat([apart, shares.amax(1, keepdim=True)], 1)
