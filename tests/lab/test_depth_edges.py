"""The distance of depth edges: a map shifted by two pixels is two pixels off, ground has no edges, a flat map is far off."""

from __future__ import annotations

import math

import pytest
import torch

from lab.metrics.depth_edges import REACH, edges_off


def square(shift=0, near=2.0, far=6.0):
    depth = torch.full((1, 40, 60), far)
    depth[:, 12:28, 20 + shift : 40 + shift] = near
    return depth


@pytest.mark.parametrize("shift", [0, 1, 2, 4])
def test_a_shift_along_rows_moves_the_upright_edges_only(shift):
    upright, level = 2 * 16, 2 * 20
    level_on_both = 2 * (20 - shift)
    expected = (upright * shift + (level - level_on_both) * REACH) / (upright + level)
    assert edges_off(square(shift), square()) == pytest.approx(expected, abs=1e-6)


def test_the_factor_of_an_estimate_and_its_contrast_do_not_matter():
    assert edges_off(7 * square(near=5.0), square()) == 0


def test_an_edge_the_wrong_way_round_is_as_far_off_as_none():
    assert edges_off(square(near=6.0, far=2.0), square()) == REACH
    assert edges_off(torch.ones(1, 40, 60), square()) == REACH


def test_a_blurred_edge_lies_in_its_middle():
    blurred = torch.nn.functional.avg_pool2d((1 / square())[None], 5, 1, 2)[0].reciprocal()
    assert edges_off(blurred, square()) <= 2


def test_ground_up_to_the_horizon_has_no_edges():
    ground = (1 / (torch.arange(40) + 0.6))[None, :, None].expand(1, 40, 60)
    assert math.isnan(edges_off(ground, ground))
