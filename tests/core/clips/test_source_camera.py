"""The cameras of a hand-held clip with things that move in it, found from the clip and its depth; the truth is known."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from inversecrafter_core.camera import CameraPath, Geometry, RelativeTo, preset_path
from inversecrafter_core.camera.rotation import pose, turn_y
from inversecrafter_core.camera.smoothing import smooth_poses
from inversecrafter_core.clips.source_camera import find_source_cameras
from inversecrafter_core.errors import InputError
from lab.world import frame_times, random_scene, render
from lab.world.hand_held import hand_held

FRAMES, HEIGHT, WIDTH, SEED = 13, 112, 176, 8


def without_poses(geometry: Geometry) -> Geometry:
    return replace(geometry, camera_to_world=torch.eye(4).repeat(geometry.frames, 1, 1))


@pytest.fixture(scope="module")
def clip():
    """A camera that moves around a scene, held in a hand, while a thing moves on its own."""
    scene, times = random_scene(SEED), frame_times(FRAMES)
    assert any(any(thing.velocity) for thing in scene.things)
    return render(scene, times, HEIGHT, WIDTH, hand_held(scene, times, SEED))


@pytest.fixture(scope="module")
def found(clip):
    return find_source_cameras(clip.colour, without_poses(clip.geometry()))


def errors(found: Geometry, truth: Geometry) -> tuple[float, float]:
    """Return the largest errors of rotation, in degrees, and of position, in percent of rho."""
    relative = torch.linalg.inv(truth.camera_to_world) @ found.camera_to_world
    cosine = ((relative[:, :3, :3].diagonal(dim1=1, dim2=2).sum(1) - 1) / 2).clamp(-1, 1)
    away = (found.camera_to_world - truth.camera_to_world)[:, :3, 3].norm(dim=1) / truth.pivot_depth
    return math.degrees(float(torch.arccos(cosine).max())), 100 * float(away.max())


def test_cameras_are_found_while_something_else_moves(clip, found):
    truth = clip.geometry()
    turned, moved = errors(found.geometry, truth)
    assert turned < 0.5 and moved < 1.5, (turned, moved)
    assert errors(without_poses(truth), truth)[0] > 5, "the camera does move"
    assert not found.lost and not found.still and min(found.shares) > 0.5
    assert torch.allclose(found.geometry.depth, truth.depth, rtol=0.02)
    assert "13 frames" in found.report() and "key frames" in found.report()


def test_the_scale_of_every_frame_is_brought_to_one_world(clip):
    factors = torch.tensor([1.0, *(0.8 + 0.4 * torch.rand(FRAMES - 1, generator=torch.Generator().manual_seed(0))).tolist()])
    truth = clip.geometry()
    wrong = replace(without_poses(truth), depth=truth.depth * factors[:, None, None])
    geometry = find_source_cameras(clip.colour, wrong).geometry
    assert float((geometry.depth / truth.depth).flatten(1).median(1).values.sub(1).abs().max()) < 0.02
    assert errors(geometry, truth)[1] < 2


def test_a_camera_that_stands_still_is_exactly_so_though_something_moves():
    scene, times = random_scene(SEED), frame_times(5)
    clip = render(scene, times, HEIGHT, WIDTH, torch.eye(4).repeat(5, 1, 1))
    found = find_source_cameras(clip.colour, without_poses(clip.geometry()))
    assert found.still and torch.equal(found.geometry.camera_to_world, torch.eye(4).repeat(5, 1, 1))
    assert torch.equal(found.geometry.depth, clip.depth) and "stands still" in found.report()


def test_a_frame_without_a_camera_is_put_between_its_neighbours_and_said(clip):
    video = clip.colour.clone()
    video[6] = 0.5
    found = find_source_cameras(video, without_poses(clip.geometry()))
    assert found.lost == [6] and "frames 6:" in found.report() and found.shares[6] == 0
    turned, moved = errors(found.geometry, clip.geometry())
    assert turned < 1 and moved < 3


def test_a_cut_is_named_with_its_frame(clip):
    other = render(random_scene(3), frame_times(FRAMES), HEIGHT, WIDTH).colour
    video = torch.cat([clip.colour[:7], other[7:]])
    with pytest.raises(InputError, match=r"6 of 13 frames, the first is frame 7") as caught:
        find_source_cameras(video, without_poses(clip.geometry()))
    assert "Cut the clip there" in caught.value.fix


@pytest.mark.parametrize("frames", [None, 5])
def test_its_motion_can_be_replayed_on_another_clip_in_any_length(clip, found, frames):
    path = found.path(frames)
    assert path.frames == (frames or FRAMES) and path.relative_to == RelativeTo.SOURCE
    truth = clip.geometry()
    expected = truth.camera_to_world[-1, :3, 3] / truth.pivot_depth
    assert torch.allclose(path.camera_to_world[-1, :3, 3], expected, atol=0.02)


def test_what_does_not_fit_is_refused(clip):
    geometry = clip.geometry()
    with pytest.raises(InputError, match="1 frame"):
        find_source_cameras(clip.colour[:1], geometry[:1])
    with pytest.raises(InputError, match="frame counts"):
        find_source_cameras(clip.colour[:5], geometry)
    with pytest.raises(InputError, match="size"):
        find_source_cameras(clip.colour[:, :96], geometry)


def shake(poses: torch.Tensor) -> float:
    """Return the mean second difference of positions."""
    return float(poses[:, :3, 3].diff(dim=0).diff(dim=0).norm(dim=1).mean())


def test_a_stabilised_path_starts_at_the_source_and_follows_it_without_its_shake(clip):
    geometry = clip.geometry()
    path = preset_path("stabilise", FRAMES)
    poses, _ = path.resolve(geometry)
    assert path.relative_to == RelativeTo.STABILISED and path.starts_at_source()
    assert torch.allclose(poses[0], torch.eye(4), atol=1e-6)
    assert shake(poses) < 0.3 * shake(geometry.camera_to_world)
    away = (poses - geometry.camera_to_world)[:, :3, 3].norm(dim=1).max() / geometry.pivot_depth
    assert 0.001 < float(away) < 0.1
    assert path.source_views(geometry).tolist()[0] and not all(path.source_views(geometry).tolist())


@pytest.mark.parametrize("degrees", [3.0, 18.0, -45.0])
def test_a_steady_turn_is_stabilised_to_itself_however_often_it_goes_round(degrees):
    turns = torch.deg2rad(torch.arange(60, dtype=torch.float64) * degrees)
    cameras = pose(turn_y(turns), torch.zeros(60, 3))
    assert torch.allclose(smooth_poses(cameras), cameras, atol=1e-5)


def test_a_steady_motion_is_stabilised_to_itself(clip):
    steady = torch.eye(4).repeat(FRAMES, 1, 1)
    steady[:, 0, 3] = torch.linspace(0, 1, FRAMES)
    geometry = replace(clip.geometry(), camera_to_world=steady)
    assert torch.allclose(preset_path("stabilise", FRAMES).resolve(geometry)[0], steady, atol=1e-5)
    arc = preset_path("arc_left", FRAMES)
    composed = CameraPath(arc.camera_to_world, arc.focal_scale, RelativeTo.STABILISED).resolve(geometry)[0]
    assert torch.allclose(composed, arc.resolve(geometry)[0], atol=1e-5), "any path can follow the stabilised camera"
