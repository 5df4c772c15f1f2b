"""Camera files of other programs: known answers, what is written read by hand, and round trips.

Every known answer is one motion written by hand in the style of the program: the camera starts away from the origin
and moves half a unit to its right, a quarter down and one unit forward while it pans 90 degrees to the right.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from on_gpu import on_gpu

from inversecrafter_core.camera import CameraPath, Ease, Geometry, keyframe_path, preset_path
from inversecrafter_core.camera.interchange import FORMATS, FileFormat, path_of, read_path, read_trajectory, write_path
from inversecrafter_core.camera.interchange.formats.registry import detect
from inversecrafter_core.errors import InputError

MOVED = (0.5, 0.25, 1.0)
PANNED = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]
"""Right is backward, forward is right: the axes after a pan of 90 degrees to the right, as columns."""
POSE_FREE = sorted(set(FileFormat) - {FileFormat.CAMERA_PATH})


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def is_the_motion(path: CameraPath) -> None:
    assert torch.allclose(path.camera_to_world[0], torch.eye(4), atol=1e-5)
    assert torch.allclose(path.camera_to_world[-1, :3, 3], torch.tensor(MOVED), atol=1e-5)
    assert torch.allclose(path.camera_to_world[-1, :3, :3], torch.tensor(PANNED), atol=1e-5)


def test_realestate10k_is_world_to_camera_with_focal_lengths_over_the_picture(tmp_path):
    """Layout: google.github.io/realestate10k and CameraCtrl's loader (19 columns, the last 12 world-to-camera, row-major).

    The first camera stands at (10, 0, 0). World to camera of the second: R^T, and t = -R^T C with C = (10.5, .25, 1),
    which is (1, -.25, -10.5). Read as camera-to-world it would be far off.
    """
    lines = [
        "https://www.youtube.com/watch?v=KKhUU8czPgI",
        "81372956 0.5 0.9 0.5 0.5 0.0 0.0 1 0 0 -10 0 1 0 0 0 0 1 0",
        "81414667 0.75 1.35 0.5 0.5 0.0 0.0 0 0 -1 1 0 1 0 -0.25 1 0 0 -10.5",
    ]
    path, report = read_path(write(tmp_path / "clip.txt", "\n".join(lines)))
    is_the_motion(path)
    assert path.focal_scale.tolist() == pytest.approx([1.0, 1.5])
    assert "realestate10k" in report and "2 cameras" in report


def test_recammaster_is_unreal_row_vectors_in_centimetres(tmp_path):
    """Layout: ReCamMaster's camera_extrinsics.json and its loader, which transposes, takes columns 1, 2, 0 and flips y.

    Unreal: x forward, y right, z up. Rows: the forward, right and up axes, the position. The camera
    first looks along +x at (300, 0, 150). After the pan to its right it looks along +y, its right is -x; it moved 100 forward
    (+x), 50 right (+y) and 25 down (-z).
    """
    frames = {
        "frame0": {
            "cam01": "[1 0 0 0] [0 1 0 0] [0 0 1 0] [300 0 150 1] ",
            "cam02": "[1 0 0 0] [0 1 0 0] [0 0 1 0] [0 0 0 1] ",
        },
        "frame1": {
            "cam01": "[0 1 0 0] [-1 0 0 0] [0 0 1 0] [400 50 125 1] ",
            "cam02": "[1 0 0 0] [0 1 0 0] [0 0 1 0] [7 0 0 1] ",
        },
    }
    file = write(tmp_path / "camera_extrinsics.json", frames)
    is_the_motion(read_path(file)[0])
    other = read_path(file, camera="cam02")[0]
    assert other.camera_to_world[1, :3, 3].tolist() == pytest.approx([0, 0, 0.07])
    assert other.focal_scale.tolist() == [1.0, 1.0]


def colmap(
    folder: Path, images: str, cameras: str = "1 PINHOLE 640 480 320 320 320 240\n2 SIMPLE_PINHOLE 640 480 480 300 250\n"
) -> Path:
    write(folder / "cameras.txt", f"# Camera list with one line of data per camera:\n{cameras}")
    return write(folder / "images.txt", f"# Image list with two lines of data per image:\n{images}").parent


@pytest.mark.parametrize("points", ["\n", "1.5 2.5 -1 10.25 11 63390\n", None], ids=["none", "some", "no line"])
def test_colmap_is_world_to_camera_wxyz_and_its_images_are_in_no_order(tmp_path, points):
    """Layout: colmap.github.io/format.html (Hamilton, world to camera, two lines an image, ids in no order).

    The pan by 90 degrees about y has the quaternion (s, 0, s, 0); world to camera its inverse (s, 0, -s, 0). C = (10.5, .25, 1)
    gives t = (1, -.25, -10.5). frame_10 is listed before frame_2.
    """
    half = math.sqrt(0.5)
    rest = "" if points is None else points
    images = f"7 {half} 0 {-half} 0 1 -0.25 -10.5 2 frame_10.png\n{rest}3 1 0 0 0 -10 0 0 1 frame_2.png\n{rest}"
    path, report = read_path(colmap(tmp_path / "sparse", images))
    is_the_motion(path)
    assert path.focal_scale.tolist() == pytest.approx([1.0, 1.5])
    assert "principal point moves by 3.1%" in report


def test_colmap_reads_opencv_cameras_without_their_distortion(tmp_path):
    """OPENCV is fx, fy, cx, cy, k1, k2, p1, p2 (colmap.github.io/cameras.html)."""
    folder = colmap(tmp_path / "m", "1 1 0 0 0 0 0 0 1 a.png\n\n", "1 OPENCV 640 480 320 321 310 240 0.1 -0.01 0.001 0.002\n")
    trajectory, known = read_trajectory(folder)
    assert known == FileFormat.COLMAP
    assert trajectory.focal.tolist() == [0.5]
    assert trajectory.principal.tolist() == [[310 / 640, 0.5]]


def test_nerfstudio_is_camera_to_world_in_opengl_axes(tmp_path):
    """Layout: docs.nerf.studio/quickstart/data_conventions.html (+y up, -z looks; transform_matrix camera-to-world, pixels).

    The first camera's axes are the world's. To the right, down and forward is (.5, -.25, -1) there. After the pan its right is
    +z, its up +y, its back -x. The frames are listed backward.
    """
    first = [[1, 0, 0, 3], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
    second = [[0, 0, -1, 3.5], [0, 1, 0, -0.25], [1, 0, 0, -1], [0, 0, 0, 1]]
    frames = [
        {"file_path": "images/frame_00010.png", "transform_matrix": second, "fl_x": 960.0},
        {"file_path": "images/frame_00002.png", "transform_matrix": first},
    ]
    content = {
        "camera_model": "OPENCV",
        "w": 1280,
        "h": 720,
        "fl_x": 640.0,
        "fl_y": 640.0,
        "cx": 640,
        "cy": 360,
        "frames": frames,
    }
    path, _ = read_path(write(tmp_path / "transforms.json", content))
    is_the_motion(path)
    assert path.focal_scale.tolist() == pytest.approx([1.0, 1.5])


def test_a_blender_export_gives_its_field_of_view(tmp_path):
    """``camera_angle_x`` is the horizontal field of view in radians: 90 degrees is a focal length of half the width."""
    content = {"camera_angle_x": math.pi / 2, "frames": [{"transform_matrix": np.eye(4).tolist()}]}
    assert read_trajectory(write(tmp_path / "transforms.json", content))[0].focal.tolist() == pytest.approx([0.5])


def orbit(tmp_path: Path, *camera: dict, **more: object) -> CameraPath:
    return read_path(write(tmp_path / "path.json", {"version": 2, "camera": list(camera), **more}))[0]


def test_camera_path_keyframes_orbit_the_pivot(tmp_path):
    """Layout: phazei/ComfyUI-Camera-Path, README (positive azimuth swings right, elevation raises, distance is the radius).

    90 degrees to the right around (0, 0, 1) at distance 2 is the point (2, 0, 1), looking along -x.
    """
    path = orbit(tmp_path, {"frame": 0}, {"frame": 4, "azimuth": 90, "distance": 2})
    assert torch.allclose(path.camera_to_world[0], torch.eye(4), atol=1e-6)
    assert path.camera_to_world[4, :3, 3].tolist() == pytest.approx([2, 0, 1], abs=1e-6)
    assert path.camera_to_world[4, :3, 2].tolist() == pytest.approx([-1, 0, 0], abs=1e-6)
    above = orbit(tmp_path, {"frame": 0, "elevation": 90}).camera_to_world[0]
    assert above[:3, 3].tolist() == pytest.approx([0, -1, 1], abs=1e-6)
    assert above[:3, 2].tolist() == pytest.approx([0, 1, 0], abs=1e-6)


def test_camera_path_axes_slide_turn_and_follow_a_monotone_cubic(tmp_path):
    """Truck and boom keep the view, lock 1 turns it to the pivot, pan and dolly act on the camera's own axes (same README)."""
    slid = orbit(tmp_path, {"frame": 0, "lateral": 1, "height": 0.5}).camera_to_world[0]
    assert torch.allclose(slid[:3, :3], torch.eye(3), atol=1e-6)
    assert slid[:3, 3].tolist() == pytest.approx([1, -0.5, 0])
    locked = orbit(tmp_path, {"frame": 0, "lateral": 1, "lock": 1}).camera_to_world[0]
    assert locked[:3, 2].tolist() == pytest.approx([-math.sqrt(0.5), 0, math.sqrt(0.5)], abs=1e-6)
    panned = orbit(tmp_path, {"frame": 0, "pan": 90, "dolly": 0.5}).camera_to_world[0]
    assert panned[:3, 3].tolist() == pytest.approx([0.5, 0, 0], abs=1e-6)
    eased = orbit(tmp_path, {"frame": 0}, {"frame": 4, "lateral": 1}).camera_to_world[:, 0, 3]
    assert eased.tolist() == pytest.approx([0, 0.15625, 0.5, 0.84375, 1], abs=1e-6)


