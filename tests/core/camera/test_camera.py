"""Cameras: directions as seen on pictures, amounts of the paper, keyframes exact, errors precise."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from scenes import FOCAL, moved, plane, step

from inversecrafter_core.camera import (
    PRESETS,
    CameraPath,
    Geometry,
    field_of_view,
    intrinsics_from_focal,
    intrinsics_from_fov,
    keyframe_path,
    preset_path,
    project,
    unproject,
)
from inversecrafter_core.camera.rotation import look_at, turn_x, turn_y, turn_z
from inversecrafter_core.errors import InputError
from inversecrafter_core.preview.camera_path import path_picture
from inversecrafter_core.warp import warp_video

PAPER = {"arc_left": 9.6, "arc_right": 9.6, "arc_up": 9.6, "arc_down": 4.8, "zoom_in": 0.056, "zoom_out": 0.084}


def disc_centre(path: CameraPath, depth: float, focal: float = FOCAL) -> tuple[float, float]:
    """Where a bright square in the picture's middle, standing at ``depth`` with the pivot at 2, is seen at the end."""
    height, width = 61, 81
    video = torch.zeros(1, height, width, 3)
    video[:, 25:36, 35:46] = 1
    field = torch.full((1, height, width), depth)
    eye = torch.eye(4)[None]
    geometry = Geometry(field, field > 0, intrinsics_from_focal(focal, height, width)[None], eye)
    # The pivot must be where the test wants it, not at this depth: scale the path's translations.
    poses = path.camera_to_world[-1:].clone()
    poses[:, :3, 3] *= 2.0 / geometry.pivot_depth
    seen = warp_video(video, geometry, CameraPath(poses, path.focal_scale[-1:])).video[0, ..., 0]
    rows, columns = torch.arange(height) + 0.5, torch.arange(width) + 0.5
    return float((seen.sum(0) * columns).sum() / seen.sum()) - width / 2, float(
        (seen.sum(1) * rows).sum() / seen.sum()
    ) - height / 2


@pytest.mark.parametrize(
    ("name", "near_x", "near_y"),
    [("arc_left", 1, 0), ("arc_right", -1, 0), ("arc_up", 0, 1), ("arc_down", 0, -1), ("orbit", -1, 0), ("crane", 0, 1)],
)
def test_an_arc_moves_near_things_one_way_and_far_things_the_other_and_holds_the_pivot(name, near_x, near_y):
    path = preset_path(name, 9, 0.1)
    for depth, sign in ((1.6, 1), (3.0, -1)):
        x, y = disc_centre(path, depth)
        assert (round(x / 1.0) > 0) - (round(x / 1.0) < 0) == sign * near_x
        assert (round(y / 1.0) > 0) - (round(y / 1.0) < 0) == sign * near_y
    assert max(map(abs, disc_centre(path, 2.0))) < 0.25


def test_pan_right_moves_the_picture_left_and_tilt_up_moves_it_down():
    x, y = disc_centre(preset_path("pan", 5, 0.1), 2.0)
    assert x == pytest.approx(-FOCAL * math.tan(0.1), abs=0.3) and abs(y) < 0.2
    x, y = disc_centre(preset_path("tilt", 5, 0.1), 2.0)
    assert y == pytest.approx(FOCAL * math.tan(0.1), abs=0.3) and abs(x) < 0.2


def test_a_dolly_goes_forward_and_zoom_out_goes_back():
    assert preset_path("zoom_in", 5).camera_to_world[-1, 2, 3] == pytest.approx(0.056)
    assert preset_path("zoom_out", 5).camera_to_world[-1, 2, 3] == pytest.approx(-0.084)
    assert preset_path("dolly", 5, 0.3).camera_to_world[-1, 2, 3] == pytest.approx(0.3)


def test_the_six_trajectories_of_the_paper_have_its_amounts():
    assert {name: PRESETS[name].amount for name in PAPER} == PAPER
    for name in ("arc_left", "arc_right", "arc_up", "arc_down"):
        turn = preset_path(name, 49).camera_to_world[-1, :3, :3]
        assert math.degrees(math.acos((float(turn.trace()) - 1) / 2)) == pytest.approx(PAPER[name], abs=1e-3)


