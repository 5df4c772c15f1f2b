"""Depth smoothed by as much as it flickers: on a still, textured wall with a nearer box whose depth is known."""

from __future__ import annotations

import pytest
import torch
from sliding_scene import scene

from inversecrafter_core.depth import RawDepth, Stabilisation, build_geometry, denoise, noise_level
from inversecrafter_core.errors import InputError
from inversecrafter_core.flow import clip_flow

NOISE = 0.1


def noisy(depth: torch.Tensor, part: float = 1.0) -> torch.Tensor:
    """``depth`` with 10 % noise, blurred over a few pixels, new in every frame; ``part`` of it."""
    field = torch.randn(depth.shape, generator=torch.Generator().manual_seed(3))[:, None]
    field = torch.nn.functional.avg_pool2d(field, 5, 1, 2)[:, 0]
    return depth * (part * NOISE * field / field.std()).exp()


def error(depth: torch.Tensor, truth: torch.Tensor) -> float:
    return float((depth.log() - truth.log()).square().mean().sqrt())


@pytest.mark.parametrize("part", [0.3, 1.0])
def test_the_level_is_what_was_put_in(part):
    video, depth = scene(0)
    assert noise_level(RawDepth(noisy(depth, part), "metric_depth"), clip_flow(video)) == pytest.approx(part * NOISE, rel=0.15)
    assert noise_level(RawDepth(depth, "metric_depth"), clip_flow(video)) < 1e-6


def test_noise_goes_and_the_outline_stays():
    video, depth = scene(0)
    flow, raw = clip_flow(video), RawDepth(noisy(depth), "metric_depth")
    calm = denoise(raw, flow, noise_level(raw, flow)).values
    assert error(calm, depth) < 0.5 * error(raw.values, depth)
    step = calm[:, 40:60, 80:87].median(2).values / calm[:, 40:60, 93:100].median(2).values
    true = depth[:, 40:60, 80:87].median(2).values / depth[:, 40:60, 93:100].median(2).values
    assert torch.allclose(step.mean(1), true.mean(1), rtol=0.1), "the box's left edge is still a jump of its full height"


def test_disparity_of_any_unit_is_smoothed_alike():
    video, depth = scene(0)
    flow, disparity = clip_flow(video), 1 / noisy(depth)
    one, other = RawDepth(disparity, "disparity"), RawDepth(1000 * disparity, "disparity")
    level = noise_level(one, flow)
    assert noise_level(other, flow) == pytest.approx(level, rel=1e-4)
    calm = denoise(one, flow, level).values
    assert (calm - 1 / depth).std() < 0.6 * (disparity - 1 / depth).std()
    assert torch.allclose(denoise(other, flow, level).values, 1000 * calm, rtol=1e-3)


def test_steady_depth_and_unknown_pixels_are_left_alone():
    video, depth = scene(0)
    flow, raw = clip_flow(video), RawDepth(depth, "metric_depth")
    assert denoise(raw, flow, noise_level(raw, flow)) is raw
    holed = noisy(depth)
    holed[:, 20:40, 20:40] = 0
    calm = denoise(RawDepth(holed, "metric_depth"), flow, NOISE).values
    assert bool((calm[:, 20:40, 20:40] == 0).all()) and bool((calm > 0).sum() == (holed > 0).sum())
    assert error(calm[:, 41:46, 20:40], depth[:, 41:46, 20:40]) < 0.5 * error(holed[:, 41:46, 20:40], depth[:, 41:46, 20:40])


def test_estimate_depth_reports_it_and_lengths_must_agree():
    video, depth = scene(0)
    raw = RawDepth(noisy(depth), "metric_depth")
    made = build_geometry(raw, video, Stabilisation.FRAMES_PIXELS_AND_NOISE)
    assert error(made.geometry.depth, depth) < 0.6 * error(build_geometry(raw, video).geometry.depth, depth)
    assert any(line.startswith("Noise that flickers: 10") and "smoothed" in line for line in made.lines), made.lines
    with pytest.raises(InputError):
        noise_level(RawDepth(depth[1:], "metric_depth"), clip_flow(video))
