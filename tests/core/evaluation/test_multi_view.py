"""Consistency of a clip with itself by reprojection, on a scene whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from inversecrafter_core.camera import preset_path
from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import multi_view_consistency
from lab.world import random_scene, render
from tests.scenes import geometry, noise_video, plane, smooth_video

FRAMES, HEIGHT, WIDTH = 5, 96, 144


@pytest.fixture(scope="module")
def clip():
    """One moment of a scene, seen from an arc."""
    scene, times = random_scene(3), torch.zeros(FRAMES)
    still = render(scene, times[:1], HEIGHT, WIDTH)
    poses, _ = preset_path("arc_left", FRAMES, 0.3).resolve(still.geometry().expand(FRAMES))
    return render(scene, times, HEIGHT, WIDTH, poses)


def test_a_rigid_scene_agrees_with_itself(clip):
    found = multi_view_consistency(clip.colour, clip.geometry(), 2)
    assert found.psnr_db > 27 and found.shared > 0.6 and found.agreeing > 0.9 and found.lpips is None


def test_wrong_cameras_do_not(clip):
    truth = clip.geometry()
    right = multi_view_consistency(clip.colour, truth, 2)
    still = multi_view_consistency(clip.colour, replace(truth, camera_to_world=torch.eye(4).repeat(FRAMES, 1, 1)), 2)
    other_way = multi_view_consistency(clip.colour, replace(truth, camera_to_world=truth.camera_to_world.inverse()), 2)
    assert max(still.psnr_db, other_way.psnr_db) < right.psnr_db - 4
    assert other_way.agreeing < right.agreeing - 0.1


def test_a_frame_that_changed_counts_in_its_pairs_only(clip):
    spoilt = clip.colour.clone()
    spoilt[4] = 1 - spoilt[4]
    right, wrong = (multi_view_consistency(video, clip.geometry(), 4) for video in (clip.colour, spoilt))
    assert wrong.psnr_db < right.psnr_db - 6 and wrong.shared == right.shared
    assert multi_view_consistency(spoilt, clip.geometry()[:], 1).psnr_db > wrong.psnr_db + 6


def test_a_clip_that_stands_still_is_the_same_to_the_bit_and_a_change_is_measured_by_hand():
    still = smooth_video(3)
    found = multi_view_consistency(still, plane(3), 1, distance=lambda one, two: (one - two).abs().mean(1))
    assert found.psnr_db > 60 and found.shared == 1 and found.agreeing == 1 and found.lpips == pytest.approx(0, abs=1e-4)
    still[1] = still[1] + 0.1
    found = multi_view_consistency(still, plane(3), 1, distance=lambda one, two: (one - two).abs().mean(1))
    assert found.psnr_db == pytest.approx(20, abs=0.01) and found.lpips == pytest.approx(0.1, abs=1e-4)


def test_what_another_frame_hides_is_left_out():
    """Frame 1 shows something nearer in its right half: frame 0 knows nothing about it."""
    depth = torch.full((2, 48, 64), 2.0)
    depth[1, :, 32:] = 1.0
    video = smooth_video(2)
    video[1, :, 32:] = noise_video()[0, :, 32:]
    found = multi_view_consistency(video, geometry(depth), 1)
    assert found.shared == pytest.approx(0.5, abs=0.05) and found.agreeing == pytest.approx(0.5, abs=0.05)
    assert found.psnr_db > 50


@pytest.mark.parametrize("gap", [0, 5, 9])
def test_a_gap_that_the_clip_does_not_have_is_named(clip, gap):
    with pytest.raises(InputError, match=f"gap: {gap} in a clip of 5 frames. Choose 1 to 4"):
        multi_view_consistency(clip.colour, clip.geometry(), gap)


def test_frames_that_share_nothing_are_named():
    apart = plane(2)
    poses = apart.camera_to_world.clone()
    poses[1, 0, 3] = 50.0
    with pytest.raises(InputError, match="no surface that two frames see"):
        multi_view_consistency(smooth_video(2), replace(apart, camera_to_world=poses), 1)
