"""One photo as a clip, two ends as a clip, and the warp from both ends: as nodes."""

from __future__ import annotations

import pytest
import torch

HEIGHT, WIDTH = 48, 64


def pictures(count=1, seed=0, height=HEIGHT):
    return torch.rand(count, height, WIDTH, 3, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def space(pack):
    """A wall before ``count`` cameras, the last of them a little to the right."""

    def make(count=2, moved=0.1, height=HEIGHT):
        depth = torch.full((count, height, WIDTH), 2.0)
        lens = torch.tensor([[60.0, 0, WIDTH / 2], [0, 60.0, height / 2], [0, 0, 1]]).repeat(count, 1, 1)
        poses = torch.eye(4).repeat(count, 1, 1)
        poses[1:, 0, 3] = moved
        return pack.core("camera").Geometry(depth, depth > 0, lens, poses)

    return make


def from_ends(pack, start, end, frames=9, **changes):
    settings = {
        "camera": "auto",
        "follow": True,
        "sharpness": 3.0,
        "regenerate": False,
        "geometry": None,
    }
    return pack.node("InverseCrafterWarpFromEnds").execute(start, end, frames, **(settings | changes)).args


def test_a_photo_becomes_a_clip_that_stands_still_and_its_geometry_too(pack, space):
    photo = pictures()
    video, geometry, _ = pack.node("InverseCrafterPhotoClip").execute(photo, space(1), 17).args
    assert video.shape == (17, HEIGHT, WIDTH, 3) and torch.equal(video[16], photo[0])
    assert geometry.frames == 17 and geometry.size == (HEIGHT, WIDTH)


def test_two_ends_are_known_and_all_between_is_a_hole(pack):
    start, end = pictures(2), pictures(5, seed=1)
    video, holes, _ = pack.node("InverseCrafterBetweenEnds").execute(start, end, 13).args
    assert torch.equal(video[0], start[-1]) and torch.equal(video[-4:], end[:4])
    assert holes.flatten(1).mean(1).tolist() == [0] + [1] * 8 + [0] * 4


def test_both_ends_of_a_wall_show_what_the_camera_between_sees(pack, space):
    # A wall two units away moves 60 * 0.1 / 2 = 3 pixels to the left while the camera goes right.
    wide = pictures(1, height=HEIGHT).repeat(1, 1, 2, 1)
    start, end = wide[:, :, 10 : 10 + WIDTH], wide[:, :, 13 : 13 + WIDTH]
    video, holes, report = from_ends(pack, start, end, geometry=space(), follow=False)
    assert torch.equal(video[0], start[0]) and torch.equal(video[-1], end[0])
    assert holes.shape == (9, HEIGHT, WIDTH) and float(holes.max()) == 0
    third = torch.lerp(wide[0, :, 11 : 11 + WIDTH], wide[0, :, 12 : 12 + WIDTH], 0.5)  # half way is 1.5 pixels
    assert (video[4] - third)[:, 4:-4].abs().mean() < 0.02
    assert report.startswith("Cameras from the geometry") and "9 frames 64x48" in report


def test_a_place_that_neither_end_saw_is_a_hole_and_is_filled(pack, space):
    wall = space()
    wall.valid[:, 10:30, 20:40] = False
    video, holes, _ = from_ends(pack, pictures() + 0.1, pictures() + 0.1, geometry=wall, follow=False)
    assert float(holes[1:-1, 12:28, 24:36].min()) == 1 and float(holes[1:-1, 40:].max()) == 0
    assert float(holes[[0, -1]].max()) == 0
    assert float(video.min()) >= 0.1 - 1e-5 and video.isfinite().all()


@pytest.mark.parametrize(("frames", "made"), [(18, 17), (19, 17), (20, 21), (2, 9)])
@pytest.mark.parametrize("connected", [True, False], ids=["VAE", "no VAE"])
def test_frames_snap_to_a_length_that_the_vae_takes_and_the_report_says_so(pack, space, wan_vae, connected, frames, made):
    vae, note = wan_vae if connected else None, f"{made} frames in place of {frames}: the VAE of Wan 2.1 takes 4k+1 frames."
    joined = pack.node("InverseCrafterBetweenEnds").execute(pictures(), pictures(seed=1), frames, vae).args
    assert len(joined[0]) == len(joined[1]) == made and joined[2] == note
    video, holes, report = from_ends(pack, pictures(), pictures(), frames, geometry=space(), vae=vae)
    assert len(video) == len(holes) == made and report.startswith(note)
    if made > 9:  # a photo may be as short as one frame
        video, geometry, report = pack.node("InverseCrafterPhotoClip").execute(pictures(), space(1), frames, vae).args
        assert len(video) == geometry.frames == made and report == note


def test_without_geometry_flow_is_to_be_asked_for(pack):
    with pytest.raises(ValueError, match=r"geometry: not connected.*'none'"):
        from_ends(pack, pictures(), pictures(seed=1))
    video, _, report = from_ends(pack, pictures(), pictures(seed=1), camera="none")
    assert video.shape[0] == 9 and "optical flow alone" in report


@pytest.mark.parametrize("name", ["InverseCrafterBetweenEnds", "InverseCrafterWarpFromEnds"])
@pytest.mark.parametrize(
    ("start", "end", "frames", "says"),
    [
        (pictures(), pictures(height=32), 9, "end: size 64x32, but start has 64x48"),
        (torch.rand(1, HEIGHT, WIDTH, 4), pictures(), 9, "start: 4 channels .an alpha channel"),
    ],
)
def test_ends_that_do_not_fit_are_answered_with_what_to_do(pack, space, name, start, end, frames, says):
    with pytest.raises(ValueError, match=says):
        if name == "InverseCrafterWarpFromEnds":
            from_ends(pack, start, end, frames, geometry=space())
        else:
            pack.node(name).execute(start, end, frames)


def test_depth_of_other_pictures_and_matches_that_are_none_are_named(pack, space):
    with pytest.raises(ValueError, match=r"geometry: 3 frames.*batch of two"):
        from_ends(pack, pictures(), pictures(), geometry=space(3))
    with pytest.raises(ValueError, match="geometry: size 64x32, but start has 64x48"):
        from_ends(pack, pictures(), pictures(), geometry=space(height=32))
    with pytest.raises(ValueError, match=r"no camera found: \d+ .*at least 24"):
        from_ends(pack, pictures(), pictures(seed=1), geometry=space(), camera="matches")


@pytest.mark.parametrize(
    ("photo", "frames", "says"),
    [(pictures(2), 17, "photo: 2 images"), (torch.rand(1, 8, 8, 4), 17, "alpha")],
)
def test_what_is_no_photo_is_answered_with_what_to_do(pack, space, photo, frames, says):
    with pytest.raises(ValueError, match=says):
        pack.node("InverseCrafterPhotoClip").execute(photo, space(1), frames)


def test_a_portrait_photo_and_a_clip_of_one_frame_are_taken(pack, space):
    upright = pictures(1, height=96)
    video, geometry, _ = pack.node("InverseCrafterPhotoClip").execute(upright, space(1, height=96), 1).args
    assert video.shape == (1, 96, WIDTH, 3) and geometry.frames == 1
    video, _, _ = from_ends(pack, upright, upright, geometry=space(height=96))
    assert video.shape == (9, 96, WIDTH, 3)
