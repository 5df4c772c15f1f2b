"""Intervals of means, and the rows that samples make of them."""

from __future__ import annotations

import math
import re
from concurrent.futures import Future

import pytest
import torch

from lab.benchmarks import runner
from lab.benchmarks.samples import Key, Samples
from lab.metrics import intervals


def test_interval_of_known_values():
    found = intervals.interval([1.0, 2.0, 3.0])
    assert found.mean == pytest.approx(2.0)
    assert found.high - found.mean == pytest.approx(4.302653 / math.sqrt(3), rel=1e-5)  # Student's t of two degrees


def test_about_nineteen_of_twenty_intervals_hold_the_mean():
    draws = torch.randn(400, 8, generator=torch.Generator().manual_seed(0)).tolist()
    held = sum(found.low <= 0 <= found.high for found in map(intervals.interval, draws))
    assert 0.92 <= held / 400 <= 0.98


def test_pairs_take_out_the_difficulty_of_a_scene():
    hard = [1.0, 5.0, 9.0, 13.0]
    ours = [value + 0.5 for value in hard]
    assert intervals.gains(ours, hard) == pytest.approx((0.5, 0.5, 0.5))
    found = intervals.ratios([2 * value for value in hard], hard)
    assert found == pytest.approx((2.0, 2.0, 2.0))


def test_a_share_of_a_sure_whole_is_narrow_and_of_a_doubtful_one_has_no_ends():
    wholes = [1.0, 2.0, 3.0, 4.0]
    exact = intervals.shares([0.3 * value for value in wholes], wholes)
    assert exact == pytest.approx((0.3, 0.3, 0.3), abs=1e-6)
    assert intervals.shares([0.1, 0.2, 0.3, 0.1], [1.0, -1.0, 2.0, -1.9]).ends == (None, None)


def test_the_interval_of_a_share_holds_the_ratios_that_cannot_be_distinguished_from_it():
    parts, wholes = [0.9, 1.3, 1.1, 2.2, 1.4], [2.0, 2.5, 2.4, 3.6, 3.1]
    found = intervals.shares(parts, wholes)
    for ratio, inside in ((found.low - 0.02, False), (found.low + 0.02, True), (found.high + 0.02, False)):
        rest = intervals.interval([part - ratio * whole for part, whole in zip(parts, wholes, strict=True)])
        assert (rest.low <= 0 <= rest.high) is inside


def samples() -> Samples:
    found, hard = Samples(), (0.9, 1.0, 1.1)
    for factor in hard:
        found.add(
            {
                Key("ours", "still"): {"LPIPS": 0.1 * factor, "PSNR": 22 + factor},
                Key("bare", "still"): {"LPIPS": 0.2 * factor, "PSNR": 20 + factor},
            }
        )
    return found


def test_methods_are_compared_scene_by_scene():
    found, key = samples(), Key("ours", "still")
    ratio, gain = found.ratio(key, "bare", "LPIPS", most=1), found.gain(key, "bare", "PSNR", least=3)
    assert ratio.value == ratio.high == pytest.approx(0.5) and ratio.holds and ratio.unit == "x"
    assert gain.value == pytest.approx(2) and gain.holds is False and gain.unit == "dB"
    assert gain.name == "still: PSNR, ours above bare"


def test_every_figure_has_its_mean_and_its_unit():
    rows = {row.name: row for row in samples().means(left_out=("PSNR",))}
    assert set(rows) == {"still, ours: LPIPS", "still, bare: LPIPS"}
    assert rows["still, ours: LPIPS"].value == pytest.approx(0.1) and rows["still, ours: LPIPS"].unit == ""
    assert not samples().has(Key("ours", "still"), "SSIM") and not samples().has(Key("none"), "PSNR")


def test_scenes_are_taken_in_order_until_there_are_enough_and_none_is_started_in_vain():
    started = []

    def submit(seed):
        started.append(seed)
        done = Future()
        done.set_result(None if seed % 3 == 0 else seed)
        return done

    assert list(runner.first(submit, list(range(20)), 4, 3)) == [1, 2, 4, 5] and started == [0, 1, 2, 3, 4, 5]
    assert len(list(runner.first(submit, list(range(4)), 9, 3))) == 2, "fewer where there are no more"


def test_one_process_gives_what_the_scenes_give():
    found = runner.measure(lambda seed: None if seed % 3 == 0 else {Key("a"): {"figure": float(seed)}}, range(20), 4, 1)
    assert found[Key("a")]["figure"] == [1, 2, 4, 5]


def test_a_run_says_when_which_scene_is_done(caplog):
    def rows(seed: int, scenes: int = 2) -> list:
        return runner.measure(lambda seed: {Key("a"): {"figure": float(seed)}}, range(9), scenes, 1).means()

    runner.main(rows, [])
    said = [re.fullmatch(r"\d\d:\d\d:\d\d (.*)", record.message) for record in caplog.records]
    assert [one and one[1] for one in said] == ["scene 1 of 2", "scene 2 of 2"]
