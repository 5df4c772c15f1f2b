"""One photo as a clip, two ends as a clip."""

from __future__ import annotations

import pytest
import torch

from inversecrafter_core.camera import Geometry, preset_path
from inversecrafter_core.clips.ends import between_ends
from inversecrafter_core.clips.still import still_clip
from inversecrafter_core.errors import InputError
from inversecrafter_core.warp import warp_video

HEIGHT, WIDTH = 48, 32


def photo(count=1, height=HEIGHT, seed=0):
    return torch.rand(count, height, WIDTH, 3, generator=torch.Generator().manual_seed(seed))


def geometry(frames=1):
    intrinsics = torch.tensor([[30.0, 0, WIDTH / 2], [0, 30.0, HEIGHT / 2], [0, 0, 1]]).expand(frames, 3, 3)
    depth = torch.linspace(1, 3, HEIGHT).view(1, HEIGHT, 1).expand(frames, HEIGHT, WIDTH)
    return Geometry(depth, torch.ones_like(depth, dtype=torch.bool), intrinsics, torch.eye(4).expand(frames, 4, 4), True)


def test_a_photo_in_portrait_is_warped_along_a_path_from_one_depth_map():
    video, space = still_clip(photo(), geometry(), 9)
    assert video.shape == (9, HEIGHT, WIDTH, 3) and space.frames == 9 and space.metric
    warp = warp_video(video, space, preset_path("arc_left", 9, 0.2))
    assert torch.allclose(warp.video[0], video[0], atol=1e-4), "the path starts at the photo"
    assert not torch.allclose(warp.video[-1], video[-1], atol=0.05)


@pytest.mark.parametrize(
    ("images", "space", "frames", "says"),
    [
        (photo(2), geometry(), 9, "photo: 2 images"),
        (photo(), geometry(3), 9, "geometry: 3 frames"),
        (photo(), geometry(), 10, "4k\\+1"),
        (torch.rand(1, 8, 8, 4), geometry(), 9, "alpha"),
    ],
)
def test_what_is_no_photo_is_named(images, space, frames, says):
    with pytest.raises(InputError, match=says):
        still_clip(images, space, frames)


def test_the_ends_are_given_and_the_middle_is_an_open_cross_fade():
    start, end = photo(3, seed=1), photo(6, seed=2)
    clip, visible = between_ends(start, end, 13)
    assert clip.shape == (13, HEIGHT, WIDTH, 3)
    assert torch.equal(clip[0], start[-1]) and torch.equal(clip[-4:], end[:4])
    assert visible.flatten(1).mean(1).tolist() == [1] + [0] * 8 + [1] * 4
    assert torch.allclose(clip[4], start[-1] + 4 / 9 * (end[0] - start[-1]), atol=1e-6)


@pytest.mark.parametrize("count", [1, 2])
def test_a_short_end_stands_still_for_its_group(count):
    end = photo(count, seed=2)
    clip, _ = between_ends(photo(), end, 9)
    assert torch.equal(clip[-4:], torch.cat([end, end[-1:].expand(4 - count, -1, -1, -1)]))


@pytest.mark.parametrize("frames", [9, 17, 49])
def test_ends_are_whole_latent_frames(frames):
    """What a binary mask makes of them: the first and the last latent frame known, all others open."""
    from inversecrafter_core.masks import MaskInputs, MaskMethod, MaskSettings, latent_mask

    clip, visible = between_ends(photo(), photo(seed=2), frames)
    latent = torch.zeros(1, 16, (frames - 1) // 4 + 1, HEIGHT // 8, WIDTH // 8)
    h = latent_mask(MaskInputs(visible, clip, latent, lambda video: latent), MaskSettings(MaskMethod.BINARY))
    assert h.mean((0, 1, 3, 4)).tolist() == [1] + [0] * (latent.shape[2] - 2) + [1]


@pytest.mark.parametrize(
    ("start", "end", "frames", "says"),
    [
        (photo(), photo(height=32), 9, "end: size 32x32, but start has 32x48"),
        (photo(), photo(), 5, "nothing between"),
        (photo(), photo(), 16, "4k\\+1"),
        (photo(), torch.rand(1, HEIGHT, WIDTH, 4), 9, "alpha"),
    ],
)
def test_ends_that_do_not_fit_are_named(start, end, frames, says):
    with pytest.raises(InputError, match=says):
        between_ends(start, end, frames)
