"""Picture metrics on the visible pixels of a clip.

Videos are ``[F, H, W, 3]`` float in 0...1, ``visible`` is ``[F, H, W]`` with 1 = counted. InverseCrafter's measurement
consistency compares the decoded result with the warp in this way (its Table 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import torch
from kornia.metrics import ssim as ssim_map

from ..errors import InputError, require_same_frames, require_video

SSIM_WINDOW = 11
Metric = Callable[[torch.Tensor, torch.Tensor, torch.Tensor | None], float]
"""Function from ``(result, reference, visible)`` to a number."""
DistanceMap = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Function from two batches of pictures ``[N, 3, H, W]`` in 0...1 to the distance at every pixel, ``[N, H, W]``."""


def as_pair(
    result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return both clips and the mask, by default of all pixels, on the device of ``result``.

    Raises:
        InputError: counts or sizes that differ, or no visible pixel.
    """
    result, reference = require_video("result", result), require_video("reference", reference)
    require_same_frames(result=len(result), reference=len(reference))
    if result.shape != reference.shape:
        raise InputError(
            "result and reference",
            f"different sizes {tuple(result.shape[1:3])} and {tuple(reference.shape[1:3])}",
            "Resize one to the other.",
        )
    if visible is None:
        visible = torch.ones(result.shape[:3], device=result.device)
    if visible.shape != result.shape[:3]:
        raise InputError("mask", f"shape {tuple(visible.shape)}", f"Give one of shape {tuple(result.shape[:3])}.")
    if not bool((visible > 0).any()):
        raise InputError("mask", "no visible pixel", "Nothing is left to compare: give a mask that keeps something.")
    return result, reference.to(result), visible.to(result)


def weighted_mean(maps: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> float:
    """Return the mean of values under their weights, ``[H, W]`` each.

    They come frame by frame, so that memory does not grow with the clip. NaN if no weight is above 0.
    """
    total = weight = 0.0
    for values, weights in maps:
        total += float((values * weights).double().sum())
        weight += float(weights.double().sum())
    return total / weight if weight else math.nan


def masked_psnr(result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor | None = None) -> float:
    """Return the peak signal-to-noise ratio in dB over visible pixels (peak 1.0); ``inf`` for identical clips."""
    result, reference, visible = as_pair(result, reference, visible)
    frames = zip(result, reference, visible, strict=True)
    error = weighted_mean(((frame - truth).square().mean(-1), weight) for frame, truth, weight in frames)
    return math.inf if error == 0 else -10 * math.log10(error)


def _mean_of_maps(score: DistanceMap, result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor | None) -> float:
    result, reference, visible = as_pair(result, reference, visible)

    def distance(frame: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        composed = torch.where(weight[..., None] > 0, frame, truth)
        return score(composed.movedim(-1, 0)[None], truth.movedim(-1, 0)[None])[0]

    return weighted_mean((distance(*one), one[2]) for one in zip(result, reference, visible, strict=True))


def masked_ssim(result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor | None = None) -> float:
    """Return the mean structural similarity over visible pixels, in -1...1 (Wang et al. 2004; Gaussian window of 11, range 1).

    Hidden pixels of the result are set to the reference's before, so that they do not affect visible neighbours.
    """
    return _mean_of_maps(lambda a, b: ssim_map(a, b, SSIM_WINDOW).mean(1), result, reference, visible)


def masked_lpips(
    result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor | None = None, *, distance: DistanceMap
) -> float:
    """Return the mean perceptual distance over visible pixels (LPIPS, Zhang et al. 2018); 0 = the same.

    Hidden pixels are set to the reference's before, as in :func:`masked_ssim`.

    Args:
        result, reference: ``[F, H, W, 3]`` in 0...1.
        visible: ``[F, H, W]``, 1 = counted; None for all pixels.
        distance: spatial LPIPS, see :class:`.lpips.Lpips`; its weights do not ship with this library.
    """
    return _mean_of_maps(distance, result, reference, visible)


def hole_coverage(holes: torch.Tensor) -> list[float]:
    """Return the share of holes in each frame, in 0...1, of ``holes [F, H, W]`` with 1 = hole."""
    return [float(frame.float().mean()) for frame in holes]
