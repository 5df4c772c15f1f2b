"""Camera and warp nodes in the host: sockets, conventions, errors in the user's words."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest
import torch

FRAMES, HEIGHT, WIDTH = 5, 48, 64


@pytest.fixture(scope="module")
def clip():
    return torch.rand(FRAMES, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def geometry(pack):
    camera = pack.core("camera")
    depth = torch.full((FRAMES, HEIGHT, WIDTH), 3.0)
    depth[:, 12:36, 20:40] = 1.0
    lens = camera.intrinsics_from_focal(60, HEIGHT, WIDTH).expand(FRAMES, 3, 3)
    return camera.Geometry(depth, depth > 0, lens, torch.eye(4).expand(FRAMES, 4, 4))


def make_path(pack, **changes):
    defaults = {
        "preset": "arc_left", "frames": FRAMES, "amount": 1.0, "unit": "times_preset", "start": "source", "ease": "linear",
        "relative_to": "source",
    }  # fmt: skip
    return pack.node("InverseCrafterCameraPath").execute(**(defaults | changes)).args[:2]


def warp(pack, clip, geometry, path, **changes):
    settings = {"edge_cleanup": 0.0, "edge_radius": 2, "dilation": 0, "sampling": "bilinear"}
    return pack.node("InverseCrafterWarpVideo").execute(clip, geometry, path, **(settings | changes)).args


def degrees(pose: torch.Tensor) -> float:
    return math.degrees(math.acos((float(pose[:3, :3].trace()) - 1) / 2))


def test_the_amount_is_a_multiple_of_the_presets_own_or_in_its_unit(pack):
    for settings, expected in (
        ({}, 9.6),
        ({"amount": 0.5}, 4.8),
        ({"amount": 20.0, "unit": "degrees_or_rho"}, 20),
        ({"amount": 0.0, "unit": "degrees_or_rho"}, 0),
    ):
        path, picture = make_path(pack, **settings)
        assert degrees(path.camera_to_world[-1]) == pytest.approx(expected, abs=0.01)
        assert picture.ndim == 4 and picture.shape[-1] == 3
    assert make_path(pack, preset="dolly", amount=-0.3, unit="degrees_or_rho")[0].camera_to_world[-1, 2, 3] == pytest.approx(
        -0.3
    )


def test_a_connected_video_gives_the_path_its_length(pack, clip):
    assert make_path(pack, frames=81, video=clip)[0].frames == FRAMES


def test_frames_snap_to_a_connected_vae_and_the_report_says_so(pack, wan_vae):
    settings = {"preset": "arc_left", "amount": 1.0, "unit": "times_preset", "start": "source", "ease": "linear"}
    node = pack.node("InverseCrafterCameraPath")
    answer = node.execute(**settings, frames=18, relative_to="source", vae=wan_vae)
    assert answer.args[0].frames == 17 and answer.args[2] == "17 frames in place of 18: the VAE of Wan 2.1 takes 4k+1 frames."
    assert node.execute(**settings, frames=18, relative_to="source").args[2] == "18 frames."


def test_keyframes_replace_the_preset(pack):
    keys = json.dumps([{"frame": 4, "position": [0, 0, 0.5]}])
    path, _ = make_path(pack, keyframes=keys)
    assert path.name == "keyframes" and path.camera_to_world[-1, 2, 3] == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"keyframes: text that is not JSON"):
        make_path(pack, keyframes="frame 4")


def test_one_frame_is_answered_with_what_to_do(pack):
    with pytest.raises(ValueError, match=r"frames: 1.*'full'"):
        make_path(pack, frames=1)


def test_holes_are_ones_and_the_first_frame_has_none(pack, clip, geometry):
    path, _ = make_path(pack, preset="orbit")
    warped, holes, report = warp(pack, clip, geometry, path)
    assert warped.shape == clip.shape and warped.dtype == holes.dtype == torch.float32
    assert holes.shape == clip.shape[:3] and set(holes.unique().tolist()) == {0.0, 1.0}
    assert holes[0].sum() == 0 and holes[-1].sum() > 0
    assert (warped[holes == 1] == 0).all()
    assert "5 frames 64x48" in report


def test_dilation_and_edge_cleanup_reach_the_core(pack, clip, geometry):
    path, _ = make_path(pack, preset="orbit")
    plain = warp(pack, clip, geometry, path)[1].sum()
    assert warp(pack, clip, geometry, path, dilation=2)[1].sum() > plain
    camera = pack.core("camera")
    slope = torch.linspace(1, 9, WIDTH).expand(FRAMES, HEIGHT, WIDTH).contiguous()
    sloping = camera.Geometry(slope, slope > 0, geometry.intrinsics, geometry.camera_to_world)
    static, _ = make_path(pack, preset="static")
    assert warp(pack, clip, sloping, static)[1].sum() == 0
    assert warp(pack, clip, sloping, static, edge_cleanup=0.05)[1].sum() > 0


@pytest.mark.parametrize("method", ["telea", "other_frames"])
def test_filling_leaves_known_pixels_alone_and_no_hole_black(pack, clip, geometry, method):
    path, _ = make_path(pack, preset="orbit")
    bright = clip * 0.5 + 0.5
    warped, holes, _ = warp(pack, bright, geometry, path)
    sources = {} if method == "telea" else {"source": bright, "geometry": geometry, "camera_path": path}
    (filled,) = pack.node("InverseCrafterFillHoles").execute(warped, holes, method, 3, **sources).args
    assert torch.equal(filled[holes == 0], warped[holes == 0]) and filled.min() > 0.3


def test_filling_from_other_frames_names_what_is_not_connected(pack, clip):
    holes = torch.zeros(clip.shape[:3])
    holes[:, 4:8, 4:8] = 1
    with pytest.raises(ValueError, match=r"geometry and camera_path: not connected.*'telea'"):
        pack.node("InverseCrafterFillHoles").execute(clip, holes, "other_frames", 3, source=clip)


@pytest.mark.parametrize(("preset", "amount", "advice"), [("pan", 180.0, "smaller angle"), ("dolly", 5.0, "translations")])
def test_a_path_that_sees_nothing_is_told_what_to_turn_down(pack, clip, geometry, preset, amount, advice):
    path, _ = make_path(pack, preset=preset, amount=amount, unit="degrees_or_rho", start="full")
    with pytest.raises(ValueError, match=f"camera_path: '{preset}' leaves every point .*{advice}"):
        warp(pack, clip, geometry, path)


def test_an_unknown_preset_names_the_known_ones(pack):
    with pytest.raises(ValueError, match=r"preset: 'sideways'\. Choose one of arc_left, "):
        make_path(pack, preset="sideways")
    answer = pack.node("InverseCrafterCameraPath").validate_inputs
    assert answer(preset="pan") is True and answer() is True and "arc_left" in answer(preset="sideways")


@pytest.mark.parametrize(
    ("frames", "width", "says"), [(4, WIDTH, "video: 4 frames.*Wan 2.1 1 or 5"), (5, 40, "multiples of 16")]
)
def test_a_clip_that_no_vae_takes_is_refused_before_the_warp(pack, geometry, frames, width, says):
    path, _ = make_path(pack, frames=frames)
    with pytest.raises(ValueError, match=says):
        warp(pack, torch.rand(frames, HEIGHT, width, 3), geometry, path)


def test_more_frames_than_the_geometry_has_are_refused_and_the_next_prompt_runs(pack, clip, geometry):
    path, _ = make_path(pack)
    with pytest.raises(ValueError, match="video has 9, geometry has 5"):
        warp(pack, clip.repeat(2, 1, 1, 1)[:9], geometry, path)
    with pytest.raises(ValueError, match=r"camera_path has 3"):
        warp(pack, clip, geometry, make_path(pack, frames=3)[0])
    with pytest.raises(ValueError, match="behind the camera"):
        warp(pack, clip, geometry, make_path(pack, preset="dolly", amount=5.0, unit="degrees_or_rho", start="full")[0])
    with pytest.raises(ValueError, match="alpha"):
        warp(pack, torch.rand(FRAMES, HEIGHT, WIDTH, 4), geometry, path)
    assert warp(pack, clip, geometry, path)[0].shape == clip.shape


def test_cancelling_stops_the_warp(pack, clip, geometry):
    import comfy.model_management as management

    management.interrupt_current_processing(True)
    with pytest.raises(management.InterruptProcessingException):
        warp(pack, clip, geometry, make_path(pack)[0])
    assert warp(pack, clip, geometry, make_path(pack)[0])[0].shape == clip.shape


# --- the scene of the editor -----------------------------------------------------------------------------------------------


PAGE = {"workflow": {"nodes": []}}
"""The page's own form of a graph, that it sends with a prompt."""