def test_the_paper_goes_linearly_over_the_frames():
    angles = [math.asin(float(pose[0, 2])) for pose in preset_path("arc_left", 49).camera_to_world]
    assert torch.tensor(angles).diff() == pytest.approx(torch.full((48,), math.radians(9.6) / 48), abs=1e-6)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("frames", [2, 17, 50])
def test_every_preset_starts_at_the_source_camera_and_is_rigid(name, frames):
    path = preset_path(name, frames)
    rotations = path.camera_to_world[:, :3, :3]
    torch.testing.assert_close(path.camera_to_world[0], torch.eye(4), atol=1e-6, rtol=0)
    torch.testing.assert_close(rotations @ rotations.mT, torch.eye(3).expand(frames, 3, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.linalg.det(rotations), torch.ones(frames), atol=1e-5, rtol=0)
    assert path.frames == frames and path.focal_scale[0] == 1


@pytest.mark.parametrize("name", ["arc_left", "arc_right", "arc_up", "arc_down", "orbit", "crane", "spiral"])
def test_presets_that_look_at_the_pivot_keep_it_in_the_middle(name):
    path = preset_path(name, 7)
    for pose in path.camera_to_world:
        pixel, depth = project(torch.tensor([0.0, 0.0, 1.0]), intrinsics_from_focal(50, 40, 60), pose)
        torch.testing.assert_close(pixel, torch.tensor([30.0, 20.0]), atol=1e-3, rtol=0)
        assert depth > 0.5


def test_full_start_holds_the_full_amount_and_allows_one_frame():
    held = preset_path("arc_up", 3, start="full").camera_to_world
    torch.testing.assert_close(held[0], held[2])
    torch.testing.assert_close(held[0], preset_path("arc_up", 9).camera_to_world[-1])
    assert preset_path("arc_up", 1, start="full").frames == 1


def test_smooth_ease_has_the_same_ends_and_starts_softly():
    linear, smooth = preset_path("dolly", 21), preset_path("dolly", 21, ease="smooth")
    torch.testing.assert_close(linear.camera_to_world[-1], smooth.camera_to_world[-1])
    assert smooth.camera_to_world[1, 2, 3] < 0.2 * linear.camera_to_world[1, 2, 3]


def test_a_dolly_zoom_keeps_the_subject_and_shrinks_the_background():
    path = preset_path("dolly_zoom", 5, 0.3)
    for pose, scale in zip(path.camera_to_world, path.focal_scale, strict=True):
        lens = intrinsics_from_focal(100 * float(scale), 40, 60)
        subject, _ = project(torch.tensor([0.2, 0.1, 1.0]), lens, pose)
        torch.testing.assert_close(subject, torch.tensor([50.0, 30.0]), atol=1e-3, rtol=0)
    background, _ = project(torch.tensor([0.6, 0.3, 3.0]), lens, pose)
    assert background[0] < 50 and background[1] < 30


def test_one_frame_cannot_move():
    with pytest.raises(InputError, match=r"frames: 1.*full"):
        preset_path("arc_left", 1)
    assert preset_path("static", 1).frames == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("arc", 5), "'arc'.*arc_left"),
        (("pan", 0), "frames: 0"),
        (("pan", 5, math.nan), "amount: nan"),
        (("dolly_zoom", 5, 1.0), "focal scale of zero"),
    ],
)
def test_a_bad_preset_is_refused_by_name(arguments, message):
    with pytest.raises(InputError, match=message):
        preset_path(*arguments)


def test_world_paths_ignore_the_source_motion_and_source_paths_ride_on_it():
    scene = plane(2)
    travelled = torch.eye(4).repeat(2, 1, 1)
    travelled[1, 0, 3] = 0.7
    scene = Geometry(scene.depth, scene.valid, scene.intrinsics, travelled)
    for relative_to, expected in (("source", 0.7), ("world", 0.0)):
        poses, _ = preset_path("static", 2, relative_to=relative_to).resolve(scene)
        assert poses[1, 0, 3] == pytest.approx(expected)


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_path_says_which_frames_are_the_sources_own_view(name):
    if name == "stabilise":
        assert preset_path(name, 5).source_views().tolist() == [True, *[False] * 4], "not before the source's shake is known"
        return
    still = name == "static"
    going, staying = preset_path(name, 5), preset_path(name, 5, start="full")
    assert going.starts_at_source() and staying.starts_at_source() == still
    assert going.source_views().tolist() == [True, *[still] * 4] and staying.source_views().tolist() == [still] * 5


