"""Metrics go through a clip frame by frame: nothing that they make is as large as a quarter of it."""

from __future__ import annotations

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from inversecrafter_core.editing.drift import colour_shift, drift
from inversecrafter_core.evaluation import flicker, masked_psnr, masked_ssim, temporal_flickering

FRAMES, HEIGHT, WIDTH = 64, 24, 32


class Largest(TorchDispatchMode):
    """Bytes of the largest tensor that an operation has made, views left out."""

    bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        given = {one.untyped_storage().data_ptr() for one in tree_leaves((args, kwargs)) if isinstance(one, torch.Tensor)}
        for one in tree_leaves(made):
            if isinstance(one, torch.Tensor) and one.untyped_storage().data_ptr() not in given:
                self.bytes = max(self.bytes, one.numel() * one.element_size())
        return made


@pytest.mark.parametrize(
    "metric", [masked_psnr, masked_ssim, flicker, drift, colour_shift, lambda result, *_: temporal_flickering(result)]
)
def test_no_metric_makes_anything_of_the_size_of_the_clip(metric):
    generator = torch.Generator().manual_seed(0)
    result, reference = (torch.rand(FRAMES, HEIGHT, WIDTH, 3, generator=generator) for _ in range(2))
    visible = torch.ones(FRAMES, HEIGHT, WIDTH)
    with Largest() as largest:
        metric(result, reference, visible)
    if metric is drift:  # the mask of kept pixels, one number a pixel
        assert largest.bytes <= visible.nbytes
    else:
        assert largest.bytes < result.nbytes / 8
