"""Nodes that load and save camera paths: files in the host's folders, never outside, never overwritten."""

from __future__ import annotations

import json
import os

import pytest
import torch

LINE = "0.5 0.9 0.5 0.5 0 0 1 0 0 {x} 0 1 0 0 0 0 1 0"
TEXT = "title\n" + "\n".join(f"{time} {LINE.format(x=-0.1 * time)}" for time in range(3))


@pytest.fixture
def folders(host_folders):
    (host_folders / "input" / "clip.txt").write_text(TEXT)
    return host_folders


@pytest.fixture
def load(pack):
    def run(file, **changes):
        settings = {"format": "auto", "frames": 0, "scale": 1.0}
        return pack.node("InverseCrafterLoadCameraPath").execute(file, **(settings | changes)).args

    return run


@pytest.fixture
def save(pack):
    def run(path, **changes):
        settings = {"format": "inversecrafter", "filename_prefix": "InverseCrafter/camera", "scale": 1.0}
        return pack.node("InverseCrafterSaveCameraPath").execute(path, **(settings | changes)).args[0]

    return run


def test_a_file_becomes_a_path_a_picture_and_a_report(folders, load):
    path, picture, report = load("clip.txt")
    assert path.camera_to_world[:, 0, 3].tolist() == pytest.approx([0, 0.1, 0.2])
    assert picture.shape[0] == 1 and picture.shape[-1] == 3
    assert report.startswith("clip.txt: realestate10k, 3 cameras")


def test_length_is_the_videos_then_the_widgets_and_scale_divides(folders, load):
    assert load("clip.txt", frames=9)[0].frames == 9
    path = load("clip.txt", frames=9, video=torch.zeros(5, 8, 8, 3), scale=2.0)[0]
    assert path.camera_to_world[:, 0, 3].tolist() == pytest.approx([0, 0.025, 0.05, 0.075, 0.1])


@pytest.mark.parametrize("file_format", ["inversecrafter", "keyframes", "comfyui_camera_path", "realestate10k", "colmap"])
def test_what_is_saved_is_loaded_from_the_output_folder(folders, load, save, pack, file_format):
    path = pack.core("camera").preset_path("arc_left", 5)
    report = save(path, format=file_format)
    name = report.removeprefix("5 cameras: ").split(", ")[0]
    back = load(f"{name} [output]")[0]
    assert torch.allclose(back.camera_to_world, path.camera_to_world, atol=1e-5)
    assert report != save(path, format=file_format)
    if file_format == "keyframes":
        text = (folders / "output" / name).read_text()
        assert json.loads(text)["keyframes"][4]["frame"] == 4


def test_keyframes_give_the_same_path_loaded_as_planned(folders, load, pack):
    """With the widgets as they are at first; keyframes may have a pace of their own."""
    keys = [{"frame": 0}, {"frame": 4, "position": [0.2, 0, 0], "ease": "smooth"}, {"frame": 8, "euler": [0, 9, 0]}]
    (folders / "input" / "keys.json").write_text(json.dumps(keys))
    plan = pack.node("InverseCrafterCameraPath")
    inputs = {one.id: one.default for one in plan.define_schema().inputs if one.id in ("preset", "amount", "unit", "start")}
    default = {one.id: one.default for one in plan.define_schema().inputs if one.id in ("ease", "relative_to")}
    planned = plan.execute(frames=9, keyframes=json.dumps(keys), **inputs, **default).args[0]
    loaded = load("keys.json")[0]
    assert torch.allclose(loaded.camera_to_world, planned.camera_to_world, atol=1e-6)


@pytest.mark.parametrize("relative_to", ["source", "world", "stabilised"])
@pytest.mark.parametrize("file_format", ["inversecrafter", "keyframes", "comfyui_camera_path"])
def test_what_a_path_is_relative_to_is_kept_or_named(folders, load, save, pack, file_format, relative_to):
    report = save(pack.core("camera").preset_path("arc_left", 5, relative_to=relative_to), format=file_format)
    back = load(f"{report.removeprefix('5 cameras: ').split('.json')[0]}.json [output]")[0]
    named = f"relative to {relative_to}" in report
    assert named == (file_format == "comfyui_camera_path" and relative_to != "source")
    assert named or back.relative_to == relative_to


