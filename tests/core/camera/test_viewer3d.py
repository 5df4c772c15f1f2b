"""Cameras of the host's 3D viewer: Y up, looking along -Z, a known answer for each trap, and bad cameras."""

from __future__ import annotations

import math

import pytest
import torch

from inversecrafter_core.camera import Geometry, intrinsics_from_focal, preset_path
from inversecrafter_core.camera.interchange import default_optics, optics_of, path_from_views, view_from_path
from inversecrafter_core.errors import InputError


def at(x=0.0, y=0.0, z=2.0, target=(0.0, 0.0, 0.0), **more):
    return {
        "position": {"x": x, "y": y, "z": z},
        "target": dict(zip("xyz", target, strict=True)),
        "zoom": 1,
        "cameraType": "perspective",
    } | more


def test_a_view_from_the_right_is_an_arc_to_the_right_about_the_target():
    """From +X, a quarter turn: right of the front view by one distance, one forward, now looking along its left (-x)."""
    path, report = path_from_views(at(x=2, z=0), None, 3)
    assert path.camera_to_world[-1, :3, 3].tolist() == pytest.approx([1, 0, 1], abs=1e-6)
    assert path.camera_to_world[-1, :3, 2].tolist() == pytest.approx([-1, 0, 0], abs=1e-6)
    assert path.camera_to_world[1, :3, 3].tolist() == pytest.approx([math.sqrt(0.5), 0, 1 - math.sqrt(0.5)], abs=1e-6)
    assert "90.0 degrees" in report and "1.41 rho" in report


def test_up_in_the_viewer_is_up_in_the_picture():
    path, _ = path_from_views(at(y=1, z=2, target=(0, 1, 0)), at(), 2)
    assert path.camera_to_world[-1, :3, 3].tolist() == pytest.approx([0, -0.5, 0], abs=1e-6), "y points down here"
    assert torch.allclose(path.camera_to_world[-1, :3, :3], torch.eye(3), atol=1e-6)


def test_a_quaternion_wins_over_the_target_and_zoom_and_fov_are_the_lens():
    """A camera rolled by 90 degrees anticlockwise about its own +Z; twice the zoom is twice the focal length."""
    half = math.sqrt(0.5)
    rolled = at(quaternion={"x": 0, "y": 0, "z": half, "w": half}, zoom=2)
    path, _ = path_from_views(rolled, at(), 2)
    assert path.camera_to_world[-1, :3, 0].tolist() == pytest.approx([0, -1, 0], abs=1e-6), "its right points up"
    assert path.focal_scale.tolist() == pytest.approx([1, 2])
    wide, _ = path_from_views(at(fov=90), at(fov=2 * math.degrees(math.atan(0.5))), 2)
    assert wide.focal_scale.tolist() == pytest.approx([1, 0.5])


def test_a_path_comes_back_from_its_views_with_any_lens_that_is_off_centre():
    lens = intrinsics_from_focal(60, 48, 64, (20, 30))
    geometry = Geometry(
        torch.full((5, 48, 64), 3.0), torch.ones(5, 48, 64).bool(), lens.repeat(5, 1, 1), torch.eye(4).repeat(5, 1, 1)
    )
    path = preset_path("orbit", 5)
    first, last = (view_from_path(path, frame, optics_of(geometry), geometry) for frame in (0, -1))
    assert first["position"] == {"x": 0, "y": 0, "z": 0} and first["target"]["z"] == pytest.approx(-3)
    assert last["fov"] == pytest.approx(2 * math.degrees(math.atan(24 / 60))) and last["aspect"] == pytest.approx(4 / 3)
    back, _ = path_from_views(last, first, 5)
    assert torch.allclose(back.camera_to_world, path.camera_to_world, atol=1e-5)


def test_views_stay_in_their_world_where_the_source_camera_moves():
    """A path's own first and last view, with the source's motion in them, give its cameras at both ends on that clip again."""
    lens, poses = intrinsics_from_focal(60, 48, 64), torch.eye(4).repeat(5, 1, 1)
    poses[:, 0, 3] = torch.arange(5.0)
    geometry = Geometry(torch.full((5, 48, 64), 3.0), torch.ones(5, 48, 64).bool(), lens.repeat(5, 1, 1), poses)
    path = preset_path("arc_left", 5)
    first, last = (view_from_path(path, frame, optics_of(geometry), geometry) for frame in (0, -1))
    back, _ = path_from_views(last, first, 5)
    found, expected = back.resolve(geometry)[0], path.resolve(geometry)[0]
    assert torch.allclose(found[[0, -1]], expected[[0, -1]], atol=1e-4)


BAD = {
    "nothing": (None, "null"),
    "no position": ({"target": {"x": 0, "y": 0, "z": 0}}, "no 'position'"),
    "no y": (at() | {"position": {"x": 1, "z": 2}}, "no 'y'"),
    "nan": (at(x=math.nan), "NaN"),
    "text": (at() | {"zoom": "2"}, '"2"'),
    "orthographic": (at() | {"cameraType": "orthographic"}, "perspective"),
    "at its target": (at(z=0), "own target"),
    "straight down": (at(y=3, z=0), "straight above"),
    "zero quaternion": (at(quaternion={"x": 0, "y": 0, "z": 0, "w": 0}), "length of zero"),
    "no zoom": (at(zoom=0), "zoom 0"),
    "half a turn of fov": (at(fov=180), "fov 180"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_camera_is_named_with_its_input(case):
    camera, word = BAD[case]
    with pytest.raises(InputError, match=r"^camera_info") as caught:
        path_from_views(camera, None, 5)
    assert word in str(caught.value)
    with pytest.raises(InputError, match=r"^start_camera_info" if camera else r"^camera_info"):
        path_from_views(at() if camera else camera, camera, 5)


def test_frames_are_checked():
    with pytest.raises(InputError, match="frames"):
        path_from_views(at(), None, 0)
    with pytest.raises(InputError, match=r"frame: 5"):
        view_from_path(preset_path("pan", 5), 5, default_optics())
