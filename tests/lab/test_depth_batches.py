"""Batches and loss of the depth network: a pool counts by its share, whatever its size, and the sky sets no scale."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from lab.data.blender.render import SKY
from lab.training.depth.batch import FARTHEST, Batch, Source, hang_panel
from lab.training.depth.train import loss_of


@pytest.fixture
def source(tmp_path):
    for pool, clips, frames, far in (("many", 9, 4, 2.0), ("few", 1, 2, 8.0)):
        (tmp_path / pool).mkdir()
        for seed in range(clips):
            colour, depth = np.full((frames, 96, 144, 3), 90, np.uint8), np.full((frames, 96, 144), far, np.float16)
            np.savez(tmp_path / pool / f"{seed}.npz", colour=colour, depth=depth)
    return Source({tmp_path / "many": 1, tmp_path / "few": 3, tmp_path / "none": 5}, tmp_path / "photos")


def depths(batch):
    return set(batch.log_depth.flatten(1).median(1).values.exp().round().tolist())


def test_a_pool_is_drawn_by_its_share_whatever_its_size(source):
    rng = random.Random(0)
    drawn = [len(source.clip(2, rng)[0]) for _ in range(400)]
    assert 270 < drawn.count(2) < 330


def test_clips_that_are_too_short_are_not_drawn(source):
    assert depths(source.batch(random.Random(0), 8, 0, 4)) == {2.0}
    assert depths(source.batch(random.Random(0), 16, 0, 1)) == {2.0, 8.0}
    assert torch.isfinite(source.batch(random.Random(0), 2, 0, 2).log_depth).all()


def test_the_note_in_the_file_tells_every_pool(source):
    assert source.described() == "9 clips of many and 1 clips of few and 0 clips of none, 0 views of photographs"


def test_the_sky_sets_neither_the_factor_nor_the_farthest(tmp_path):
    (tmp_path / "open").mkdir()
    depth = np.full((1, 96, 144), SKY, np.float32)
    depth[:, 60:, :72], depth[:, 60:, 72:] = 2.0, 8.0
    np.savez(tmp_path / "open" / "0.npz", colour=np.full((1, 96, 144, 3), 90, np.uint8), depth=depth)
    batch = Source({tmp_path / "open": 1}, tmp_path / "photos").batch(random.Random(0), 6, 0, 1)
    assert batch.sky.any() and not batch.sky.all()
    ground = batch.log_depth.masked_fill(batch.sky, torch.nan)
    assert torch.nanmean(ground.exp()) < 8.1
    assert batch.log_depth[batch.sky].exp().max() <= FARTHEST * 8.1

    nearer = batch.log_depth - 1.0
    far_off = torch.where(batch.sky, batch.log_depth - 1.0, batch.log_depth)
    wrong_ground = torch.where(batch.sky, batch.log_depth, batch.log_depth + torch.randn(batch.log_depth.shape))
    assert loss_of(nearer, batch) < 1e-5, "one factor is forgiven"
    assert 0 < loss_of(far_off, batch) < loss_of(wrong_ground, batch)


def test_a_window_of_nothing_but_sky_has_a_finite_loss(tmp_path):
    (tmp_path / "air").mkdir()
    np.savez(tmp_path / "air" / "0.npz", colour=np.full((1, 96, 144, 3), 90, np.uint8), depth=np.full((1, 96, 144), SKY))
    batch = Source({tmp_path / "air": 1}, tmp_path / "photos").batch(random.Random(0), 2, 0, 1)
    assert torch.isfinite(loss_of(torch.zeros_like(batch.log_depth), batch))


def test_a_teacher_says_what_is_nearer_and_at_least_by_how_much():
    shape = torch.randn(2, 1, 32, 48)
    none, exact = torch.zeros(shape.shape, dtype=torch.bool), torch.tensor([False, True])
    batch = Batch(torch.zeros(2, 1, 3, 32, 48), shape, none, exact)
    alone = [Batch(batch.frames[one], shape[one], none[one], exact[one]) for one in (slice(0, 1), slice(1, 2))]
    assert loss_of(1.8 * alone[0].log_depth + 1, alone[0]) < 1e-5, "a teacher's range is too small"
    assert loss_of(0.5 * alone[0].log_depth, alone[0]) > 0.1 and loss_of(-alone[0].log_depth, alone[0]) > 0.1
    assert loss_of(1.8 * alone[1].log_depth, alone[1]) > 0.1, "exact depth is exact"
    assert loss_of(1.8 * shape, batch) == pytest.approx(float(loss_of(1.8 * alone[1].log_depth, alone[1])) / 2, rel=1e-4)


def test_panels_hang_on_surfaces_and_never_on_the_sky_or_across_an_edge():
    depth = torch.full((1, 96, 144), 4.0)
    depth[:, :40], depth[:, 40:, 72:] = SKY, 8.0
    colour = torch.full((1, 3, 96, 144), 0.2)
    rng, painted = random.Random(0), torch.zeros(96, 144, dtype=torch.int)
    for _ in range(60):
        changed = (hang_panel(colour, depth, rng) != colour).any(1)[0]
        assert not changed[:40].any()
        painted += changed
    assert painted[40:, :72].sum() > 0 and painted[40:, 72:].sum() > 0

    one_side = torch.full((1, 96, 144), 4.0)
    one_side[..., 1::2] = 8.0
    assert torch.equal(hang_panel(colour, one_side, rng), colour), "no place without an edge"
    assert torch.equal(colour, torch.full((1, 3, 96, 144), 0.2)), "the clip of the pool stays as it is"
