"""A geometry moved, sliced and repeated; a viewer against the warp it is made for."""

from __future__ import annotations

import math

import pytest
import torch
from scenes import geometry, noise_video, step

from inversecrafter_core.camera import Geometry, preset_path
from inversecrafter_core.errors import InputError
from inversecrafter_core.warp import Cleanup, Viewer, warp_video

FIELDS = ("depth", "valid", "intrinsics", "camera_to_world")


def clip(frames: int = 3) -> Geometry:
    depth = step().depth.repeat(frames, 1, 1) * torch.arange(1, frames + 1).view(-1, 1, 1)
    return geometry(depth)


def test_some_frames_of_a_geometry_are_a_geometry():
    space = clip()
    part = space[1:]
    assert part.frames == 2 and all(torch.equal(getattr(part, name), getattr(space, name)[1:]) for name in FIELDS)
    assert torch.equal(space[[2, 0]].depth, space.depth[[2, 0]])
    with pytest.raises(InputError, match="no valid pixel"):
        space[3:]


def test_one_frame_repeated_shares_its_memory_and_more_are_refused():
    space = clip(1)
    still = space.expand(5)
    assert still.frames == 5 and torch.equal(still.depth[4], space.depth[0])
    assert still.depth.data_ptr() == space.depth.data_ptr()
    with pytest.raises(InputError, match="3 frames"):
        clip().expand(5)


def test_a_geometry_that_is_on_the_device_already_is_not_copied():
    space = clip()
    assert space.to(None) is space and space.to("cpu") is space


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no second device")
def test_a_geometry_goes_to_a_device_with_all_it_has():
    there = clip().to("cuda")
    assert {getattr(there, name).device.type for name in FIELDS} == {"cuda"}
    assert all(torch.equal(getattr(there.to("cpu"), name), getattr(clip(), name)) for name in FIELDS)


def test_a_viewer_along_a_path_sees_what_the_warp_shows():
    space, video = clip(), noise_video(3)
    path = preset_path("arc_left", 3, math.radians(12))
    viewer, warp = Viewer.along(space, path, Cleanup()), warp_video(video, space, path)
    for frame in range(3):
        view = viewer.see(video[frame], frame, frame)
        assert torch.equal(view.image, warp.video[frame]) and torch.equal(view.visible, warp.visible[frame])
        assert torch.equal(view.depth, viewer.see_depth(frame, frame)[0])
