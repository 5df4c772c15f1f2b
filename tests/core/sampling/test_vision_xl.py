"""Restoration: the loop around exact priors, its inversion, its noise levels, and what it holds of a clip at once."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.inverse.operators import (
    AveragePool,
    Composition,
    PixelMask,
    TemporalAverage,
    gaussian_blur,
    random_visible,
)
from inversecrafter_core.sampling import (
    Prior,
    RestorationSettings,
    Start,
    flow_signal,
    noise_levels,
    noise_share,
    paper_width,
    sample_vision_xl,
    sigma_of_percent,
    watched,
    whole_signal,
)
from inversecrafter_core.sampling.inversion import inverted
from inversecrafter_core.sampling.vision_xl import low_passed

SIZE = (7, 16, 16)
OPERATORS = {
    "pool": AveragePool(4),
    "blur": gaussian_blur(1.5, 9),
    "mask": PixelMask.of(random_visible(SIZE, 0.5, 0)),
    "box, then pool": Composition((TemporalAverage(3), AveragePool(2))),
}
SIGNALS = {"EPS": whole_signal, "flow": flow_signal}


def truth(size=SIZE, seed=0):
    """Smooth moving colours."""
    t, y, x = torch.meshgrid(*(torch.linspace(0, 1, side) for side in size), indexing="ij")
    waves = [torch.sin(6 * (x + 0.5 * t + phase)) * torch.cos(5 * (y - phase)) for phase in (0.1, 0.4, 0.8)]
    return 0.5 + 0.4 * torch.stack(waves, -1)


def percent_to_sigma(signal):
    return sigma_of_percent(4.0) if signal is flow_signal else lambda percent: math.expm1(3 * (1 - percent))


def levels(signal, steps=4, share=0.6):
    return noise_levels(share, steps, percent_to_sigma(signal), signal)


def plain(frames):
    """A VAE that is none."""
    return 2 * frames - 1


def picture(latent):
    return latent / 2 + 0.5


def knowing(clip, signal, frames=1):
    """A prior that predicts the units of a clip, in the order in which they are denoised."""
    z = plain(clip).split(frames)
    calls = iter(range(10**6))
    return Prior(lambda x, sigma: (z[next(calls) % len(z)],) * 2, plain, picture, frames, signal)


def gaussian(signal, deviation=0.5):
    """The exact predictions for clean latents of a known deviation; its probability flow keeps x over its own deviation."""

    def denoise(x, sigma):
        spread = (signal(sigma) * deviation) ** 2 + sigma**2
        return (x * signal(sigma) * deviation**2 / spread,) * 2

    return Prior(denoise, plain, picture, 1, signal)


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("frames", [1, SIZE[0]], ids=["image prior", "video prior"])
@pytest.mark.parametrize("start", [Start.INVERTED, Start.NOISED])
def test_a_prior_that_knows_the_clip_restores_it(name, signal, frames, start):
    """It predicts the units in turn, in the inversion as in the loop."""
    clip, operator = truth(), OPERATORS[name]
    settings = RestorationSettings(start=start)
    restored = sample_vision_xl(knowing(clip, signal, frames), operator, operator.A(clip), levels(signal), settings)
    assert float((restored - clip).abs().max()) < 2e-3


@pytest.mark.parametrize("start", Start)
@pytest.mark.parametrize("name", OPERATORS)
def test_the_result_is_measured_as_given_where_the_last_fit_is_kept(name, start):
    clip, operator = truth(), OPERATORS[name]
    y, prior, run = operator.A(clip), gaussian(flow_signal), levels(flow_signal)
    errors = {}
    for kept in (True, False):
        settings = RestorationSettings(start=start, low_pass=paper_width, fit_last=kept)
        errors[kept] = float((operator.A(sample_vision_xl(prior, operator, y, run, settings)) - y).square().mean().sqrt())
    assert errors[True] < 0.01 and errors[True] < 0.5 * errors[False]


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
def test_inversion_follows_the_flow_of_a_known_prior(signal):
    """For a Gaussian the flow scales a latent by its deviation at each level; many small steps come close."""
    prior, deviation = gaussian(signal), 0.5
    z0 = deviation * torch.randn(1, 8, 8, 3, generator=torch.Generator().manual_seed(1))
    error = {}
    for steps in (8, 200):
        run = levels(signal, steps)
        wanted = z0 / deviation * math.hypot(signal(run[0]) * deviation, run[0])
        error[steps] = float((inverted([z0], prior, run)[0] - wanted).norm() / wanted.norm())
    assert error[200] < 0.02 and error[8] < 0.25


def test_the_inversion_takes_the_cheaper_free_prediction_where_there_is_one():
    known, asked = gaussian(flow_signal), []
    prior = replace(known, denoise_free=lambda x, sigma: (asked.append(sigma), known.denoise(x, sigma)[1])[1])
    coded, sigmas = [plain(truth()[:1])], levels(flow_signal)
    assert torch.equal(inverted(coded, prior, sigmas)[0], inverted(coded, known, sigmas)[0])
    assert asked == sigmas[-2::-1]


def test_noise_levels_begin_at_the_share_fall_evenly_and_end_clean():
    for signal in SIGNALS.values():
        run = levels(signal, 8)
        assert noise_share(run[0], signal) == pytest.approx(0.6, abs=1e-6) and run[-1] == 0 and len(run) == 9
        assert all(high > low for high, low in pairwise(run))
    run = levels(flow_signal, 8)
    percents = [1 - sigma / (4 - 3 * sigma) for sigma in run]
    steps = [after - before for before, after in pairwise(percents)]
    assert steps == pytest.approx([steps[0]] * 8)


def test_all_units_get_the_same_new_noise():
    """Of a still clip every frame stays the same, whatever the share of new noise."""
    still = truth()[:1].repeat(SIZE[0], 1, 1, 1)
    for start in Start:
        settings = RestorationSettings(start=start, eta=0.8)
        restored = sample_vision_xl(
            gaussian(flow_signal), AveragePool(4), AveragePool(4).A(still), levels(flow_signal), settings
        )
        assert torch.allclose(restored, restored[:1].expand_as(restored), atol=1e-6), start


def test_a_seed_repeats_a_run_and_another_one_does_not():
    y = AveragePool(4).A(truth())
    for settings in (RestorationSettings(start=Start.NOISED), RestorationSettings(eta=0.5)):
        run = partial(sample_vision_xl, gaussian(flow_signal), AveragePool(4), y, levels(flow_signal), settings)
        assert torch.equal(run(seed=3), run(seed=3)) and not torch.equal(run(seed=3), run(seed=4))


def test_the_measurement_is_left_as_it_is():
    operator = gaussian_blur(1.5, 9)
    y = operator.A(truth())
    before = y.clone()
    sample_vision_xl(gaussian(flow_signal), operator, y, levels(flow_signal))
    assert torch.equal(y, before)


@pytest.mark.parametrize("keep", [0.0, 0.5])
@pytest.mark.parametrize("start", Start)
def test_model_and_vae_get_one_frame_at_a_time_and_the_watch_sees_every_call(start, keep):
    seen, calls, order = set(), [], []

    def note(function):
        return lambda value, *more: (seen.add(len(value)), order.append("call"), function(value, *more))[2]

    plainly = gaussian(flow_signal)
    prior = replace(plainly, denoise=note(plainly.denoise), encode=note(plain), decode=note(picture))
    operator = OPERATORS["box, then pool"]
    settings = RestorationSettings(start=start, keep=keep)

    def watch(frame):
        calls.append(frame)
        order.append("watch")

    sample_vision_xl(prior, operator, operator.A(truth()), levels(flow_signal), settings, watch=watch)
    assert seen == {1}
    assert order == ["call", "watch"] * len(calls), "a run can be stopped after every call"
    assert len(calls) == watched(SIZE[0], 4, settings)
    assert sum(frame is not None for frame in calls) == 4 * SIZE[0]


def coarse(clip):
    """A VAE that keeps blocks of four pixels."""
    return plain(AveragePool(4).A(clip))


def enlarged(latent):
    return AveragePool(4).A_adjoint(picture(latent)) * 16


def test_spread_corrections_restore_what_the_vae_loses():
    """A prior that changes nothing behind a coarse VAE: known pixels correct the hidden ones beside them."""
    clip, operator = truth(), PixelMask.of(random_visible(SIZE, 0.5, 0))
    prior = Prior(lambda x, sigma: (x / flow_signal(sigma),) * 2, coarse, enlarged)
    errors = {}
    for spread in (0.0, 0.8):
        settings = RestorationSettings(start=Start.NOISED, fit_spread=spread)
        made = sample_vision_xl(prior, operator, operator.A(clip), [1e-3, 0.0], settings)
        assert torch.allclose(operator.A(made), operator.A(clip), atol=1e-4)
        errors[spread] = float((made - clip).abs().mean())
    assert errors[0.8] < 0.6 * errors[0.0]


def test_a_kept_prediction_does_not_decay_with_every_step():
    """A prior that changes nothing, a VAE whose encoder loses a tenth: hidden pixels lose it in every step, or once."""
    clip, operator = torch.full((*SIZE, 3), 0.8), OPERATORS["mask"]
    prior = Prior(lambda x, sigma: (x / flow_signal(sigma),) * 2, lambda frames: 0.9 * plain(frames), picture)
    sigmas = [1e-5 * step for step in range(5, -1, -1)]
    left = {}
    for keep in (0.0, 0.5, 1.0):
        made = sample_vision_xl(prior, operator, operator.A(clip), sigmas, RestorationSettings(keep=keep))
        left[keep] = float(plain(made)[operator.visible.expand(SIZE) == 0].median())
    assert left[1.0] == pytest.approx(0.6 * 0.9, rel=0.02)
    assert [left[keep] / left[1.0] for keep in (0.0, 0.5)] == pytest.approx([0.9**4, 0.95**4], rel=1e-3)


def test_a_watch_can_stop_a_run():
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample_vision_xl(gaussian(flow_signal), AveragePool(4), AveragePool(4).A(truth()), levels(flow_signal), watch=stop)


def test_the_low_pass_keeps_flat_colour_and_is_nothing_without_a_width():
    clip = truth()
    assert low_passed(clip, 0.0) is clip
    smooth = low_passed(clip, 1.2)
    assert smooth.shape == clip.shape and float(smooth.std()) < float(clip.std())
    flat = torch.full((2, 16, 16, 3), 0.3)
    assert torch.allclose(low_passed(flat, 1.2), flat)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: RestorationSettings(start="backwards"), "start"),
        (lambda: RestorationSettings(eta=1.5), "eta"),
        (lambda: RestorationSettings(fit_steps=0), "fit_steps"),
        (lambda: RestorationSettings(keep=1.2), "keep"),
        (lambda: levels(flow_signal, 0), "steps"),
        (lambda: levels(flow_signal, 4, 1.0), "noise"),
    ],
)
def test_settings_that_mean_nothing_are_refused(make, name):
    with pytest.raises(InputError, match=name):
        make()
