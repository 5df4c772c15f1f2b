"""VBench's figures and the paper's measurement consistency against cases worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import (
    feature_distance,
    frame_consistency,
    masked_psnr,
    measurement_lpips,
    measurement_psnr,
    measurement_ssim,
    motion_smoothness,
    per_frame,
    temporal_flickering,
)


def texture(height: int = 64, width: int = 96) -> torch.Tensor:
    coarse = torch.rand(1, 3, height // 8, width // 8, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")[0].movedim(0, -1).clamp(0, 1)


def sliding(frames: int = 7, pixels: int = 2) -> torch.Tensor:
    wide = texture(64, 128)
    return torch.stack([wide[:, pixels * t : pixels * t + 96] for t in range(frames)])


def test_each_frame_counts_the_same_and_not_each_pixel():
    warp = torch.full((3, 16, 16, 3), 0.5)
    result, visible = warp.clone(), torch.ones(3, 16, 16)
    result[0] += 0.1
    result[1] += 0.01
    visible[1, :, :12] = 0
    visible[2] = 0
    assert per_frame(masked_psnr, result, warp, visible) == pytest.approx([20, 40], abs=1e-3)
    assert measurement_psnr(result, warp, visible) == pytest.approx(30, abs=1e-3)
    pooled = -10 * math.log10((256 * 0.01 + 64 * 0.0001) / 320)
    assert masked_psnr(result, warp, visible) == pytest.approx(pooled, abs=1e-3), "which is 21.0"


def test_identical_frames_count_as_a_hundred_decibels():
    warp = torch.full((2, 16, 16, 3), 0.5)
    result = warp.clone()
    result[1] += 0.1
    assert measurement_psnr(result, warp) == pytest.approx(60, abs=1e-3)
    assert measurement_ssim(warp, warp) == pytest.approx(1)


def test_the_perceptual_distance_is_read_on_kept_pixels_frame_by_frame():
    warp = torch.zeros(2, 16, 16, 3)
    result, visible = warp.clone(), torch.ones(2, 16, 16)
    result[0] = 0.2
    result[1, :, :8] = 0.6
    visible[1, :, :8] = 0
    visible[1, :, 8:12] = 0
    distance = lambda one, two: (one - two).abs().mean(1)  # noqa: E731
    assert measurement_lpips(result, warp, visible, distance=distance) == pytest.approx(0.1)


def test_temporal_flickering_is_one_minus_the_mean_change():
    video = torch.zeros(3, 8, 8, 3)
    video[1] = 51 / 255
    assert temporal_flickering(video) == pytest.approx((255 - 51) / 255)
    assert temporal_flickering(video[:1].expand(4, -1, -1, -1)) == 1


def test_subject_consistency_is_the_mean_of_two_cosines_never_below_zero():
    across = math.sqrt(0.5)
    features = torch.tensor([[2.0, 0.0], [1.0, 1.0], [0.0, 3.0], [-1.0, 0.0]])
    to_previous, to_first = (across, across, 0.0), (across, 0.0, 0.0)
    expected = (sum(to_previous) + sum(to_first)) / 2 / 3
    assert frame_consistency(features) == pytest.approx(expected)
    assert frame_consistency(features[:1].expand(5, -1)) == pytest.approx(1)


def test_the_feature_distance_is_one_minus_the_mean_cosine():
    one, two = torch.tensor([[1.0, 0.0], [0.0, 2.0]]), torch.tensor([[3.0, 0.0], [1.0, 0.0]])
    assert feature_distance(one, two) == pytest.approx(0.5)
    with pytest.raises(InputError, match="1 frames for 2"):
        feature_distance(one, two[:1])


def test_even_motion_is_smooth_and_a_frame_out_of_place_is_not():
    even = sliding()
    stumbling = even.clone()
    stumbling[3] = even[5]
    smooth, rough = motion_smoothness(even), motion_smoothness(stumbling)
    copied = 1 - float((even[1:-1:2] - even[0:-2:2]).abs().mean())
    assert smooth > 0.985 > copied, "following the motion beats repeating a frame"
    assert rough < smooth - 0.01
    assert motion_smoothness(even[:1].expand(5, -1, -1, -1)) == pytest.approx(1)


def test_a_fade_is_interpolated_exactly_and_an_even_last_frame_is_left_out():
    fade = torch.linspace(0.2, 0.4, 5).view(-1, 1, 1, 1).expand(-1, 16, 16, 3)
    assert motion_smoothness(fade) == pytest.approx(1, abs=0.5 / 255)
    assert motion_smoothness(torch.cat([fade, torch.ones(1, 16, 16, 3)])) == pytest.approx(1, abs=0.5 / 255)


@pytest.mark.parametrize(("metric", "least"), [(temporal_flickering, 2), (motion_smoothness, 3)])
def test_too_short_a_clip_is_named(metric, least):
    with pytest.raises(InputError, match=f"at least {least}"):
        metric(torch.zeros(least - 1, 16, 16, 3))


def test_a_clip_too_small_for_optical_flow_is_named():
    with pytest.raises(InputError, match="16 pixels"):
        motion_smoothness(torch.rand(5, 8, 24, 3))
