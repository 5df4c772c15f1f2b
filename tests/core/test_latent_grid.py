"""The latent grid: groups of frames, valid lengths, and refusals that name the nearest ones."""

from __future__ import annotations

import pytest

from inversecrafter_core.errors import InputError
from inversecrafter_core.latent_grid import GRIDS, WAN, LatentGrid, require_any_grid

OF = {grid.family: grid for grid in GRIDS}


@pytest.mark.parametrize(
    ("family", "frames", "sizes"),
    [
        ("Wan 2.1", 13, [1, 4, 4, 4]),
        ("Wan 2.2 5B", 1, [1]),
        ("HunyuanVideo 1.5", 9, [1, 4, 4]),
        ("LTX-Video", 17, [1, 8, 8]),
        ("Mochi", 13, [1, 6, 6]),
        ("MiniMax H3", 5, [1, 4]),
        ("MiniMax H3", 39, [1, 4, 4, 4, 4, 1, 4, 4, 4, 4, 1, 4]),
    ],
)
def test_every_frame_belongs_to_one_group_of_the_familys_size(family, frames, sizes):
    groups = OF[family].groups(frames)
    assert [len(group) for group in groups] == sizes
    assert [frame for group in groups for frame in group] == list(range(frames))
    assert OF[family].require_frames("clip", frames) == len(sizes) and OF[family].frames(len(sizes)) == frames


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.family)
def test_the_nearest_lengths_are_valid_and_enclose_every_other(grid: LatentGrid):
    valid = [frames for frames in range(1, 120) if grid.nearest(frames)[0] == frames]
    assert valid == [sum(grid.lead) + k * sum(grid.cycle) for k in range(len(valid))]
    for frames in range(valid[0], 100):
        below, above = grid.nearest(frames)
        assert below == max(length for length in valid if length <= frames)
        assert above == min(length for length in valid if length >= frames)
        assert grid.snap(frames) in (below, above)
        if below < frames:
            with pytest.raises(InputError, match=f"video: {frames} frames.*{below}.*{above}"):
                grid.require_frames("video", frames)


def test_a_clip_shorter_than_the_shortest_is_extended():
    grid = OF["MiniMax H3"]
    assert grid.nearest(3) == (5, 5) and grid.snap(0) == 5
    with pytest.raises(InputError, match=r"17k\+5 frames: extend to 5"):
        grid.require_frames("video", 3)


def test_the_least_length_has_at_least_as_many_latent_frames():
    assert [WAN.least(count) for count in (1, 2, 3)] == [1, 5, 9]
    assert [OF["MiniMax H3"].least(count) for count in (1, 2, 3, 7, 8)] == [5, 5, 22, 22, 39]


def test_sides_must_divide_into_tokens_of_the_family():
    WAN.require_size("video", 48, 64)
    with pytest.raises(InputError, match="multiples of 32: resize or crop to 64x32"):
        OF["LTX-Video"].require_size("video", 48, 64)


def test_a_clip_without_a_vae_is_refused_when_no_family_takes_it():
    for frames in (1, 5, 7, 22, 81):
        require_any_grid("video", frames, 64, 64)
    with pytest.raises(InputError, match=r"18 frames.*Wan 2\.1 17 or 21.*LTX-Video 17 or 25.*MiniMax H3 5 or 22"):
        require_any_grid("video", 18, 64, 64)
    with pytest.raises(InputError, match="size 50x64"):
        require_any_grid("video", 17, 64, 50)
