"""Run the host's Wan VAE faster on a CPU: the time taps of its causal 3D convolutions, folded into channels.

A 3D convolution of few channels runs far below what a CPU core can do, in any memory format. ``[B, C, T, H, W]`` seen through
k taps in time is ``[B T', k C, H, W]`` under a channels-last 2D convolution with the same weights, reshaped: the same sums.
The RMS norm is replaced too, by one reciprocal root a pixel. Gradients pass through, so training uses it as well.

A layer is folded only on a CPU, where its layout is known (that of the host 0.3.75 or of its newer versions) and the host does
not cast its weights on the way; every other one runs as the host wrote it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F

from lab.host.modules.wan import CausalConv3d, RMS_norm

Weights = dict[tuple[int, int, torch.dtype, bool], tuple[torch.Tensor, torch.Tensor | None]]
SMALLEST_NORM = 1e-12  # as in torch.nn.functional.normalize


@contextlib.contextmanager
def folded(*models: torch.nn.Module) -> Iterator[None]:
    """Inside, the causal convolutions and norms of ``models`` run folded: results as before up to rounding (3e-4 in float32).

    Weights are folded at their first use inside and kept until the end, so a training step, whose optimiser changes them,
    enters once a step, and its ``backward`` may come after the end.
    """
    kept: Weights = {}
    with contextlib.ExitStack() as stack:
        for model in models:
            for layer in model.modules():
                forward = _forward_of(layer, kept)
                if forward is not None and "forward" not in vars(layer):
                    layer.forward = forward
                    stack.callback(delattr, layer, "forward")
        yield


def _forward_of(layer: torch.nn.Module, kept: Weights) -> Callable | None:
    """Return what runs in place of the layer's own ``forward``; None where that stays."""
    if isinstance(layer, CausalConv3d) and _plain(layer):
        before_and_around = _padding(layer)
        return None if before_and_around is None else partial(_convolve, layer, kept, *before_and_around)
    if isinstance(layer, RMS_norm) and layer.channel_first and layer.bias is None and not layer.gamma.is_cuda:
        return partial(_normalise, layer)
    return None


def _plain(layer: Any) -> bool:
    """Return whether the layer is a usual convolution on the CPU whose weights the host takes as they are."""
    casts = getattr(layer, "comfy_cast_weights", False) or getattr(layer, "weight_function", ())
    usual = layer.groups == 1 and layer.dilation == (1, 1, 1) and layer.padding_mode == "zeros"
    return layer.weight.device.type == "cpu" and usual and not casts and not getattr(layer, "bias_function", ())


def _padding(layer: Any) -> tuple[int, tuple[int, int]] | None:
    """Zero frames before the first and zero pixels around, ``(frames, (rows, columns))``; None for an unknown layout."""
    before = getattr(layer, "_padding", None)
    if isinstance(before, int) and layer.padding[0] == 0:
        return before, tuple(layer.padding[1:])
    if isinstance(before, tuple) and len(before) == 6 and layer.padding == (0, 0, 0):
        left, right, top, bottom, frames, after = before
        if left == right and top == bottom and after == 0:
            return frames, (top, left)
    return None


def _convolve(
    layer: Any,
    kept: Weights,
    before: int,
    around: tuple[int, int],
    x: torch.Tensor,
    cache_x: torch.Tensor | None = None,
    cache_list: list | None = None,
    cache_idx: int = 0,
) -> torch.Tensor:
    """Run the host's ``CausalConv3d``: ``x [B, C, T, H, W]``, earlier frames in ``cache_x`` or zeros in their place."""
    if cache_list is not None:
        cache_x, cache_list[cache_idx] = cache_list[cache_idx], None
    if cache_x is not None and before > 0:
        x, before = torch.cat([cache_x.to(x), x], 2), max(0, before - cache_x.shape[2])
    taps, step = layer.kernel_size[0], layer.stride[0]
    count = (before + x.shape[2] - taps) // step + 1
    if count == 1:  # frames of zeros need no tap
        taps = min(taps, x.shape[2])
    elif before:
        x = F.pad(x, (0, 0, 0, 0, before, 0))
    weight, bias = _weights(layer, kept, taps, x.dtype)
    pixels = x.to(weight.dtype).permute(0, 2, 3, 4, 1)
    seen = [pixels[:, tap : tap + (count - 1) * step + 1 : step] for tap in range(taps)]
    stacked = torch.cat(seen, -1) if taps > 1 else seen[0]
    out = F.conv2d(stacked.flatten(0, 1).permute(0, 3, 1, 2), weight, bias, layer.stride[1:], around)
    return out.permute(0, 2, 3, 1).unflatten(0, (len(x), count)).permute(0, 4, 1, 2, 3)


def _weights(layer: Any, kept: Weights, taps: int, usual: torch.dtype) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the newest ``taps`` of a layer's weight, ``[O, taps C, kh, kw]`` channels last, and its bias."""
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else usual
    key = (id(layer), taps, dtype, torch.is_grad_enabled())
    if key not in kept:
        weight = layer.weight[:, :, -taps:].to(dtype).transpose(1, 2).flatten(1, 2)
        bias = None if layer.bias is None else layer.bias.to(dtype)
        kept[key] = weight.contiguous(memory_format=torch.channels_last), bias
    return kept[key]


def _normalise(layer: Any, x: torch.Tensor) -> torch.Tensor:
    """Do as the host's ``RMS_norm.forward`` over axis 1."""
    size = x.float().square().sum(1, keepdim=True).clamp(min=SMALLEST_NORM**2).rsqrt() * layer.scale
    return x * size.to(x.dtype) * layer.gamma.to(x.dtype)
