"""Windows on the model's schedule, the bound guidance, and the exact sampler against pencil and paper."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.inverse import MaskSchedule, Measurement, ProximalSettings
from inversecrafter_core.sampling import (
    ALWAYS,
    NEVER,
    Guidance,
    GuidanceSettings,
    Streams,
    Window,
    percent_of_sigma,
    sample_guided_euler,
    sigma_of_percent,
    steps_above,
    whole_signal,
)


def shifted(percent: float, shift: float = 5.0) -> float:
    t = 1 - percent
    return shift * t / (1 + (shift - 1) * t)


SCHEDULE = [shifted(i / 50) for i in range(51)]
"""50 steps, shift 5, as the host's 'simple' scheduler makes them."""


def active_steps(window: Window, sigmas=SCHEDULE) -> list[int]:
    active = window.resolve(shifted)
    return [i for i, sigma in enumerate(sigmas[:-1]) if sigma in active]


def test_an_alpha_of_0_6_is_the_last_thirty_of_fifty_steps():
    assert active_steps(Window()) == active_steps(Window(1 - 0.6)) == list(range(20, 50))


@pytest.mark.parametrize("split", [1, 20, 35])
def test_slices_of_a_schedule_are_guided_where_the_whole_is(split):
    first, second = SCHEDULE[: split + 1], SCHEDULE[split:]
    window = Window(0.4, 0.7)
    assert active_steps(window, first) + [split + i for i in active_steps(window, second)] == active_steps(window)


def test_a_start_of_one_is_never_and_of_zero_always():
    assert active_steps(NEVER) == [] and active_steps(ALWAYS) == list(range(50))


def test_a_window_holds_both_its_ends_in_float32():
    window = Window(0.2, 0.6)
    assert active_steps(window) == list(range(10, 31))
    assert active_steps(window, torch.tensor(SCHEDULE).tolist()) == list(range(10, 31))
    assert active_steps(Window(0.5, 0.5)) == [25]


@pytest.mark.parametrize("shift", [1.0, 5.0, 8.0])
def test_percents_and_sigmas_of_a_shifted_flow_are_each_others_inverse(shift):
    to_sigma, to_percent = sigma_of_percent(shift), percent_of_sigma(shift)
    assert [to_percent(to_sigma(percent)) for percent in (0.0, 0.3, 0.9, 1.0)] == pytest.approx([0.0, 0.3, 0.9, 1.0])
    assert (to_sigma(0.0), to_sigma(1.0)) == (1.0, 0.0)
    assert sigma_of_percent(5.0)(0.3) == pytest.approx(shifted(0.3))


@pytest.mark.parametrize(("sigma", "steps"), [(1.1, 0), (1.0, 1), (SCHEDULE[7], 8), (SCHEDULE[7] + 1e-4, 7), (0.0, 50)])
def test_the_first_of_two_samplers_takes_the_steps_that_begin_at_or_above_the_switch(sigma, steps):
    assert steps_above(sigma, torch.tensor(SCHEDULE).tolist()) == steps


@pytest.mark.parametrize("bad", [{"start": -0.1}, {"start": 0.6, "end": 0.4}, {"end": 1.1}, {"start": float("nan")}])
def test_windows_that_mean_nothing_are_refused(bad):
    with pytest.raises(InputError, match="start_percent and end_percent"):
        Window(**bad)


def unguided(denoised, sigma):
    return denoised


def test_the_exact_sampler_on_paper():
    """One cell. x = 2 at sigma 1, model always says z0 = 1, corrected to 0.5 at sigma 0.5 only. Steps 1 -> 0.5 -> 0.25 -> 0.

    sigma 1: z1 = 2,                              x = 0.5 * 1 + 0.5 * 2 = 1.5
    sigma 0.5: z1 = (1.5 - 0.5) / 0.5 = 2, z* = 0.5, x = 0.75 * 0.5 + 0.25 * 2 = 0.875
    sigma 0.25: z1 = (0.875 - 0.75) / 0.25 = 0.5, z0 = 1, x = 1
    """
    seen = []
    sigmas = torch.tensor([1.0, 0.5, 0.25, 0.0])
    out = sample_guided_euler(
        lambda x, sigma: torch.ones_like(x),
        torch.full((1, 1, 1, 1, 1), 2.0),
        sigmas,
        callback=lambda state: seen.append((float(state["x"]), float(state["denoised"]))),
        correct=lambda denoised, sigma: denoised / 2 if sigma == 0.5 else denoised,
    )
    assert seen == [(2.0, 1.0), (1.5, 0.5), (0.875, 1.0)]
    assert float(out) == 1.0


