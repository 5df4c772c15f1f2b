"""Find Camera: a geometry without poses becomes one with, and the motion can be replayed."""

from __future__ import annotations

import json

import pytest
import torch

FRAMES, HEIGHT, WIDTH, SEED = 9, 112, 176, 8


@pytest.fixture(scope="module")
def clip(pack):
    from lab.world import frame_times, random_scene, render
    from lab.world.hand_held import hand_held

    scene, times = random_scene(SEED), frame_times(FRAMES)
    return render(scene, times, HEIGHT, WIDTH, hand_held(scene, times, SEED))


def test_a_hand_held_clip_gets_its_camera_and_a_path_stays_where_it_is_in_the_scene(pack, clip):
    """The same point of the world is warped to the same pixel in every frame by a path in the world."""
    poses = torch.eye(4).repeat(FRAMES, 1, 1)
    geometry = pack.core("camera").Geometry(clip.depth, torch.ones_like(clip.depth).bool(), clip.intrinsics, poses)
    result = pack.node("InverseCrafterFindCamera").execute(clip.colour, geometry, replay_on=torch.zeros(5, 8, 8, 3))
    found, path, picture, report = result.args
    assert path.frames == 5 and picture.shape[0] == 1 and "9 frames" in report
    figures = json.loads(result.ui["json"][0])
    assert len(figures["agreeing"]) == FRAMES and figures["lost"] == []
    held = pack.core("camera").preset_path("static", FRAMES, relative_to="world")
    change = {}
    for name, space in (("found", found), ("unknown", geometry)):
        warp = pack.core("warp").warp_video(clip.colour, space, held)
        seen = warp.visible.all(0)
        change[name] = float((warp.video[-1] - warp.video[0]).abs().mean(-1)[seen].median())
    assert change["found"] < 0.5 * change["unknown"], change


def test_a_clip_that_was_cut_from_two_is_refused_with_the_frame(pack, clip):
    video = clip.colour.clone()
    video[5:] = torch.rand(FRAMES - 5, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(0))
    geometry = pack.core("camera").Geometry(
        clip.depth, torch.ones_like(clip.depth).bool(), clip.intrinsics, torch.eye(4).repeat(FRAMES, 1, 1)
    )
    with pytest.raises(Exception, match="the first is frame 5"):
        pack.node("InverseCrafterFindCamera").execute(video, geometry)
