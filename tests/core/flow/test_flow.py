"""The flow room: reading at other places, the round trip, the presets of the engine."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenes import smooth_video

from inversecrafter_core.flow import FlowEngine, Preset, follow, grey_frames, pixel_grid, round_trip, sample

HEIGHT, WIDTH, SHIFT = 48, 64, 3


@pytest.fixture(scope="module")
def slide() -> np.ndarray:
    """Two grey pictures ``[2, 48, 64]``: the second shows what the first shows, three pixels farther left."""
    wide = (smooth_video(1, HEIGHT, WIDTH + SHIFT) * 0.8 + 0.2 * torch.rand(1, HEIGHT, WIDTH + SHIFT, 1)).clamp(0, 1)
    return grey_frames(torch.cat([wide[:, :, :WIDTH], wide[:, :, SHIFT:]]))


def shifted_by(pixels: float) -> np.ndarray:
    return np.broadcast_to(np.float32([pixels, 0]), (HEIGHT, WIDTH, 2)).copy()


@pytest.mark.parametrize("channels", [1, 3, 4, 5, 9])
def test_any_number_of_channels_is_read_as_one_by_one(channels):
    values = np.random.default_rng(0).random((HEIGHT, WIDTH, channels), dtype=np.float32)
    places = pixel_grid(HEIGHT, WIDTH) + np.float32([0.3, -1.7])
    one_by_one = np.stack([sample(np.ascontiguousarray(values[..., c]), places) for c in range(channels)], -1)
    assert np.array_equal(sample(values, places).reshape(HEIGHT, WIDTH, -1), one_by_one)


def test_beyond_the_border_stands_the_border_or_what_is_given():
    values = np.arange(WIDTH, dtype=np.float32)[None].repeat(HEIGHT, 0)
    there = pixel_grid(HEIGHT, WIDTH) + np.float32([WIDTH, 0])
    assert (sample(values, there) == WIDTH - 1).all() and (sample(values, there, outside=-7) == -7).all()
    assert np.array_equal(follow(values, shifted_by(1))[:, :-1], values[:, 1:])


def test_true_flow_closes_and_flow_that_does_not_come_back_or_changes_brightness_does_not(slide):
    trip = round_trip(shifted_by(-SHIFT), shifted_by(SHIFT), *slide)
    assert trip.closes()[:, SHIFT:].all() and not trip.closes()[:, :SHIFT].any(), "three columns leave the picture"
    assert not round_trip(shifted_by(-SHIFT), shifted_by(0), *slide).closes().any()
    brighter = slide[1].astype(np.float32) + 40
    assert not round_trip(shifted_by(-SHIFT), shifted_by(SHIFT), slide[0], brighter).closes().any()


@pytest.mark.parametrize("preset", list(Preset))
def test_every_preset_finds_the_slide(slide, preset):
    there, back = FlowEngine(preset).both_ways(*slide)
    inner = (slice(8, -8), slice(12, -12))
    assert np.median(there[inner][..., 0]) == pytest.approx(-SHIFT, abs=0.3)
    assert np.median(back[inner][..., 0]) == pytest.approx(SHIFT, abs=0.3)


def test_grey_frames_average_down():
    video = torch.zeros(1, 4, 4, 3)
    video[:, :, ::2] = 1
    assert (grey_frames(video, (2, 2)) == 128).all() and grey_frames(video).shape == (1, 4, 4)