def test_camera_path_pivots_straighten_blend_and_hand_over(tmp_path):
    """A pivot has a place and a frame (roll, heading); ``pivot_blend`` mixes two; version 1 is the bare list."""
    pivots = [{"id": "a", "keys": [{"frame": 0}]}, {"id": "b", "keys": [{"frame": 0, "x": 2, "heading": 0}]}]
    path = orbit(tmp_path, {"frame": 0, "pivot": "a"}, {"frame": 2, "pivot": "b"}, pivots=pivots)
    assert path.camera_to_world[:, 0, 3].tolist() == pytest.approx([0, 1, 2], abs=1e-6)
    half = orbit(tmp_path, {"frame": 0, "pivot": "a", "pivot_target": "b", "pivot_blend": 0.25}, pivots=pivots)
    assert half.camera_to_world[0, 0, 3].item() == pytest.approx(0.5)
    turned = orbit(tmp_path, {"frame": 0}, pivots=[{"id": "p", "keys": [{"frame": 0, "heading": 90}]}])
    assert turned.camera_to_world[0, :3, 3].tolist() == pytest.approx([1, 0, 1], abs=1e-6)
    old = read_path(write(tmp_path / "old.json", [{"frame": 0, "azimuth": 90}]))[0]
    assert old.camera_to_world[0, :3, 3].tolist() == pytest.approx([1, 0, 1], abs=1e-6)


