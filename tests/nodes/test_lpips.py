"""LPIPS out of the arrays of its asset: nothing else may be unpickled, and worse pictures are farther away."""

from __future__ import annotations

import pickle

import pytest
import torch

from hosting.assets import asset, why_missing
from hosting.lpips import Lpips, load_lpips


def test_a_pickle_of_anything_but_arrays_is_refused(tmp_path):
    harmful = tmp_path / "weights.ckpt"
    harmful.write_bytes(pickle.dumps({"AlexNet_0": print}))
    with pytest.raises(pickle.UnpicklingError, match="has no place"):
        Lpips(harmful)


@pytest.fixture
def metric():
    if asset("lpips_alexnet") is None:
        pytest.skip(why_missing("lpips_alexnet"))
    return load_lpips()


def test_distances_grow_with_damage_and_the_map_has_the_same_mean(metric):
    generator = torch.Generator().manual_seed(0)
    clean = torch.rand(2, 3, 8, 12, generator=generator).repeat_interleave(8, 2).repeat_interleave(8, 3)
    noise = torch.randn(clean.shape, generator=generator)
    assert float(metric(clean, clean).abs().max()) == 0
    near, far = (metric(clean, (clean + level * noise).clamp(0, 1)) for level in (0.05, 0.2))
    assert bool((near > 0).all()) and bool((far > near).all())
    whole = metric.maps(clean, (clean + 0.2 * noise).clamp(0, 1))
    assert whole.shape == (2, 64, 96)
    assert torch.allclose(whole.mean((1, 2)), far, rtol=0.1)
