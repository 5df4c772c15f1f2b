"""Patch features of things, by the network of ``inversecrafter_core.evaluation`` with weights out of a package."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from inversecrafter_core.evaluation import PatchFeatures
from inversecrafter_core.evaluation.frame_features import SIDE
from inversecrafter_core.evaluation.patch_features import PATCH
from lab.data.assets import asset

MARGIN = 0.15
"""Margin around a thing's crop, as a share of its size."""


def load_patch_features() -> PatchFeatures | None:
    """Load the network; None without its asset (``lab.data.assets.why_missing("focus_vit")`` says why)."""
    path = asset("focus_vit")
    return None if path is None else PatchFeatures(path.read_bytes())


def features_of_thing(features: PatchFeatures, picture: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Features ``[P, 384]`` of the patches that lie mostly on a thing, the picture cut out around it.

    Args:
        picture: ``[H, W, 3]`` in 0...1.
        inside: ``[H, W]`` bool, some of it True.
    """
    rows, columns = (inside.any(axis).nonzero().flatten() for axis in (1, 0))
    centre = [(float(side[0]) + float(side[-1])) / 2 for side in (rows, columns)]
    half = (0.5 + MARGIN) * max(len(rows), len(columns))
    square = _square(picture.movedim(-1, 0)[None], centre, half)
    weight = F.avg_pool2d(_square(inside[None, None].float(), centre, half), PATCH).flatten()
    return features(square)[0][weight >= min(0.5, float(weight.max()))]


def closeness(one: torch.Tensor, other: torch.Tensor) -> float:
    """Mean, over the patches ``one [P, C]``, of the cosine to the likest patch of ``other [Q, C]``: 1 = all of them found."""
    return float((one @ other.T).amax(1).mean())


def _square(image: torch.Tensor, centre: list[float], half: float) -> torch.Tensor:
    """``[1, C, H, W]`` cut out around ``centre`` (row, column) with sides of ``2 half``, at 224 x 224; the edge repeated."""
    height, width = image.shape[-2:]
    offset = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
    y, x = ((place + 0.5 + half * offset) / size * 2 - 1 for place, size in zip(centre, (height, width), strict=True))
    grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)[None]
    return F.grid_sample(image.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)