def test_noise_kept_and_noise_rederived_differ_as_computed():
    """From x = 1.5 at sigma 0.5 with z0 = 1, z* = 0.5: kept z1 = 2 gives 0.875 at 0.25; Euler handed z* re-derives z1 =
    2.5: 1.0.
    """
    x, z0, corrected, sigma, sigma_next = 1.5, 1.0, 0.5, 0.5, 0.25
    start, sigmas = torch.full((1, 1, 1, 1, 1), x), torch.tensor([sigma, sigma_next])
    kept = sample_guided_euler(lambda x, s: torch.full_like(x, z0), start, sigmas, correct=lambda z, s: z - z0 + corrected)
    rederived = sample_guided_euler(lambda x, s: torch.full_like(x, corrected), start, sigmas, correct=unguided)
    assert float(kept) == 0.875 and float(rederived) == 1.0
    assert float(rederived - kept) == pytest.approx(-sigma_next * (1 - sigma) / sigma * (corrected - z0))


def test_renewed_noise_takes_the_place_of_the_kept():
    """As in the case above at sigma 0.5, but z1 = 2 becomes -1: 0.75 * 0.5 + 0.25 * -1."""
    start, sigmas = torch.full((1, 1, 1, 1, 1), 1.5), torch.tensor([0.5, 0.25])
    seen = []

    def renew(noise):
        seen.append(float(noise))
        return torch.full_like(noise, -1.0)

    out = sample_guided_euler(lambda x, s: torch.ones_like(x), start, sigmas, correct=lambda z, s: z / 2, renew=renew)
    assert seen == [2.0] and float(out) == 0.125