def test_keyframes_play_over_the_length_of_the_clip(tmp_path):
    keyframes = [{"frame": 0}, {"frame": 8, "position": [0.2, 0, 0], "euler": [0, 10, 0]}]
    path, _ = read_path(write(tmp_path / "k.json", keyframes))
    planned = keyframe_path(json.dumps(keyframes), 9, ease=Ease.LINEAR)
    assert torch.allclose(path.camera_to_world, planned.camera_to_world, atol=1e-6)
    long = read_path(tmp_path / "k.json", 17)[0].camera_to_world
    assert torch.allclose(long[::2], path.camera_to_world, atol=1e-6)


def test_keyframes_that_say_what_they_are_relative_to_are_not_taken_for_others():
    text = '{"relative_to": "world", "keyframes": [{"frame": 0, "position": [0.1, 0, 0]}]}'
    assert keyframe_path(text, 2, relative_to="world").relative_to == "world"
    with pytest.raises(InputError, match=r"relative_to: source, and the keyframes are relative to world\. Choose world"):
        keyframe_path(text, 2)


WINDING = [
    {"frame": 6, "position": [0.1, -0.2, 0.3], "euler": [5, 20, -10]},
    {"frame": 12, "position": [-0.3, 0.1, 0.9], "quaternion": [0.9, 0.1, -0.4, 0.05]},
]


def winding(zoom: bool) -> CameraPath:
    keys = [*WINDING[:1], {**WINDING[1], "focal_scale": 1.4}] if zoom else WINDING
    return keyframe_path(json.dumps(keys), 13)


@pytest.mark.parametrize("file_format", list(FORMATS))
def test_what_is_written_is_read_again_equal(tmp_path, file_format):
    zoom = file_format not in (FileFormat.CAMERA_PATH, FileFormat.RECAMMASTER)
    path = winding(zoom)
    files = write_path(path, tmp_path / "out", file_format)
    file = files[0].parent if len(files) > 1 else files[0]
    assert detect(file) == file_format
    back, _ = read_path(file)
    assert torch.allclose(back.camera_to_world, path.camera_to_world, atol=1e-5)
    assert torch.allclose(back.focal_scale, path.focal_scale, atol=1e-5)


