"""Intervals of means, and verdicts only where they decide."""

from __future__ import annotations

import math

import pytest
import torch

from lab.benchmarks import intervals, priors
from lab.benchmarks.report import table_lines


def test_interval_of_known_values():
    found = intervals.interval([1.0, 2.0, 3.0])
    assert found.mean == pytest.approx(2.0)
    assert found.high - found.mean == pytest.approx(4.302653 / math.sqrt(3), rel=1e-5)  # Student's t of two degrees


def test_about_nineteen_of_twenty_intervals_hold_the_mean():
    draws = torch.randn(400, 8, generator=torch.Generator().manual_seed(0)).tolist()
    held = sum(found.low <= 0 <= found.high for found in map(intervals.interval, draws))
    assert 0.92 <= held / 400 <= 0.98


def test_one_value_decides_nothing():
    row = intervals.surely_at_least("gain", intervals.interval([5.0]), "dB", 0)
    assert row.holds is None and row.verdict == "open"


@pytest.mark.parametrize(("values", "holds"), [((1.0, 1.1, 1.2), True), ((-1.0, -1.1, -1.2), False), ((-1.0, 0.1, 1.0), None)])
def test_a_verdict_needs_the_whole_interval(values, holds):
    row = intervals.surely_at_least("gain", intervals.interval(values), "dB", 0)
    assert row.holds is holds
    assert intervals.surely_at_most("loss", intervals.interval([-v for v in values]), "dB", 0).holds is holds


def test_pairs_take_out_what_makes_a_scene_hard():
    hard = [1.0, 5.0, 9.0, 13.0]
    ours = [value + 0.5 for value in hard]
    assert intervals.gains(ours, hard) == pytest.approx((0.5, 0.5, 0.5))
    found = intervals.ratios([2 * value for value in hard], hard)
    assert found == pytest.approx((2.0, 2.0, 2.0))


def test_markdown_shows_the_interval_and_the_verdict():
    line = table_lines([intervals.surely_at_least("gain", intervals.interval([1.0, 2.0]), "dB", 0)])[-1]
    assert "…" in line and line.endswith("| open |")


def test_a_stronger_prior_ends_at_the_truth():
    truth, x = torch.ones(1, 2, 1, 4, 4), torch.zeros(1, 2, 1, 4, 4)
    weak = lambda x, sigma: torch.zeros_like(x)  # noqa: E731
    assert torch.equal(priors.stronger_prior(weak, truth, 0.0)(x, torch.tensor([0.5])), x)
    assert torch.allclose(priors.stronger_prior(weak, truth, 0.3)(x, torch.ones(1)), torch.full_like(x, 0.3))


def test_a_correlated_prior_has_the_error_it_was_given():
    truth = torch.zeros(1, 4, 2, 16, 16)
    model = priors.correlated_prior(truth, 0.5, seed=1)
    assert float(model(truth, torch.tensor([1.0])).std()) == pytest.approx(0.5, rel=1e-4)
    assert float(model(truth, torch.tensor([0.0])).std()) == 0


def test_a_share_of_a_sure_whole_is_narrow_and_of_a_doubtful_one_has_no_ends():
    wholes = [1.0, 2.0, 3.0, 4.0]
    exact = intervals.shares([0.3 * value for value in wholes], wholes)
    assert exact == pytest.approx((0.3, 0.3, 0.3), abs=1e-6)
    assert intervals.shares([0.1, 0.2, 0.3, 0.1], [1.0, -1.0, 2.0, -1.9]).ends == (None, None)


def test_the_interval_of_a_share_holds_the_ratios_that_cannot_be_told_from_it():
    parts, wholes = [0.9, 1.3, 1.1, 2.2, 1.4], [2.0, 2.5, 2.4, 3.6, 3.1]
    found = intervals.shares(parts, wholes)
    for ratio, inside in ((found.low - 0.02, False), (found.low + 0.02, True), (found.high + 0.02, False)):
        rest = intervals.interval([part - ratio * whole for part, whole in zip(parts, wholes, strict=True)])
        assert (rest.low <= 0 <= rest.high) is inside