def test_without_corrections_it_is_plain_euler():
    def model(x, sigma):
        return 0.3 * x + sigma.view(-1, 1, 1, 1, 1)

    x = torch.randn(2, 4, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    sigmas = torch.tensor(SCHEDULE[::5])
    plain = x
    for sigma, following in pairwise(sigmas):
        plain = plain + (following - sigma) * (plain - model(plain, sigma.expand(2))) / sigma
    assert torch.allclose(sample_guided_euler(model, x, sigmas, correct=unguided), plain, atol=1e-5)


def test_noise_on_top_of_the_clean_latent_is_kept_too():
    """Variance exploding, ``x = z0 + sigma z1``: with the exact prediction of one clip the noise stays what it was."""
    clean, x = torch.randn(1, 4, 3, 4, 5), torch.randn(1, 4, 3, 4, 5) * 80
    noises = []

    def model(x, sigma):
        noises.append((x - clean) / sigma.view(-1, 1, 1, 1, 1))
        return clean

    sigmas = torch.tensor([80.0, 20.0, 3.0, 0.0])
    done = sample_guided_euler(model, clean + x, sigmas, correct=unguided, signal=whole_signal)
    assert all(torch.allclose(noise, x / 80, atol=1e-4) for noise in noises) and torch.allclose(done, clean)


PACK = [(2, 4, 3, 4, 5), (2, 8, 7)]


def packed(video: torch.Tensor, audio: torch.Tensor) -> torch.Tensor:
    return torch.cat([video.flatten(1), audio.flatten(1)], 1)[:, None]


def test_of_a_pack_the_video_is_guided_and_the_rest_is_untouched_to_the_bit():
    generator = torch.Generator().manual_seed(0)
    video, audio = (torch.randn(shape, generator=generator) for shape in PACK)
    x = packed(video, audio)
    for solver in ("closed_form", "conjugate_gradients"):
        guidance = Guidance(measurement(), ProximalSettings(solver))
        z = guidance.bind(x, shifted, lambda w: w, Streams.of(x, PACK))(x, 0.1)
        alone = bind(guidance, video)(video, 0.1)
        assert torch.allclose(z[:, 0, : video[0].numel()], alone.flatten(1), atol=1e-6) and not torch.equal(alone, video)
        assert torch.equal(z[:, 0, video[0].numel() :], audio.flatten(1))


def test_what_is_placed_among_the_streams_is_taken_from_them():
    cells = torch.rand(2, 1, 3, 4, 5) > 0.5
    for streams in (Streams.of(torch.zeros(2, 1, 100), PACK), Streams.of(torch.zeros(2, 4, 3, 4, 5))):
        assert torch.equal(streams.take(streams.place(cells)), cells)


def test_a_pack_without_a_video_and_a_clip_of_another_size_are_named():
    x = torch.zeros(2, 1, 100)
    with pytest.raises(InputError, match="first stream has shape"):
        Streams.of(x, PACK[::-1])
    with pytest.raises(InputError, match="40x32 and 9 frames"):
        Guidance(measurement()).bind(x, shifted, lambda w: w, Streams.of(x, [(2, 4, 2, 4, 5), PACK[1]]))


def measurement(batch: int = 1, channels: int = 4) -> Measurement:
    generator = torch.Generator().manual_seed(1)
    shape = (batch, channels, 3, 4, 5)
    return Measurement(torch.randn(shape, generator=generator), torch.rand(shape, generator=generator), (9, 32, 40))


def bind(guidance: Guidance, like: torch.Tensor):
    return guidance.bind(like, shifted, lambda w: w)


def test_bound_guidance_acts_in_its_window_only_and_keeps_the_dtype():
    guidance = Guidance(measurement(), window=Window(percent_of_sigma(5.0)(0.5)))
    z0 = torch.randn(3, 4, 3, 4, 5).bfloat16()
    correct = bind(guidance, z0)
    assert correct(z0, 0.6) is z0
    assert correct(z0, 0.4).dtype == torch.bfloat16 and not torch.equal(correct(z0, 0.4), z0)


def test_the_measurement_is_taken_to_model_space_before_it_is_masked():
    guidance = Guidance(measurement(), ProximalSettings("closed_form", gamma=2.0))
    z0 = torch.zeros(1, 4, 3, 4, 5)
    correct = guidance.bind(z0, shifted, lambda w: (w - 3) / 2)
    h, encoded = guidance.measurement.h, (guidance.measurement.w - 3) / 2
    assert torch.allclose(correct(z0, 0.8), 2 * h * h * encoded / (1 + 2 * h * h), atol=1e-6)


def test_noise_on_top_of_the_clean_latent_counts_by_its_share():
    guidance = Guidance(measurement(), ProximalSettings("closed_form", gamma=2.0, schedule=MaskSchedule.SHARPEN))
    z0 = torch.randn(1, 4, 3, 4, 5, generator=torch.Generator().manual_seed(3))
    on_top = guidance.bind(z0, lambda percent: 80 * (1 - percent), lambda w: w, signal=whole_signal)
    assert torch.allclose(on_top(z0, 1.0), bind(guidance, z0)(z0, 0.5), atol=1e-6), "sigma 1 is half noise there"


def test_one_measurement_serves_a_batch():
    guidance = Guidance(measurement(), ProximalSettings("conjugate_gradients"))
    z0 = torch.randn(3, 4, 3, 4, 5, generator=torch.Generator().manual_seed(2))
    together = bind(guidance, z0)(z0, 0.1)
    alone = bind(guidance, z0[1:2])(z0[1:2], 0.1)
    assert torch.allclose(together[1:2], alone, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "says"), [((1, 16, 3, 4, 5), "channels"), ((1, 4, 5, 4, 5), "40x32 and 9 frames"), ((4, 3, 4, 5), "no video")]
)
def test_latents_that_do_not_fit_are_named(shape, says):
    with pytest.raises(InputError, match=says):
        Guidance(measurement()).check_shape(shape)


def test_two_measurements_for_three_clips_are_refused():
    with pytest.raises(InputError, match="2 measurements for a batch of 3"):
        Guidance(measurement(batch=2)).check_shape((3, 4, 3, 4, 5))


@pytest.mark.parametrize("settings", [lambda: GuidanceSettings(noise="nope"), lambda: Guidance(measurement(), noise="nope")])
def test_an_unknown_noise_rule_is_named_with_the_known_ones(settings):
    with pytest.raises(InputError, match=r"noise: 'nope'. Choose one of: keep, fresh"):
        settings()