@pytest.mark.parametrize("file_format", [FileFormat.INVERSECRAFTER, FileFormat.COLMAP])
def test_a_path_on_a_gpu_is_written_too(tmp_path, file_format):
    """As Invert Camera Path makes it under --gpu-only."""
    path = winding(True)
    there = CameraPath(on_gpu(path.camera_to_world), on_gpu(path.focal_scale))
    texts = [write_path(one, tmp_path / "out", file_format)[-2:][0].read_text() for one in (path, there)]
    assert texts[0] == texts[1]


def test_a_path_without_zoom_is_required_where_the_format_has_no_lens(tmp_path):
    with pytest.raises(InputError, match="zooms"):
        write_path(winding(True), tmp_path / "out", FileFormat.CAMERA_PATH)


def test_a_scene_is_written_with_its_unit_its_lens_and_the_motion_of_its_source(tmp_path):
    """One rho is 2, the source camera moves 1 a frame to its right, the target 0.5 rho = 1 forward: the file has both."""
    poses = torch.eye(4).repeat(3, 1, 1)
    poses[:, 0, 3] = torch.arange(3.0)
    lens = torch.tensor([[48.0, 0, 30], [0, 48, 20], [0, 0, 1]]).repeat(3, 1, 1)
    depth = torch.full((3, 48, 64), 2.0)
    geometry = Geometry(depth, depth > 0, lens, poses)
    target = torch.eye(4).repeat(3, 1, 1)
    target[:, 2, 3] = torch.tensor([0.0, 0.25, 0.5])
    path = CameraPath(target, torch.ones(3))
    folder = write_path(path, tmp_path / "scene", FileFormat.COLMAP, geometry)[0].parent
    assert (folder / "cameras.txt").read_text().splitlines()[2] == "1 PINHOLE 64 48 48 48 30 20"
    back = read_trajectory(folder)[0]
    assert back.camera_to_world[2, :3, 3].tolist() == pytest.approx([2, 0, 1])
    assert path_of(back, scale=2.0).camera_to_world[2, :3, 3].tolist() == pytest.approx([1, 0, 0.5])


def test_files_are_never_overwritten(tmp_path):
    path = preset_path("arc_left", 5)
    first, second = (write_path(path, tmp_path / "a" / "p", FileFormat.NERFSTUDIO)[0] for _ in range(2))
    assert (first.name, second.name) == ("p_00001.json", "p_00002.json")
    folders = [write_path(path, tmp_path / "a" / "p", FileFormat.COLMAP)[0].parent.name for _ in range(2)]
    assert folders == ["p_00001", "p_00002"]


def test_time_is_the_files_and_rotations_follow_great_circles(tmp_path):
    """Timestamps 0, 1, 4: at half the time of five frames the camera is a third of the way between the last two."""
    rows = [(0, 0.0, 0.0), (1, 0.5, 10.0), (4, 2.0, 40.0)]
    lines = ["title"]
    for time, x, angle in rows:
        c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        lines.append(f"{time} 0.5 0.9 0.5 0.5 0 0 {c} 0 {-s} {-c * x} 0 1 0 0 {s} 0 {c} {-s * x}")
    path = read_path(write(tmp_path / "t.txt", "\n".join(lines)), 5)[0]
    assert path.camera_to_world[:, 0, 3].tolist() == pytest.approx([0, 0.5, 1.0, 1.5, 2.0], abs=1e-5)
    angles = torch.rad2deg(torch.atan2(path.camera_to_world[:, 0, 2], path.camera_to_world[:, 0, 0]))
    assert angles.tolist() == pytest.approx([0, 10, 20, 30, 40], abs=1e-3)


def test_ten_thousand_cameras_are_read(tmp_path):
    lines = "\n".join(f"{i} .5 .9 .5 .5 0 0 1 0 0 {-i / 1e4} 0 1 0 0 0 0 1 0" for i in range(10_000))
    path, _ = read_path(write(tmp_path / "long.txt", lines), 81)
    assert path.frames == 81 and path.camera_to_world[-1, 0, 3].item() == pytest.approx(0.9999)


def test_a_path_far_beyond_the_footage_is_named_with_a_scale(tmp_path):
    lines = "0 .5 .9 .5 .5 0 0 1 0 0 0 0 1 0 0 0 0 1 0\n1 .5 .9 .5 .5 0 0 1 0 0 -30 0 1 0 0 0 0 1 0"
    _, report = read_path(write(tmp_path / "far.txt", lines))
    assert "up to 30 rho" in report and "to 100 for 0.3 rho" in report