def sent_to_the_page(pack, workflow: dict | None = PAGE, **inputs) -> dict:
    from comfy_api.latest import io

    settings = {"preset": "arc_left", "frames": 81, "amount": 1.0, "unit": "times_preset", "start": "source", "ease": "linear"}
    node = pack.node("InverseCrafterCameraPath").PREPARE_CLASS_CLONE({io.Hidden.extra_pnginfo: workflow})
    answer = node.execute(**settings, relative_to="source", **inputs)
    return answer.ui["path"][0] | {"path": answer.args[0]}


def test_a_connected_geometry_gives_the_path_its_length_and_the_page_a_scene(pack, clip, geometry):
    import folder_paths

    sent = sent_to_the_page(pack, geometry=geometry, video=clip)
    assert sent["path"].frames == sent["frames"] == FRAMES and sent["requested"] is None
    still = sent_to_the_page(pack, geometry=geometry[:1])
    assert still["frames"] == still["requested"] == 81, "the page shows another length when the widget says so"
    file = Path(folder_paths.get_temp_directory()) / sent["scene"]
    content = file.read_bytes()
    length = struct.unpack("<I", content[8:12])[0]
    header = json.loads(content[12 : 12 + length])
    assert content[:8] == b"ICSCENE1" and header["frames"] == FRAMES and header["size"] == [HEIGHT, WIDTH]
    assert len(header["cloud"]["colour"]) == FRAMES
    codes = np.frombuffer(content, "<u2", HEIGHT * WIDTH, 12 + length + header["cloud"]["depth"][0]).reshape(HEIGHT, WIDTH)
    low, high = header["range"]
    depth = np.exp(low + ((codes & 32767) - 1.0) / 32766 * (high - low)) * geometry.pivot_depth
    assert np.allclose(depth, geometry.depth[0], rtol=1e-3)


