"""Raw values to depth, depth to geometry: known answers, and every bad input answered."""

from __future__ import annotations

import math

import pytest
import torch

from inversecrafter_core.depth import RawDepth, VerticalGradientPrior, build_geometry, geometry_from_depth, to_depth
from inversecrafter_core.depth.convert import NEAR
from inversecrafter_core.errors import InputError


def ramp(low=0.0, high=1.0, frames=3, height=4, width=5):
    return torch.linspace(low, high, frames * height * width).reshape(frames, height, width)


def test_disparity_spans_exactly_near_to_far_over_the_whole_clip():
    result = to_depth(RawDepth(ramp(3, 7), "disparity"), far_ratio=10, outliers=0)
    assert float(result.depth[-1, -1, -1]) == pytest.approx(NEAR, rel=1e-5)
    assert float(result.depth[0, 0, 0]) == pytest.approx(10 * NEAR, rel=1e-5)
    assert not result.metric and bool(result.valid.all())


def test_a_huge_far_ratio_is_the_relatives_rule():
    normalised = ramp()
    result = to_depth(RawDepth(5 * normalised - 2, "disparity"), far_ratio=1e9, outliers=0)
    inner = normalised > 0.01
    assert torch.allclose(result.depth[inner], 1e4 / (3900 * normalised[inner]), rtol=1e-3)


def test_conversion_does_not_care_about_scale_and_shift_of_disparity():
    values = torch.rand(2, 6, 7, generator=torch.Generator().manual_seed(1))
    one = to_depth(RawDepth(values, "disparity")).depth
    other = to_depth(RawDepth(40 * values + 9, "disparity")).depth
    assert torch.allclose(one, other, rtol=1e-4)


def test_one_hot_pixel_does_not_flatten_the_clip():
    values = torch.rand(4, 40, 40, generator=torch.Generator().manual_seed(1))
    calm = to_depth(RawDepth(values, "disparity")).depth.median()
    values[0, 0, 0] = 1000
    assert float(to_depth(RawDepth(values, "disparity")).depth.median()) == pytest.approx(float(calm), rel=0.02)


def test_metric_depth_passes_through_and_holes_go_behind_everything():
    values = ramp(1, 5)
    values[0, 0, :3] = torch.tensor([0.0, math.inf, -2.0])
    result = to_depth(RawDepth(values, "metric_depth"))
    assert result.metric and not bool(result.valid[0, 0, :3].any()) and int((~result.valid).sum()) == 3
    assert torch.equal(result.depth[result.valid], values[result.valid])
    assert torch.equal(result.depth[0, 0, :3], values[0, -1, -1].expand(3))
    assert "5.00 %" in result.notes[0]


def test_constant_depth_is_a_stated_plane_and_constant_disparity_an_error():
    flat = torch.full((2, 4, 4), 3.0)
    assert "flat plane" in to_depth(RawDepth(flat, "relative_depth")).notes[0]
    with pytest.raises(InputError, match=r"constant disparity \(3\)"):
        to_depth(RawDepth(flat, "disparity"))


@pytest.mark.parametrize("value", [0.0, math.inf, -1.0])
def test_a_frame_without_depth_is_named(value):
    values = ramp(1, 5)
    values[1] = value
    with pytest.raises(InputError, match=r"1 of 3 frames \(1\)"):
        to_depth(RawDepth(values, "metric_depth"))


def test_nan_and_unknown_kinds_are_refused():
    values = ramp()
    values[0, 0, 0] = math.nan
    with pytest.raises(InputError, match="1 NaN"):
        RawDepth(values, "disparity")
    with pytest.raises(InputError, match="Choose one of"):
        RawDepth(ramp(), "metres")


@pytest.mark.parametrize("ratio", [1.0, 0.5, -3.0])
def test_a_far_plane_before_the_near_one_is_refused(ratio):
    with pytest.raises(InputError, match="far_ratio"):
        to_depth(RawDepth(ramp(), "disparity"), far_ratio=ratio)


def test_the_default_lens_is_55_degrees_and_focal_wins():
    depth, valid = ramp(1, 2), torch.ones(3, 4, 5, dtype=torch.bool)
    by_default = geometry_from_depth(depth, valid)
    assert float(by_default.intrinsics[0, 0, 0]) == pytest.approx(2.5 / math.tan(math.radians(27.5)))
    assert torch.equal(by_default.camera_to_world, torch.eye(4).expand(3, 4, 4))
    assert float(geometry_from_depth(depth, valid, focal=7, fov=1).intrinsics[2, 1, 1]) == 7
    for bad in (0.0, -3.0, math.nan, math.inf):
        with pytest.raises(InputError, match="focal"):
            geometry_from_depth(depth, valid, focal=bad)


def test_source_cameras_are_rebased_to_frame_0():
    poses = torch.eye(4).repeat(3, 1, 1)
    poses[:, 2, 3] = torch.tensor([5.0, 6.0, 8.0])
    geometry = geometry_from_depth(ramp(1, 2), torch.ones(3, 4, 5, dtype=torch.bool), camera_to_world=poses)
    assert torch.equal(geometry.camera_to_world[0], torch.eye(4))
    assert geometry.camera_to_world[:, 2, 3].tolist() == [0, 1, 3]


def test_the_prior_is_a_ground_before_a_wall_and_refuses_nonsense():
    video = torch.rand(2, 50, 8, 3)
    seen = []
    raw = VerticalGradientPrior(horizon=0.4, far_ratio=4).estimate(video, 1, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
    assert raw.values.shape == (2, 50, 8)
    assert torch.equal(raw.values[:, :20], torch.full((2, 20, 8), 4.0)), "the wall"
    assert bool((raw.values[:, 20:-1] > raw.values[:, 21:]).all()), "the ground comes nearer"
    assert float(raw.values[0, -1, 0]) == pytest.approx(1, abs=0.05)
    for wrong in (dict(horizon=0.0), dict(horizon=1.0), dict(far_ratio=1.0)):
        with pytest.raises(InputError):
            VerticalGradientPrior(**wrong)


def test_video_and_depth_of_different_counts_or_sizes_are_refused():
    raw = RawDepth(ramp(1, 2), "metric_depth")
    with pytest.raises(InputError, match="video has 2, depth has 3"):
        build_geometry(raw, torch.rand(2, 4, 5, 3))
    with pytest.raises(InputError, match="size 5x4, but video has 10x8"):
        build_geometry(raw, torch.rand(3, 8, 10, 3))


def test_one_frame_has_no_flicker_and_no_complaint():
    made = build_geometry(RawDepth(ramp(1, 2, frames=1), "metric_depth"), torch.rand(1, 4, 5, 3))
    assert made.before is None and made.geometry.frames == 1 and not any("licker" in line for line in made.lines)
