"""The splat at outlines and cracks: which surface a target pixel shows, and with whose colours."""

from __future__ import annotations

import pytest
import torch
from scenes import FOCAL, HEIGHT, WIDTH, moved, plane, smooth_video, step

from inversecrafter_core.camera import Geometry, preset_path
from inversecrafter_core.warp import Cleanup, warp_video
from inversecrafter_core.warp.splat import EMPTY, close_cracks

KEEP_ALL = Cleanup(threshold=0)


def test_a_foreground_goes_on_into_unknown_depth():
    scene, video = outlined(20)
    video[:, :, 19] = video[:, :, 20] = torch.tensor([1.0, 0.0, 0.0])  # the block is a pixel wider than its depth says
    scene.valid[:, :, 19] = False
    warp = warp_video(video, scene, moved(x=0.12 / scene.pivot_depth), cleanup=KEEP_ALL)
    edge = int(20 - 0.12 * FOCAL)
    assert warp.video[0, :, edge, 0].min() > 0.5, "not the wall, though that lands there too"


def test_cracks_are_closed_and_holes_are_left():
    depth = torch.full((9, 9), 2.0)
    depth[:, 3] = EMPTY
    depth[5, :] = 7.0
    closed = close_cracks(depth.clone())
    assert (closed == 2.0).all()
    depth[:, 3:6] = EMPTY
    assert (close_cracks(depth.clone())[:, 4] == EMPTY).all()


def test_cracks_of_two_pixels_are_closed_evenly():
    depth = torch.full((9, 12), 2.0)
    depth[:, 8:] = 2.06
    depth[:, 6:8] = EMPTY
    torch.testing.assert_close(close_cracks(depth.clone())[:, 6:8], torch.tensor([2.02, 2.04]).expand(9, 2))


def outlined(x: float) -> tuple[Geometry, torch.Tensor]:
    """A red block before a blue wall, its outline's pixels half mixed as a lens mixes them; ``x`` is how wide it is."""
    scene, video = step(1.0, 3.0), torch.zeros(1, HEIGHT, WIDTH, 3)
    scene.depth[:] = 3.0
    scene.depth[:, :, 20 : 20 + int(x)] = 1.0
    near = scene.depth == 1.0
    video[..., 2], video[..., 0] = (~near).float(), near.float()
    for column, share in ((19, 0.4), (20, 0.6), (19 + int(x), 0.6), (20 + int(x), 0.4)):
        video[:, :, column] = torch.tensor([share, 0.0, 1 - share])
    return scene, video


@pytest.mark.parametrize("shift", [0.1, 0.33, -0.25])
def test_a_foreground_is_no_wider_after_the_warp(shift):
    scene, video = outlined(20)
    warp = warp_video(video, scene, moved(x=shift / scene.pivot_depth), cleanup=KEEP_ALL)
    red = (warp.video[0, ..., 0] > 0.5).sum(1)
    assert (red >= 20).all() and (red <= 21).all(), "20 pixels, wherever they land"


def test_a_background_is_read_without_the_colour_of_what_is_before_it():
    scene, video = outlined(20)
    video[:, :, 19], video[:, :, 40] = torch.tensor([0.0, 0.0, 1.0]), torch.tensor([0.0, 0.0, 1.0])
    warp = warp_video(video, scene, moved(x=0.125 / scene.pivot_depth), cleanup=KEEP_ALL)  # 7.5 and 2.5 pixels to the left
    behind = warp.video[0, :, 33:37]  # what is uncovered right of the block, and the wall after it
    assert (behind[..., 0] < 1e-6)[warp.visible[0, :, 33:37]].all() and warp.visible[0, :, 38].all()


def test_a_hole_as_wide_as_a_wire_is_not_painted_with_the_wire():
    scene, video = outlined(2)
    video[..., 0], video[..., 2] = (scene.depth == 1.0).float(), (scene.depth == 3.0).float()
    for x in (0.2, -0.2, 0.31):
        warp = warp_video(video, scene, moved(x=x / scene.pivot_depth), cleanup=KEEP_ALL)
        red = (warp.video[0, ..., 0] > 0.5).sum(1)
        assert (red <= 3).all() and (red >= 1).all(), "one wire, where it landed, and none where it was"


def test_a_slit_between_two_slats_is_no_crack():
    scene, video = outlined(20)
    scene.depth[:, :, 29:31] = 3.0
    video[:, :, 29:31] = torch.tensor([0.0, 0.0, 1.0])
    warp = warp_video(video, scene, preset_path("static", 1), cleanup=KEEP_ALL)
    assert (warp.video - video).abs().max() < 1e-3


def test_walking_up_to_a_wall_opens_no_cracks():
    warp = warp_video(smooth_video(), plane(), moved(z=0.5), cleanup=KEEP_ALL)
    assert warp.visible.all()
