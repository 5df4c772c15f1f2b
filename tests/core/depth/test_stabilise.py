"""Flow, flicker and stabilisation, on a sliding texture whose depth is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sliding_scene import FRAMES, HEIGHT, WIDTH, scene

from inversecrafter_core.depth import RawDepth, measure_flicker, stabilise
from inversecrafter_core.errors import InputError
from inversecrafter_core.flow import clip_flow


def jumps(size: float, seed: int = 1):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=FRAMES) * size).float()[:, None, None]


def wander(depth, truth):
    """Standard deviation over time of a clip's scale error, in percent."""
    errors = (depth.log() - truth.log()).flatten(1).median(1).values
    return 100 * float(errors.std())


def test_flow_finds_the_slide_both_ways_and_knows_the_border():
    video, _ = scene(3)
    flow = clip_flow(video)
    inner = (slice(None), slice(20, -20), slice(20, -20))
    assert float(np.median(flow.back[inner][..., 0])) == pytest.approx(3, abs=0.2)
    assert float(np.median(flow.forth[inner][..., 0])) == pytest.approx(-3, abs=0.2)
    assert not flow.back_known[:, :, -2:].any(), "the last columns came into the picture just now"
    assert flow.back_known[inner].mean() > 0.8
    assert not any(flow.still_part(t) > 0.4 for t in range(FRAMES - 1))


@pytest.mark.parametrize("step", [0, 3])
def test_true_depth_has_no_flicker_and_flicker_is_what_was_put_in(step):
    video, depth = scene(step)
    flow = clip_flow(video)
    assert measure_flicker(depth, flow).percent < 0.2
    pulsing = depth * torch.tensor([1.0, 1.1]).repeat(FRAMES)[:FRAMES, None, None]
    assert measure_flicker(pulsing, flow).percent == pytest.approx(100 * np.log(1.1), abs=0.5)


def test_flicker_of_one_frame_is_nothing():
    video, depth = scene(0)
    assert measure_flicker(depth[:1], clip_flow(video[:1])).percent == 0


@pytest.mark.parametrize("step", [0, 3])
@pytest.mark.parametrize("kind", ["metric_depth", "disparity"])
def test_jumping_scale_is_taken_out(step, kind):
    video, depth = scene(step)
    flow = clip_flow(video)
    if kind == "disparity":
        values = (1 / depth) * (1 + jumps(0.1)) + jumps(0.02, seed=2)
        steady, _ = stabilise(RawDepth(values, kind), flow, pixels=False)
        before, after = ((x - 1 / depth).flatten(1).std(0).mean() for x in (values, steady.values))
    else:
        values = depth * jumps(0.05).exp()
        steady, _ = stabilise(RawDepth(values, kind), flow, pixels=False)
        before, after = wander(values, depth), wander(steady.values, depth)
    assert float(after) < (0.02 if step == 0 else 0.5) * float(before)
    assert steady.values.shape == values.shape


@pytest.mark.parametrize("kind", ["relative_depth", "disparity"])
def test_right_depth_stays_right(kind):
    video, depth = scene(3)
    values = depth if kind == "relative_depth" else 1 / depth
    steady, alignment = stabilise(RawDepth(values, kind), clip_flow(video))
    assert float((steady.values / values - 1).abs().mean()) < 0.005
    assert alignment.still_pairs == 0


def test_a_true_approach_survives_while_jumps_go():
    video, depth = scene(3)
    approach = depth * torch.exp(-0.02 * torch.arange(FRAMES))[:, None, None]
    steady, _ = stabilise(RawDepth(approach * jumps(0.04).exp(), "metric_depth"), clip_flow(video), pixels=False)
    course = (steady.values / depth).flatten(1).median(1).values.log()
    slope = np.polyfit(np.arange(FRAMES), course.numpy(), 1)[0]
    assert slope == pytest.approx(-0.02, abs=0.006)


def test_a_blank_sky_does_not_make_a_moving_camera_still():
    video, _ = scene(3)
    video[:, :80] = 0.9
    flow = clip_flow(video)
    assert all(flow.still(t).mean() > 0.4 for t in range(FRAMES - 1)), "most of the picture looks still"
    assert not any(flow.still_part(t) > 0.4 for t in range(FRAMES - 1))


def test_a_still_camera_loses_even_slow_drift():
    video, depth = scene(0)
    drifting = depth * torch.exp(0.02 * torch.arange(FRAMES))[:, None, None]
    steady, alignment = stabilise(RawDepth(drifting, "metric_depth"), clip_flow(video), pixels=False)
    assert alignment.still_pairs == FRAMES - 1
    assert wander(steady.values, depth) < 0.1


def test_the_pixel_filter_takes_local_flicker_out_and_keeps_edges():
    video, depth = scene(3)
    flow = clip_flow(video)
    generator = torch.Generator().manual_seed(3)
    local = torch.nn.functional.interpolate(
        torch.randn(FRAMES, 1, 6, 8, generator=generator), size=(HEIGHT, WIDTH), mode="bicubic"
    )
    noisy = depth * (0.04 * local[:, 0]).exp()
    frames_only, _ = stabilise(RawDepth(noisy, "metric_depth"), flow, pixels=False)
    steady, _ = stabilise(RawDepth(noisy, "metric_depth"), flow)
    assert measure_flicker(steady.values, flow).percent < 0.5 * measure_flicker(frames_only.values, flow).percent
    error = [float((x.values.log() - depth.log()).abs().mean()) for x in (frames_only, steady)]
    assert error[1] < 0.8 * error[0]
    between = (steady.values > 2.4) & (steady.values < 3.6)
    assert float(between.float().mean()) < 0.002, "no values between box and wall"


def test_holes_neither_move_nor_spread():
    video, depth = scene(3)
    depth[:, :10] = torch.inf
    steady, _ = stabilise(RawDepth(depth * jumps(0.05).exp(), "metric_depth"), clip_flow(video))
    assert bool(steady.values[:, :10].isinf().all()) and bool(steady.values[:, 10:].isfinite().all())
    assert float(steady.values[:, 10:].min()) > 1 and float(steady.values[:, 10:].max()) < 12


def test_a_cut_is_no_flicker_and_breaks_nothing():
    video, depth = scene(0)
    video[8:] = torch.rand(HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(9))
    depth[8:] *= 3
    steady, _ = stabilise(RawDepth(depth, "metric_depth"), clip_flow(video))
    ratio = steady.values[8:].median() / steady.values[:8].median()
    assert float(ratio) == pytest.approx(3, rel=0.1)


def test_counts_must_match_and_repeats_are_identical():
    video, depth = scene(3)
    flow = clip_flow(video)
    with pytest.raises(InputError, match="depth has 16, video has 17"):
        stabilise(RawDepth(depth[1:], "metric_depth"), flow)
    raw = RawDepth(depth * jumps(0.05).exp(), "metric_depth")
    assert torch.equal(stabilise(raw, flow)[0].values, stabilise(raw, clip_flow(video))[0].values)


def test_progress_reaches_its_total_and_may_cancel():
    video, depth = scene(0)
    seen = []
    stabilise(RawDepth(depth, "metric_depth"), clip_flow(video), progress=lambda done, total: seen.append(done / total))
    assert seen == sorted(seen) and seen[-1] == pytest.approx((2 * FRAMES - 1) / (2 * FRAMES))

    def cancel(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clip_flow(video, progress=cancel)
