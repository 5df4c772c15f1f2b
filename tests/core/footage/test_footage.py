"""Footage of any rate, size and shape, as a clip at a constant rate in a frame that a model takes."""

from __future__ import annotations

import numpy as np
import pytest

from inversecrafter_core.errors import InputError
from inversecrafter_core.footage import Fit, Timing, at_constant_rate, place

UNEVEN = [0.0, 0.1, 0.15, 0.2, 0.6, 0.65, 1.0]


def taken(times, rate, count=100, start=0.0):
    timing = Timing()
    list(at_constant_rate([(time, None) for time in times], rate, count, start, timing))
    return timing


def test_the_frame_next_to_every_point_in_time_is_taken():
    timing = taken(UNEVEN, 5)
    assert [UNEVEN[number] for number in timing.taken] == [0.0, 0.2, 0.6, 0.6, 0.65, 1.0]
    assert "variable rate" in timing.report() and "0.05 to 0.4 s apart" in timing.report()
    assert "2 left out, 1 shown twice" in timing.report()


@pytest.mark.parametrize("offset", [0.0, 3.2], ids=["from zero", "from 3.2 s"])
def test_a_constant_rate_is_left_as_it_is(offset):
    times = [offset + round(number / 29.97, 3) for number in range(30)]
    timing = taken(times, 29.97)
    assert timing.taken == list(range(30)) and "variable" not in timing.report() and "left out" not in timing.report()


def test_half_the_rate_takes_every_other_frame_and_twice_the_rate_every_one_twice():
    times = [number / 30 for number in range(9)]
    assert taken(times, 15).taken == [0, 2, 4, 6, 8]
    assert len(taken(times, 60).taken) in (17, 18) and "shown twice" in taken(times, 60).report()


def test_start_and_count_are_kept_and_what_is_behind_is_not_read():
    read = []

    def frames():
        for number in range(1000):
            read.append(number)
            yield number / 10, number

    assert list(at_constant_rate(frames(), 10, 5, 2.0, Timing())) == [20, 21, 22, 23, 24]
    assert len(read) < 30


def test_nothing_comes_of_nothing_and_nothing_behind_the_end():
    assert taken([], 10).taken == [] and taken([0.0, 0.1], 10, start=5.0).taken == []


WIDE = np.zeros((90, 160, 3), np.uint8)


def test_portrait_footage_turns_the_frame():
    assert place((1920, 1080), (480, 832), Fit.CROP, 16).frame == (832, 480)
    assert place((1920, 1080), (480, 832), Fit.CROP, 16, turn=False).frame == (480, 832)
    assert place((1080, 1920), (480, 832), Fit.CROP, 16).frame == (480, 832)
    assert place((500, 500), (480, 832), Fit.CROP, 16).frame == (480, 832)


@pytest.mark.parametrize("size", [(123, 457), (1081, 1919), (1, 7), (2160, 3840)])
@pytest.mark.parametrize("fit", list(Fit))
def test_odd_sizes_become_multiples_and_the_report_says_what_became_of_them(size, fit):
    placement = place(size, (121, 203), fit, 16)
    picture, holes = placement.apply(np.full((*size, 3), 200, np.uint8))
    assert picture.shape == (*placement.frame, 3) and all(side % 16 == 0 for side in placement.frame)
    assert picture.dtype == holes.dtype == np.float32 and picture.min() >= 0 and picture.max() <= 1
    assert np.allclose(picture[holes == 0], 200 / 255, atol=1e-3) and (picture[holes == 1] == 0).all()
    assert (holes.max() == 0) == (fit != Fit.PAD or "empty" not in placement.report())
    assert f"{size[1]}x{size[0]} to " in placement.report()


def test_crop_keeps_the_middle_and_pad_keeps_all_in_the_middle():
    picture = WIDE.copy()
    picture[45, 80] = 255
    cut = place((90, 160), (64, 64), Fit.CROP, 16)
    assert cut.window == (0, 90, 35, 125) and "43.8% cut off" in cut.report()
    rim = place((90, 160), (64, 64), Fit.PAD, 16)
    assert rim.area == (14, 50, 0, 64) and "43.8% left empty, as holes" in rim.report()
    for placement in (cut, rim):
        shown = placement.apply(picture)[0].sum(-1)
        row, column = np.unravel_index(shown.argmax(), shown.shape)
        assert abs(row - 32) <= 1 and abs(column - 32) <= 1
    assert "across" in place((90, 160), (64, 64), Fit.STRETCH, 16).report()


def test_a_clip_that_fits_is_not_touched():
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    placement = place((64, 96), (64, 96), Fit.CROP, 16)
    assert np.array_equal((placement.apply(noise)[0] * 255).round().astype(np.uint8), noise)
    assert placement.report() == "96x64, unchanged."


def test_what_is_transparent_is_a_hole_and_does_not_darken_its_neighbours():
    picture = np.full((64, 64, 4), 255, np.uint8)
    picture[:, :31] = (0, 255, 0, 0)
    colour, holes = place((64, 64), (32, 32), Fit.CROP, 16).apply(picture)
    assert holes[:, :15].min() == 1 and holes[:, 16:].max() == 0
    assert np.allclose(colour[holes == 0], 1, atol=1e-3) and (colour[holes == 1] == 0).all()


def test_sizes_without_pixels_are_named():
    with pytest.raises(InputError, match="size"):
        place((0, 10), (16, 16), Fit.CROP, 16)
    with pytest.raises(InputError, match="fit"):
        place((10, 10), (16, 16), "cover", 16)
