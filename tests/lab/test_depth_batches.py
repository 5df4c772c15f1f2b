"""Batches of the depth network: pools of any size count alike, and a clip that is too short is not drawn."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from lab.training.depth.batch import Source


@pytest.fixture
def source(tmp_path):
    for pool, clips, frames, far in (("many", 9, 4, 2.0), ("few", 1, 2, 8.0)):
        (tmp_path / pool).mkdir()
        for seed in range(clips):
            colour, depth = np.full((frames, 96, 144, 3), 90, np.uint8), np.full((frames, 96, 144), far, np.float16)
            np.savez(tmp_path / pool / f"{seed}.npz", colour=colour, depth=depth)
    return Source([tmp_path / "many", tmp_path / "few", tmp_path / "none"], tmp_path / "photos")


def depths(batch):
    return set(batch.log_depth.flatten(1).median(1).values.exp().round().tolist())


def test_a_small_pool_is_drawn_as_often_as_a_large_one(source):
    rng = random.Random(0)
    drawn = [len(source.clip(2, rng)[0]) for _ in range(200)]
    assert 70 < drawn.count(2) < 130


def test_clips_that_are_too_short_are_not_drawn(source):
    assert depths(source.batch(random.Random(0), 8, 0, 4)) == {2.0}
    assert depths(source.batch(random.Random(0), 16, 0, 1)) == {2.0, 8.0}
    assert torch.isfinite(source.batch(random.Random(0), 2, 0, 2).log_depth).all()


def test_the_note_in_the_file_tells_every_pool(source):
    assert source.described() == "9 clips of many and 1 clips of few and 0 clips of none, 0 views of photographs"
