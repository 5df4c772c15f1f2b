"""What the editing demo takes, and what it says to what it cannot take."""

from __future__ import annotations

import argparse

import pytest

from inversecrafter_core.errors import InputError
from lab.demo import editing
from lab.demo.__main__ import _box, require_own_options
from lab.demo.runs import Options
from lab.world import random_scene


def test_a_box_is_four_numbers():
    assert _box("64,40, 64,56") == (64, 40, 64, 56)
    for text in ("64,40,64", "64,40,64,x", "64,40,-4,2"):
        with pytest.raises(argparse.ArgumentTypeError, match="BOX is x,y,width,height"):
            _box(text)


def test_a_clip_without_an_edit_and_a_prompt_without_a_box_are_refused(tmp_path):
    video = tmp_path / "clip.mp4"
    video.touch()
    with pytest.raises(InputError, match="VIDEO: no edit of it"):
        editing.run(None, Options(tmp_path, video=video))
    with pytest.raises(InputError, match="PROMPT: given for JOB=recapture"):
        require_own_options("recapture", Options(tmp_path, prompt="a red box"))


def test_the_world_clip_comes_with_the_box_of_the_thing_that_its_prompt_renames(tmp_path):
    path, origin, words, (left, top, width, height) = editing.world_clip(
        random_scene(editing.WORLD_SEED), Options(tmp_path, frames=5, size=(96, 64))
    )
    assert path.stat().st_size > 0 and "synthetic" in origin
    assert words.startswith(f"a plain {editing.WORLD_COLOUR} ")
    assert 0 <= left < left + width <= 96 and 0 <= top < top + height <= 64 and width * height < 0.9 * 96 * 64


def test_an_edited_picture_in_portrait_for_a_landscape_clip_is_refused(tmp_path):
    from PIL import Image

    Image.new("RGB", (64, 96)).save(tmp_path / "edited.png")
    with pytest.raises(InputError, match="EDITED: a portrait picture"):
        editing.edited_picture(None, {}, Options(tmp_path, edited=tmp_path / "edited.png"))