@pytest.mark.parametrize("file_format", ["colmap", "nerfstudio", "realestate10k", "recammaster", "inversecrafter"])
def test_a_path_saved_in_the_scene_of_a_moving_source_is_the_same_on_that_clip_again(folders, load, save, pack, file_format):
    camera = pack.core("camera")
    poses = torch.eye(4).repeat(5, 1, 1)
    poses[:, 0, 3] = torch.arange(5.0)
    depth = torch.full((5, 48, 64), 2.0)
    lens = torch.tensor([[48.0, 0, 32], [0, 48, 24], [0, 0, 1]]).repeat(5, 1, 1)
    geometry = camera.Geometry(depth, depth > 0, lens, poses)
    path = camera.preset_path("arc_left", 5)
    report = save(path, format=file_format, geometry=geometry)
    name = report.removeprefix("5 cameras: ").split(", ")[0].partition(". ")[0]
    scale = float(report.partition("of which ")[2].split(" ")[0] or 1)
    back = load(f"{name} [output]", scale=scale)[0]
    for found, expected in zip(back.resolve(geometry), path.resolve(geometry), strict=True):
        assert torch.allclose(found, expected, atol=1e-4)


def test_files_of_the_input_folder_are_offered_and_a_model_as_its_folder(folders, pack):
    model = folders / "input" / "scan" / "sparse"
    model.mkdir(parents=True)
    for name in ("images.txt", "cameras.txt"):
        (model / name).write_text("# none")
    (folders / "input" / "picture.png").write_bytes(b"")
    assert pack.submodule("nodes.warp.camera_files").found_files() == ["scan/sparse", "clip.txt"]


@pytest.mark.parametrize("file", ["../secret.json", "/etc/passwd", "a/../../b.txt [output]"])
def test_a_file_outside_of_the_hosts_folders_is_refused(folders, load, pack, file):
    with pytest.raises(pack.core("errors").InputError, match="outside of"):
        load(file)
    assert "outside of" in pack.node("InverseCrafterLoadCameraPath").validate_inputs(file=file)


def test_a_missing_file_stops_before_the_run_and_a_replaced_one_is_loaded_again(folders, pack):
    node = pack.node("InverseCrafterLoadCameraPath")
    assert "none.json" in node.validate_inputs(file="none.json")
    assert node.validate_inputs(file="clip.txt") is True
    before = node.fingerprint_inputs("clip.txt", frames=3)
    os.utime(folders / "input" / "clip.txt", (1, 1))
    assert node.fingerprint_inputs("clip.txt", frames=3) != before


def test_a_format_that_is_unknown_is_named_with_the_known_ones(folders, load, save, pack):
    for attempt in (
        lambda: load("clip.txt", format="usd"),
        lambda: save(pack.core("camera").preset_path("pan", 3), format="usd"),
    ):
        with pytest.raises(pack.core("errors").InputError, match="colmap"):
            attempt()


@pytest.mark.parametrize(("prefix", "name"), [("", "camera_00001.json"), ("./", "camera_00001.json"), ("a/", "a_00001.json")])
def test_a_prefix_without_a_name_saves_into_the_output_folder(folders, save, pack, prefix, name):
    assert save(pack.core("camera").preset_path("pan", 3), filename_prefix=prefix) == f"3 cameras: {name}"
    assert (folders / "output" / name).is_file() and not list(folders.glob("*.json"))


def test_nothing_is_saved_outside_of_the_output_folder(folders, save, pack):
    with pytest.raises(Exception, match="outside"):
        save(pack.core("camera").preset_path("pan", 3), filename_prefix="../../elsewhere/camera")
    assert not (folders / "elsewhere").exists()
