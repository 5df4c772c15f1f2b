"""What the demo says to pictures it cannot take, and what it does with those it can."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inversecrafter_core.errors import InputError
from lab.demo import clips, pictures
from lab.demo.__main__ import require_own_options
from lab.demo.runs import Options

CLIP = (192, 128)


def saved(path: Path, mode: str = "RGB", size: tuple[int, int] = (96, 64), colour=(200, 40, 40)) -> Path:
    Image.new(mode, size, colour).save(path)
    return path


def test_transparent_pixels_are_laid_on_white_with_a_word_and_an_opaque_picture_without_one(tmp_path, caplog):
    opaque = pictures.read("PHOTO", saved(tmp_path / "opaque.png", "RGBA", colour=(200, 40, 40, 255)))
    assert opaque.mode == "RGB" and opaque.getpixel((0, 0)) == (200, 40, 40)
    assert not caplog.messages
    clear = pictures.read("PHOTO", saved(tmp_path / "clear.png", "RGBA", colour=(200, 40, 40, 0)))
    assert clear.mode == "RGB" and clear.getpixel((0, 0)) == (255, 255, 255)
    assert "PHOTO: the transparent pixels of clear.png are laid on white" in caplog.text


def test_a_file_that_is_no_picture_or_is_not_there_is_named(tmp_path):
    (tmp_path / "words.png").write_text("no picture")
    with pytest.raises(InputError, match=r"PHOTO: words\.png cannot be read"):
        pictures.read("PHOTO", tmp_path / "words.png")
    whole = saved(tmp_path / "whole.png", size=(256, 256)).read_bytes()
    (tmp_path / "torn.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"torn\.png cannot be read"):
        pictures.read("PHOTO", tmp_path / "torn.png")
    with pytest.raises(InputError, match="no file"):
        pictures.read("PHOTO", tmp_path / "none.png")


def test_a_picture_is_turned_as_its_camera_was(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (96, 64)).save(tmp_path / "turned.jpg", exif=exif)
    assert pictures.read("PHOTO", tmp_path / "turned.jpg").size == (64, 96)


def test_a_portrait_picture_needs_a_portrait_clip():
    portrait = {"PHOTO": Image.new("RGB", (64, 96))}
    with pytest.raises(InputError, match=r"PHOTO: a portrait picture.*SIZE=128x192"):
        pictures.require_fit(portrait, CLIP)
    pictures.require_fit(portrait, (128, 192))
    pictures.require_fit({"PHOTO": Image.new("RGB", (64, 64))}, CLIP)


def test_ends_of_different_sizes_are_refused_with_both_sizes():
    with pytest.raises(InputError, match="START and END: sizes 96x64 and 80x64"):
        pictures.require_fit({"START": Image.new("RGB", (96, 64)), "END": Image.new("RGB", (80, 64))}, CLIP)


def test_one_end_alone_and_an_option_of_another_job_are_refused(tmp_path):
    start = saved(tmp_path / "start_given.png")
    with pytest.raises(InputError, match="START: given alone"):
        pictures.source_pictures(Options(tmp_path, start=start), {"start": 0, "end": 16}, clips.PASSENGER)
    with pytest.raises(InputError, match="START: given for JOB=single_image"):
        require_own_options("single_image", Options(tmp_path, start=start))


def test_given_pictures_arrive_under_names_of_their_own(tmp_path):
    """Two files of one name in two folders would overwrite each other in the host's input folder."""
    for folder, colour in (("one", (255, 0, 0)), ("two", (0, 255, 0))):
        (tmp_path / folder).mkdir()
        saved(tmp_path / folder / "picture.png", colour=colour)
    options = Options(tmp_path, start=tmp_path / "one" / "picture.png", end=tmp_path / "two" / "picture.png")
    files, origin = pictures.source_pictures(options, {"start": 0, "end": 16}, clips.PASSENGER)
    assert origin == "given" and files["start"].name != files["end"].name
    assert [Image.open(files[name]).getpixel((5, 5)) for name in ("start", "end")] == [(255, 0, 0), (0, 255, 0)]


def test_a_cross_fade_goes_from_the_first_to_the_last_picture_at_an_even_pace():
    clip = np.zeros((5, 2, 2, 3), np.uint8)
    clip[-1] = 200
    assert pictures.cross_fade(clip)[:, 0, 0, 0].tolist() == [0, 50, 100, 150, 200]