def test_another_lens_is_another_view():
    eye = torch.eye(4).repeat(3, 1, 1)
    path = CameraPath(eye, torch.tensor([1.0, 1.00001, 0.9]))
    assert path.source_views().tolist() == [True, True, False]
    assert not CameraPath(eye, torch.full((3,), 0.9)).starts_at_source()
    assert "0.9 times the focal length" in CameraPath(eye, torch.full((3,), 0.9)).start()


def test_keyframes_that_start_elsewhere_say_where():
    path = keyframe_path('[{"frame": 0, "position": [0.3, 0, 0.4], "euler": [0, 6, 0]}, {"frame": 4}]', 5)
    assert path.source_views().tolist() == [False, False, False, False, True]
    assert path.start() == "turned by 6 degrees, moved by 0.5 rho"


def test_beside_a_moving_source_a_path_in_the_world_needs_the_geometry():
    travelled = torch.eye(4).repeat(3, 1, 1)
    travelled[1:, 0, 3] = 0.7
    scene = replace(plane(3, depth=4.0), camera_to_world=travelled)
    follows = torch.eye(4).repeat(3, 1, 1)
    follows[2, 0, 3] = 0.7 / scene.pivot_depth
    in_world, lens = CameraPath(follows, torch.ones(3), "world"), preset_path("static", 3, relative_to="world")
    assert in_world.source_views(scene).tolist() == [True, False, True]
    assert in_world.source_views().tolist() == [True, False, False], "without it only the first frame can be known"
    assert lens.source_views(scene).tolist() == [True, False, False]
    assert preset_path("static", 3).source_views(scene).tolist() == [True, True, True]


def test_translations_scale_with_the_depth_at_the_pivot():
    poses, _ = moved(x=0.5).resolve(plane(depth=4.0))
    assert poses[0, 0, 3] == pytest.approx(2.0)
    assert step(near=1.5).pivot_depth == 1.5


def open_street(frames: int = 1, person: float = 2.7) -> Geometry:
    """Ground from 1.6 m below the camera to the horizon, houses far away, and a person near who is not in the middle."""
    rows = (torch.arange(60) + 0.5 - 30) / 52
    depth = torch.where(rows > 0.03, 1.6 / rows.clamp_min(0.03), 60.0)[:, None].expand(60, 104).repeat(frames, 1, 1)
    depth[:, 12:58, 62:80] = person
    return Geometry(
        depth, depth > 0, intrinsics_from_focal(90.0, 60, 104).expand(frames, 3, 3), torch.eye(4).repeat(frames, 1, 1)
    )


def test_an_arc_over_an_open_street_keeps_the_person_in_the_picture():
    scene = open_street()
    warp = warp_video(torch.rand(1, 60, 104, 3), scene, preset_path("arc_left", 1, start="full"))
    assert 2.7 <= scene.pivot_depth <= 2 * 2.7 + 0.1, "at the person, or as far behind as moves nobody more than a pan"
    assert float(1 - warp.coverage) < 0.25


def test_the_pivot_grows_with_the_scene_and_stays_for_any_size_of_the_picture():
    scene = open_street()
    for scale in (1e-3, 1e3):
        grown = replace(scene, depth=scene.depth * scale)
        assert grown.pivot_depth == pytest.approx(scale * scene.pivot_depth, rel=1e-5)
    deep = scene.depth.repeat_interleave(7, 1).repeat_interleave(7, 2)
    large = replace(scene, depth=deep, valid=deep > 0)
    assert large.pivot_depth == pytest.approx(scene.pivot_depth, rel=0.05)


def test_the_pivot_is_the_subject_in_the_centre_and_never_where_depth_is_not_valid():
    assert step(near=1.5, far=2.5).pivot_depth == 1.5
    scene = open_street()
    sky = scene.depth > 50
    assert replace(scene, depth=torch.where(sky, 1e6, scene.depth), valid=~sky).pivot_depth < 10


def test_one_who_comes_near_later_counts_for_the_pivot_of_the_whole_clip():
    street, near = open_street(2, 30.0), open_street(2, 30.0)
    near.depth[1, 5:, 20:90] = 1.0
    assert near.pivot_depth < 0.7 * street.pivot_depth


# --- keyframes -------------------------------------------------------------------------------------------------------------

