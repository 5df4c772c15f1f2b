"""Bad camera files: the error names the file, the place in it, what was found there, and what to do."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from inversecrafter_core.camera import preset_path
from inversecrafter_core.camera.interchange import FORMATS, FileFormat, read_path, write_path
from inversecrafter_core.errors import InputError

GOOD = "0 .5 .9 .5 .5 0 0 1 0 0 0 0 1 0 0 0 0 1 0"
MIRRORED = np.diag([-1.0, 1, 1, 1]).tolist()


def refused(path: Path, *words: str, **options: object) -> None:
    with pytest.raises(InputError) as caught:
        read_path(path, **options)
    for word in (path.name, *words):
        assert word in str(caught.value), f"{word!r} is not in {caught.value}"
    assert caught.value.fix.endswith((".", ")"))


TEXTS = {
    "short line": (f"title\n{GOOD}\n1 .5 .9 .5 .5 0 0 1 0 0", "line 3", "10 values in place of 19"),
    "letters": (f"title\n{GOOD}\n{GOOD.replace('.9', 'x')}", "line 3", "'x' as value 3"),
    "nan": (f"title\n{GOOD.replace('.9', 'nan')}", "line 2", "'nan'"),
    "repeated times": (f"title\n{GOOD}\n1{GOOD[1:]}\n1{GOOD[1:]}", "camera 3 of 3", "time 1 after 1"),
    "mirrored": ("title\n0 .5 .9 .5 .5 0 0 -1 0 0 0 0 1 0 0 0 0 1 0", "camera 1 of 1", "mirrored"),
    "scaled": ("title\n0 .5 .9 .5 .5 0 0 2 0 0 0 0 2 0 0 0 0 2 0", "camera 1", "not a rotation"),
    "all zeros": ("title\n0 .5 .9 .5 .5 0 0 0 0 0 0 0 0 0 0 0 0 0 0", "camera 1", "without an inverse"),
    "no focal length": ("title\n0 0 .9 .5 .5 0 0 1 0 0 0 0 1 0 0 0 0 1 0", "focal length 0"),
    "title alone": ("title\n", "no camera"),
    "nothing": ("", "no camera"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_text_that_is_not_realestate10k(tmp_path, case):
    text, *words = TEXTS[case]
    file = tmp_path / "clip.txt"
    file.write_text(text)
    refused(file, *words)


DOCUMENTS = {
    "cut off": ('{"frames": [', "line 1", "cut off"),
    "no known format": ('{"a": 1}', "no known format", "Choose its format"),
    "a number": ("3", "no known format"),
    "nerfstudio without poses": ('{"frames": [{"file_path": "a"}]}', "frames[0]", "no 'transform_matrix'"),
    "nerfstudio nan": ('{"frames": [{"transform_matrix": [[NaN,0,0,0],[0,1,0,0],[0,0,1,0]]}]}', "transform_matrix[0]", "NaN"),
    "nerfstudio too large": (
        f'{{"frames": [{{"transform_matrix": [[1{"0" * 400},0,0,0],[0,1,0,0],[0,0,1,0]]}}]}}', "transform_matrix[0]", "10000",
    ),
    "keyframes too large": ('{"keyframes": [{"frame": 3, "position": [1e308, 0, 0]}]}', "keyframes[0].position", "1e+308"),
    "nerfstudio transposed": (
        '{"frames": [{"transform_matrix": [[1,0,0,0],[0,1,0,0],[0,0,1,0],[5,0,0,1]]}]}', "frames[0]", "transposed",
    ),
    "nerfstudio mirrored": (json.dumps({"frames": [{"transform_matrix": MIRRORED}]}), "camera 1", "mirrored"),
    "nerfstudio no width": ('{"fl_x": 5, "frames": [{"transform_matrix": [[1,0,0,0],[0,1,0,0],[0,0,1,0]]}]}', "no 'w'"),
    "nerfstudio no frames": ('{"frames": []}', "frames", "in place of a list"),
    "recammaster missing camera": (
        '{"frame0": {"cam01": "[1 0 0 0] [0 1 0 0] [0 0 1 0] [0 0 0 1]"}, "frame1": {}}', "frame1", "'cam01'",
    ),
    "recammaster cut matrix": ('{"frame0": {"cam01": "[1 0 0 0] [0 1"}}', "frame0", "6 numbers"),
    "recammaster column vectors": ('{"frame0": {"cam01": "[1 0 0 9] [0 1 0 0] [0 0 1 0] [0 0 0 1]"}}', "frame0", "last row"),
    "recammaster names": ('{"frames0": {"cam01": "[1 0 0 0] [0 1 0 0] [0 0 1 0] [0 0 0 1]"}}', "'frames0'"),
    "camera path unknown pivot": ('{"camera": [{"frame": 0, "pivot": "x"}]}', "camera[0].pivot", "'x'"),
    "camera path same frame": ('{"camera": [{"frame": 3}, {"frame": 3}]}', "two keyframes at frame 3"),
    "camera path distance": ('{"camera": [{"frame": 0, "distance": 0}]}', "camera[0].distance"),
    "camera path no frame": ('{"camera": [{"azimuth": 0}]}', "camera[0]", "no 'frame'"),
    "recammaster nan": ('{"frame0": {"cam01": "[nan 0 0 0] [0 1 0 0] [0 0 1 0] [0 0 0 1]"}}', "frame0", "'nan' as value 1"),
    "recammaster right-handed": (
        '{"frame0": {"cam01": "[1 0 0 0] [0 -1 0 0] [0 0 1 0] [0 0 0 1]"}, '
        '"frame1": {"cam01": "[1 0 0 0] [0 1 0 0] [0 0 1 0] [0 0 0 1]"}}', "camera 2 of 2", "mirrored",
    ),
    "camera path nan": ('{"camera": [{"frame": 0, "azimuth": NaN}]}', "camera[0].azimuth", "NaN"),
    "keyframes nan": ('[{"frame": 0, "position": [0, NaN, 0]}]', "keyframes[0].position", "nan"),
    "own nan": (
        '{"format": "inversecrafter.camera_path", "version": 1, '
        '"frames": [{"camera_to_world": [[1,0,0,0],[0,NaN,0,0],[0,0,1,0]]}]}', "camera_to_world[1]", "NaN",
    ),
    "own no pose": (
        '{"format": "inversecrafter.camera_path", "version": 1, "frames": [{"focal_scale": 1}]}',
        "frames[0]", "no 'camera_to_world'",
    ),
    "camera path no keyframes": ('{"camera": []}', "camera"),
    "keyframes zero quaternion": ('[{"frame": 0, "quaternion": [0, 0, 0, 0]}]', "keyframes[0].quaternion", "zero"),
    "keyframes same frame": ('[{"frame": 1}, {"frame": 1}]', "two keyframes at frame 1"),
    "own another version": ('{"format": "inversecrafter.camera_path", "version": 9, "frames": []}', "version 9"),
    "own another frame of reference": (
        '{"format": "inversecrafter.camera_path", "version": 1, "relative_to": "moon", '
        '"frames": [{"camera_to_world": [[1,0,0,0],[0,1,0,0],[0,0,1,0]]}]}', "relative_to", "moon",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DOCUMENTS)
def test_json_that_is_no_camera_file(tmp_path, case):
    text, *words = DOCUMENTS[case]
    file = tmp_path / "cameras.json"
    file.write_text(text)
    refused(file, *words)


MODELS = {
    "unknown camera": ("1 1 0 0 0 0 0 0 5 a.png", "1 PINHOLE 4 4 1 1 2 2", "images.txt, line 1", "camera 5"),
    "zero quaternion": ("1 0 0 0 0 0 0 0 1 a.png", "1 PINHOLE 4 4 1 1 2 2", "images.txt, line 1", "length zero"),
    "cut off": ("1 1 0 0 0 0", "1 PINHOLE 4 4 1 1 2 2", "images.txt, line 1", "6 values"),
    "fisheye": ("1 1 0 0 0 0 0 0 1 a.png", "1 OPENCV_FISHEYE 4 4 1 1 2 2 0 0 0 0", "cameras.txt, line 1", "OPENCV_FISHEYE"),
    "few parameters": ("1 1 0 0 0 0 0 0 1 a.png", "1 PINHOLE 4 4 1 2 2", "cameras.txt, line 1", "It has 4"),
    "nan": ("1 nan 0 0 0 0 0 0 1 a.png", "1 PINHOLE 4 4 1 1 2 2", "images.txt, line 1", "'nan'"),
    "no image": ("# none", "1 PINHOLE 4 4 1 1 2 2", "no image"),
}


@pytest.mark.parametrize("case", MODELS)
def test_a_model_of_colmap_that_is_broken(tmp_path, case):
    images, cameras, *words = MODELS[case]
    (tmp_path / "cameras.txt").write_text(cameras)
    (tmp_path / "images.txt").write_text(images)
    with pytest.raises(InputError) as caught:
        read_path(tmp_path)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_files_that_are_not_there_or_not_text(tmp_path):
    refused(tmp_path / "none.json", "no such file")
    (tmp_path / "images.bin").write_bytes(b"\xff\xfe\x80\x81" * 40)
    refused(tmp_path / "images.bin", "not text", "TXT")


@pytest.mark.parametrize("file_format", sorted(set(FORMATS) - {FileFormat.COLMAP}))
def test_every_format_cut_off_at_any_place_is_refused_or_shorter(tmp_path, file_format):
    """A file that was cut off is an error that names it, or, for lines of text, a path of fewer cameras; no other error."""
    whole = write_path(preset_path("arc_left", 6), tmp_path / "whole", file_format)[0]
    text, cut = whole.read_text(), tmp_path / f"cut{whole.suffix}"
    for share in np.linspace(0.02, 0.98, 25):
        cut.write_text(text[: int(share * len(text))])
        error, frames = outcome(cut, file_format)
        assert "cut" in error or (file_format == FileFormat.REALESTATE10K and 0 < frames < 7)


def outcome(file: Path, file_format: FileFormat) -> tuple[str, int]:
    """The error, or none and the number of frames that were read."""
    try:
        return "", read_path(file, file_format=file_format)[0].frames
    except InputError as error:
        return str(error), 0


@pytest.mark.parametrize(
    ("options", "word"), [({"frames": 0}, "frames"), ({"scale": 0.0}, "scale"), ({"camera": "b"}, "camera")]
)
def test_bad_settings_are_named(tmp_path, options, word):
    file = tmp_path / "clip.txt"
    file.write_text(f"title\n{GOOD}")
    with pytest.raises(InputError, match=word):
        read_path(file, **options)


TEN_THOUSAND = {
    FileFormat.KEYFRAMES: [{"frame": i, "position": [i / 1e4, 0, 0]} for i in range(10_000)],
    FileFormat.CAMERA_PATH: [{"frame": i, "azimuth": i / 1e3} for i in range(10_000)],
}


@pytest.mark.parametrize("file_format", TEN_THOUSAND)
def test_ten_thousand_keyframes_are_a_path_of_any_length(tmp_path, file_format):
    file = tmp_path / "long.json"
    file.write_text(json.dumps(TEN_THOUSAND[file_format]))
    path, report = read_path(file, 81)
    assert path.frames == 81 and "10000 cameras" in report and str(file_format) in report
