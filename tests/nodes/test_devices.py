"""Nodes under --gpu-only, where a clip is on the GPU and a loaded mask is not."""

from __future__ import annotations

import pytest
import torch
from on_gpu import on_gpu

FRAMES, HEIGHT, WIDTH = 5, 32, 48


@pytest.fixture
def clip():
    return torch.rand(FRAMES, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def holes():
    holes = torch.zeros(FRAMES, HEIGHT, WIDTH)
    holes[:, 8:24, 8:24] = 1
    return holes


def test_a_loaded_mask_of_a_clip_on_a_gpu_is_brought_there(pack, clip, holes):
    visible = pack.submodule("nodes.host.checks").visible_from_holes(holes[:1], on_gpu(clip))
    assert torch.equal((on_gpu(clip) * visible[..., None]).cpu(), clip * (1 - holes[..., None]))


def test_a_start_image_and_a_source_that_are_loaded_join_a_clip_on_a_gpu(pack, clip):
    first = pack.submodule("nodes.guide.first_frame").first_frame(on_gpu(clip), None, None, clip[:1])
    for other in (on_gpu(clip), clip):
        assert torch.equal(first.replace_in(other).cpu(), clip)