KEYS = [
    {"frame": 0},
    {"frame": 5, "position": [0.1, -0.2, 0.3], "euler": [4, -7, 2], "focal_scale": 1.2},
    {"frame": 9, "position": [0.2, -0.2, 0.0], "quaternion": [2, 0.1, 0.2, 0]},
    {"frame": 12, "position": [0.3, 0, 0], "look_at": [0, 0, 1]},
]


@pytest.mark.parametrize("ease", ["linear", "smooth"])
def test_a_keyframe_path_passes_exactly_through_its_keyframes_and_holds_after_the_last(ease):
    path = keyframe_path(json.dumps(KEYS), 15, ease=ease)
    for key in KEYS:
        expected = torch.tensor(key.get("position", [0.0, 0.0, 0.0]))
        torch.testing.assert_close(path.camera_to_world[key["frame"], :3, 3], expected, atol=1e-7, rtol=0)
        assert path.focal_scale[key["frame"]] == pytest.approx(key.get("focal_scale", 1.0))
    up, right, roll = (torch.tensor(math.radians(angle)) for angle in (4, -7, 2))
    torch.testing.assert_close(path.camera_to_world[5, :3, :3], turn_y(right) @ turn_x(up) @ turn_z(roll), atol=1e-6, rtol=0)
    pivot, _ = project(torch.tensor([0.0, 0.0, 1.0]), intrinsics_from_focal(50, 40, 60), path.camera_to_world[12])
    torch.testing.assert_close(pivot, torch.tensor([30.0, 20.0]), atol=1e-4, rtol=0)
    torch.testing.assert_close(path.camera_to_world[14], path.camera_to_world[12])


def test_smooth_keyframes_never_overshoot_and_linear_ones_are_straight():
    keys = [{"frame": frame, "position": [x, 0, 0]} for frame, x in ((0, 0), (8, 1), (16, 1.1), (24, 0.2))]
    smooth = keyframe_path(json.dumps(keys), 25).camera_to_world[:, 0, 3]
    assert smooth.max() <= 1.1 + 1e-6 and smooth.min() >= -1e-6
    assert (smooth[:17].diff() >= -1e-6).all() and (smooth[16:].diff() <= 1e-6).all()
    linear = keyframe_path(json.dumps(keys), 25, ease="linear").camera_to_world[:, 0, 3]
    torch.testing.assert_close(linear[:9], torch.linspace(0, 1, 9))


def test_rotations_go_the_short_way_at_an_even_pace():
    keys = [{"frame": 0, "euler": [0, 170, 0]}, {"frame": 4, "euler": [0, -170, 0]}]
    rotations = keyframe_path(json.dumps(keys), 5, ease="linear").camera_to_world[:, :3, :3]
    for first, second in pairwise(rotations):
        assert math.degrees(math.acos((float((first.T @ second).trace()) - 1) / 2)) == pytest.approx(5.0, abs=0.05)


def test_keyframes_without_frame_zero_start_from_the_source_camera():
    path = keyframe_path('{"keyframes": [{"frame": 4, "position": [0, 0, 0.4]}]}', 5, ease="linear")
    torch.testing.assert_close(path.camera_to_world[0], torch.eye(4))
    assert path.camera_to_world[2, 2, 3] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[{", "keyframes: text that is not JSON"),
        ("[]", "keyframes: no list"),
        ("[3]", r"keyframes\[0\]: 3"),
        ('[{"frame": 9}]', r"keyframes\[0\].frame: 9.*0 to 4"),
        ('[{"frame": true}]', r"keyframes\[0\].frame: True"),
        ('[{"frame": 1.5}]', r"keyframes\[0\].frame: 1.5"),
        ('[{"position": [0, 0, 0]}]', r"keyframes\[0\].frame: None"),
        ('[{"frame": 1}, {"frame": 1}]', "two keyframes at frame 1"),
        ('[{"frame": 1, "position": [0, 0]}]', r"keyframes\[0\].position: \[0, 0\].*3 numbers"),
        ('[{"frame": 1, "position": [0, 0, "a"]}]', r"keyframes\[0\].position: 'a'"),
        ('[{"frame": 1, "position": [0, 0, NaN]}]', r"keyframes\[0\].position: nan"),
        ('[{"frame": 1, "rotation": [0, 0, 0]}]', "unknown field 'rotation'"),
        ('[{"frame": 1, "euler": [0, 0, 0], "look_at": [0, 0, 1]}]', "both euler and look_at"),
        ('[{"frame": 1, "quaternion": [0, 0, 0, 0]}]', "length of zero"),
        ('[{"frame": 1, "look_at": [0, 0, 0]}]', "own position"),
        ('[{"frame": 1, "look_at": [0, 1, 0]}]', "straight above or below"),
        ('[{"frame": 1, "focal_scale": 0}]', r"keyframes\[0\].focal_scale: 0"),
    ],
)
def test_bad_keyframes_are_refused_by_place_and_field(text, message):
    with pytest.raises(InputError, match=message):
        keyframe_path(text, 5)


