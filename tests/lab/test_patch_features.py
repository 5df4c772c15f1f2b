"""Patch features out of an installed network: a thing moved is nearer to itself than another thing in its place."""

from __future__ import annotations

import pytest
import torch
from moving_square import recoloured, square_clip

from lab.data.assets import asset, why_missing
from lab.metrics.patch_features import closeness, features_of_thing, load_patch_features


@pytest.fixture(scope="module")
def features():
    if asset("focus_vit") is None:
        pytest.skip(why_missing("focus_vit"))
    return load_patch_features()


def test_a_thing_that_moved_is_nearer_to_itself_than_another_in_its_place(features):
    clip, inside = square_clip()
    first, moved = (features_of_thing(features, clip[t], inside[t]) for t in (0, 6))
    other = features_of_thing(features, recoloured(clip, inside)[6], inside[6])
    assert first.shape[1] == 384 and torch.allclose(first.norm(dim=1), torch.ones(len(first)), atol=1e-4)
    assert closeness(first, first) == pytest.approx(1, abs=1e-4)
    assert closeness(moved, first) > closeness(other, first) + 0.02


def test_only_patches_on_the_thing_count(features):
    clip, inside = square_clip()
    assert 16 <= len(features_of_thing(features, clip[0], inside[0])) < 256
