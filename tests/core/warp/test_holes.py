"""Filling holes: Telea frame by frame, and from other frames that saw the place."""

from __future__ import annotations

import pytest
import torch
from scenes import HEIGHT, WIDTH, geometry, moved, noise_video, plane, smooth_video

from inversecrafter_core.camera import Geometry, preset_path
from inversecrafter_core.errors import InputError
from inversecrafter_core.warp import Cleanup, dilate_holes, fill_from_clip, fill_from_clip_then_telea, fill_holes, warp_video
from inversecrafter_core.warp.temporal import other_frames


def with_hole(frames: int = 2, size: int = 8) -> torch.Tensor:
    visible = torch.ones(frames, HEIGHT, WIDTH, dtype=torch.bool)
    visible[:, 20 : 20 + size, 30 : 30 + size] = False
    return visible


def test_known_pixels_stay_bit_for_bit_and_holes_continue_their_surroundings():
    video, visible = smooth_video(2), with_hole()
    filled = fill_holes(video * visible[..., None], visible)
    assert torch.equal(filled[visible], video[visible])
    assert (filled - video)[~visible].abs().max() < 0.15


def test_what_lies_in_a_hole_does_not_matter():
    video, visible = smooth_video(1), with_hole(1)
    black, white = (torch.where(visible[..., None], video, value) for value in (0.0, 1.0))
    assert torch.equal(fill_holes(black, visible), fill_holes(white, visible))


def test_a_clip_without_holes_comes_back_as_it_was():
    video = noise_video(2)
    assert torch.equal(fill_holes(video, torch.ones(2, HEIGHT, WIDTH, dtype=torch.bool)), video)


@pytest.mark.parametrize("radius", [0, 1, 3])
def test_a_dilated_hole_has_the_size_that_arithmetic_gives(radius):
    grown = dilate_holes(with_hole(1, 4), radius)
    assert int((~grown).sum()) == (4 + 2 * radius) ** 2


def test_other_frames_come_nearest_first_at_doubling_distances():
    assert list(other_frames(5, 12)) == [4, 6, 3, 7, 1, 9]
    assert list(other_frames(0, 6)) == [1, 2, 4]
    assert list(other_frames(0, 1)) == []


def person_before_a_wall() -> tuple[torch.Tensor, torch.Tensor, Geometry]:
    """A black block walks along a textured wall: ``(video, wall, geometry)``."""
    frames, wall = 5, smooth_video()[0]
    video, depth = wall.repeat(frames, 1, 1, 1), torch.full((frames, HEIGHT, WIDTH), 3.0)
    for frame in range(frames):
        columns = slice(4 + 12 * frame, 12 + 12 * frame)
        video[frame, :, columns], depth[frame, :, columns] = 0.0, 1.0
    return video, wall, geometry(depth)


def test_a_hole_behind_a_person_is_filled_with_the_wall_that_other_frames_saw():
    video, _, scene = person_before_a_wall()
    path = moved(x=0.1, frames=5)
    warp = warp_video(video, scene, path, cleanup=Cleanup(0))
    filled, known = fill_from_clip(warp.video, warp.visible, video, scene, path, cleanup=Cleanup(0))
    truth = warp_video(smooth_video(5), plane(5, 3.0), moved(x=0.1 * scene.pivot_depth / 3.0, frames=5))
    new = known & ~warp.visible
    assert torch.equal(filled[warp.visible], warp.video[warp.visible])
    assert new.sum() > 0.6 * (~warp.visible & truth.visible).sum() > 50
    error = (filled - truth.video)[new].abs().amax(-1)
    assert error.quantile(0.9) < 0.02, "the wall, not the person and not a smear"
    # Telea alone cannot know the wall.
    smeared = fill_holes(warp.video, warp.visible)
    assert (smeared - truth.video)[new].abs().mean() > 3 * error.mean()


def test_a_moving_source_camera_fills_the_border_from_frames_that_saw_it():
    shift = 8.0
    poses = torch.eye(4).repeat(2, 1, 1)
    poses[1, 0, 3] = shift * 2.0 / 60.0
    wall = plane(2)
    scene = Geometry(wall.depth, wall.valid, wall.intrinsics, poses)
    video = torch.cat([smooth_video(), smooth_video(phase=shift)])
    path = preset_path("static", 2, relative_to="world")
    warp = warp_video(video, scene, path)
    assert not warp.visible[1].all()
    filled, known = fill_from_clip(warp.video, warp.visible, video, scene, path)
    assert known.all()
    assert (filled[1] - video[0])[:, 1:-1].abs().max() < 0.02


def test_after_both_methods_nothing_is_left_black():
    video, _, scene = person_before_a_wall()
    path = preset_path("orbit", 5)
    warp = warp_video(video + 0.2, scene, path)
    steps: list[tuple[int, int]] = []
    filled = fill_from_clip_then_telea(
        warp.video, warp.visible, video + 0.2, scene, path, progress=lambda *step: steps.append(step)
    )
    assert filled.min() > 0.1 and torch.equal(filled[warp.visible], warp.video[warp.visible])
    assert steps[-1] == (10, 10) and [done for done, _ in steps] == list(range(1, 11))


def test_a_frame_of_nothing_but_holes_is_refused():
    visible = with_hole(3)
    visible[1] = False
    with pytest.raises(InputError, match=r"holes: only holes in 1 frames, the first is frame 1"):
        fill_holes(noise_video(3), visible)


@pytest.mark.parametrize(
    ("mask", "message"),
    [(with_hole(3), "video has 2, holes has 3"), (with_hole(2)[:, :20], "holes: size 64x20, but video has 64x48")],
)
def test_a_mask_that_does_not_fit_is_refused(mask, message):
    with pytest.raises(InputError, match=message):
        fill_holes(noise_video(2), mask)


def test_the_source_must_be_the_clip_that_was_warped():
    with pytest.raises(InputError, match="source"):
        fill_from_clip(noise_video(2, 24, 32), with_hole(2)[:, :24, :32], noise_video(2), plane(2), moved(frames=2))