# --- lenses, projection, picture -------------------------------------------------------------------------------------------


def test_focal_lengths_and_fields_of_view_agree():
    for angle in (0.3, 1.0, 2.0):
        assert field_of_view(intrinsics_from_fov(angle, 40, 60), 60) == pytest.approx(angle, abs=1e-5)


@pytest.mark.parametrize("angle", [0.0, math.pi, -1.0, math.nan])
def test_an_impossible_field_of_view_is_refused(angle):
    with pytest.raises(InputError, match="field of view"):
        intrinsics_from_fov(angle, 40, 60)


@pytest.mark.parametrize("focal", [0.0, -5.0, math.inf])
def test_an_impossible_focal_length_is_refused(focal):
    with pytest.raises(InputError, match="focal length"):
        intrinsics_from_focal(focal, 40, 60)


def test_projecting_what_was_unprojected_gives_the_pixel_centres_back():
    depth = torch.rand(6, 8, generator=torch.Generator().manual_seed(1)) + 1
    camera = preset_path("spiral", 3).camera_to_world[1]
    lens = intrinsics_from_focal(7, 6, 8)
    pixels, z = project(unproject(depth, lens, camera), lens, camera)
    torch.testing.assert_close(z, depth)
    torch.testing.assert_close(pixels[0, 0], torch.tensor([0.5, 0.5]), atol=1e-4, rtol=0)
    torch.testing.assert_close(pixels[5, 7], torch.tensor([7.5, 5.5]), atol=1e-4, rtol=0)


def test_looking_ahead_is_no_rotation():
    torch.testing.assert_close(look_at(torch.zeros(3), torch.tensor([0.0, 0.0, 5.0])), torch.eye(3))


@pytest.mark.parametrize("name", PRESETS)
def test_a_path_has_a_picture_that_shows_motion(name):
    picture = path_picture(preset_path(name, 9))
    assert picture.shape == (256, 512, 3) and picture.dtype == torch.float32
    assert picture.min() >= 0 and picture.max() <= 1
    if name not in ("static", "stabilise"):
        assert (picture != path_picture(CameraPath(torch.eye(4).repeat(9, 1, 1), torch.ones(9), name=name))).any()


CURVED = [
    {"frame": 3, "position": [0.1, 0, 0.05], "euler": [5, 10, -20], "focal_scale": 1.2},
    {"frame": 9, "position": [0.2, -0.2, 0.0], "quaternion": [2, 0.1, 0.2, 0]},
    {"frame": 13, "position": [-0.1, -0.1, 0.1], "look_at": [0.3, 0, 1]},
]


@pytest.mark.parametrize(
    ("ease", "frame", "focal", "rows"),
    [
        (
            "smooth",
            6,
            1.1,
            [
                [0.965575, 0.183121, 0.184745, 0.167308],
                [-0.168095, 0.98127, -0.09409, -0.1],
                [-0.198515, 0.059797, 0.978272, 0.025],
            ],
        ),
        (
            "linear",
            11,
            1.0,
            [
                [0.952651, -0.010368, 0.303888, 0.05],
                [0.010436, 0.999945, 0.001401, -0.15],
                [-0.303885, 0.001837, 0.952707, 0.05],
            ],
        ),
    ],
)
def test_frames_between_keyframes_stand_where_great_circles_and_monotone_cubics_put_them(ease, frame, focal, rows):
    """Figures of an implementation by hand, before SciPy's took its place."""
    path = keyframe_path(json.dumps(CURVED), 17, ease=ease)
    torch.testing.assert_close(path.camera_to_world[frame, :3], torch.tensor(rows), atol=2e-6, rtol=0)
    assert path.focal_scale[frame] == pytest.approx(focal)