def test_one_clip_is_written_once_and_another_one_beside_it(pack, clip, geometry):
    import folder_paths

    name = sent_to_the_page(pack, geometry=geometry, video=clip)["scene"]
    file = Path(folder_paths.get_temp_directory()) / name
    file.write_bytes(b"untouched")
    assert sent_to_the_page(pack, geometry=geometry, video=clip)["scene"] == name and file.read_bytes() == b"untouched"
    file.unlink()
    assert sent_to_the_page(pack, geometry=geometry, video=1 - clip)["scene"] != name
    assert sent_to_the_page(pack, geometry=geometry)["scene"] not in (name, None)


def test_a_clip_of_half_precision_has_a_scene(pack, clip, geometry):
    for kind in (torch.float16, torch.bfloat16):
        assert sent_to_the_page(pack, geometry=geometry, video=clip.to(kind))["scene"]


def test_a_scene_that_the_page_is_reading_stays_where_the_system_does_not_delete_open_files(pack, clip, geometry, monkeypatch):
    unlink = Path.unlink

    def open_elsewhere(path: Path, missing_ok: bool = False) -> None:
        if path.suffix == ".bin":
            raise PermissionError(13, "The process cannot access the file because it is being used by another process")
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", open_elsewhere)
    names = {sent_to_the_page(pack, geometry=geometry, video=clip * (0.2 + index / 50))["scene"] for index in range(10)}
    assert len(names) == 10


def test_a_full_disk_leaves_no_half_scene(pack, clip, geometry, monkeypatch):
    import folder_paths

    def full(path: Path, content: bytes) -> None:
        path.touch()
        raise OSError(28, "No space left on device")

    folder = Path(folder_paths.get_temp_directory())
    before = set(folder.iterdir())
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        sent_to_the_page(pack, geometry=geometry, video=clip * 0.9)
    assert set(folder.iterdir()) == before


def test_only_the_scenes_used_last_stay_in_the_temporary_folder(pack, clip, geometry):
    import folder_paths

    folder = Path(folder_paths.get_temp_directory())
    names = [sent_to_the_page(pack, geometry=geometry, video=clip * (0.5 + index / 40))["scene"] for index in range(8)]
    sent_to_the_page(pack, geometry=geometry, video=clip * 0.5)
    last = sent_to_the_page(pack, geometry=geometry, video=1 - clip)["scene"]
    assert {file.name for file in folder.glob("inversecrafter_scene_*")} == {names[0], *names[2:], last}


def test_a_script_that_sends_no_graph_of_a_page_gets_the_path_without_a_scene(pack, clip, geometry):
    import folder_paths

    before = sorted(Path(folder_paths.get_temp_directory()).glob("inversecrafter_scene_*"))
    sent = sent_to_the_page(pack, workflow=None, geometry=geometry, video=1 - clip / 2)
    assert sent["scene"] is None and sent["frames"] == FRAMES
    assert sorted(Path(folder_paths.get_temp_directory()).glob("inversecrafter_scene_*")) == before


def test_without_a_geometry_there_is_no_scene(pack, clip):
    assert sent_to_the_page(pack, video=clip)["scene"] is None
