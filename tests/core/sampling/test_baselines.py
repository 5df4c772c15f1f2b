"""Samplers of related methods, against cases worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from sampler_kit import ALWAYS, NEVER, SHAPE, SIGMAS, mask, model, plain, random

from inversecrafter_core.sampling import (
    BoundGuidance,
    Evidence,
    Langevin,
    SigmaRange,
    langevin_step,
    renoise,
    sample_guided_euler,
    sample_hard_paste,
    sample_lanpaint,
    sample_time_to_move,
    sample_zero4d,
)


def held(sample, x, sigmas=SIGMAS, callback=None, **given):
    """Run a sampler on :data:`model`, its evidence put together from ``given``."""
    fields = {name: given.pop(name) for name in ("w", "mask", "active", "noise", "generator") if name in given}
    return sample(given.pop("predict", model), x, sigmas, callback=callback, evidence=Evidence(**fields), **given)


def settings_of(name: str) -> dict:
    w, m = random(1), mask(2)
    return {
        "paste": (sample_hard_paste, {"w": w, "mask": m > 0.5, "noise": random(3)}),
        "zero4d": (sample_zero4d, {"w": w, "mask": m, "generator": torch.Generator().manual_seed(4)}),
        "lanpaint": (
            sample_lanpaint,
            {"w": w, "mask": m > 0.5, "noise": random(3), "generator": torch.Generator().manual_seed(4)},
        ),
    }[name]


@pytest.mark.parametrize("name", ["paste", "zero4d", "lanpaint"])
def test_outside_its_window_each_is_plain_euler(name):
    sample, given = settings_of(name)
    assert torch.allclose(held(sample, random(0), active=NEVER, **given), plain(random(0)), atol=1e-6)


@pytest.mark.parametrize("name", ["paste", "zero4d", "lanpaint"])
def test_each_reports_every_step_once_and_leaves_no_graph(name):
    sample, given = settings_of(name)
    seen = []
    report = lambda state: seen.append((state["i"], state["denoised"]))  # noqa: E731
    out = held(sample, random(0), callback=report, **given, active=ALWAYS)
    assert [i for i, _ in seen] == [0, 1, 2, 3]
    assert not out.requires_grad and not any(denoised.requires_grad for _, denoised in seen)


@pytest.mark.parametrize("name", ["paste", "zero4d", "lanpaint"])
def test_samples_of_a_batch_do_not_see_each_other(name):
    sample, given = settings_of(name)
    if name == "zero4d":
        given |= {"repeats": 1}  # fresh noise is drawn for the batch as a whole
    if name == "lanpaint":
        given |= {"langevin": Langevin(0)}
    together = held(sample, random(0), active=ALWAYS, **given)
    one = {key: value[1:] if isinstance(value, torch.Tensor) else value for key, value in given.items()}
    assert torch.allclose(together[1:], held(sample, random(0)[1:], active=ALWAYS, **one), atol=1e-5)


def test_hard_paste_keeps_known_cells_exactly_and_at_the_level_of_each_step():
    w, known, noise, seen = random(1), mask(2) > 0.5, random(3), []
    report = lambda state: seen.append(state["x"])  # noqa: E731
    out = held(sample_hard_paste, noise, callback=report, w=w, mask=known, noise=noise, active=ALWAYS)
    assert torch.equal(out[known], w[known])
    for x, sigma in zip(seen[1:], SIGMAS[1:-1], strict=True):
        assert torch.allclose(x[known], ((1 - sigma) * w + sigma * noise)[known])
    assert not torch.allclose(out[~known], w[~known], atol=0.1)


def test_hard_paste_on_paper():
    """X = 2 at sigma 1, and the model says 1. At 0.5: unknown 1 + 0.5 (2 - 1) = 1.5; known, w = 4 with noise 2: 3."""
    evidence = Evidence(torch.full((1, 2), 4.0), torch.tensor([[True, False]]), ALWAYS, noise=torch.full((1, 2), 2.0))
    ones = lambda x, sigma: torch.ones_like(x)  # noqa: E731
    out = sample_hard_paste(ones, torch.tensor([[2.0, 2.0]]), torch.tensor([1.0, 0.5]), evidence=evidence)
    assert out.tolist() == [[3.0, 1.5]]


def test_zero4d_is_the_papers_formula_in_the_papers_letters():
    """In ``z = x / (1 - s)`` and ``sigma = s / (1 - s)``."""
    x, w, m, s, s_next = random(0), random(1), mask(2), 0.75, 0.5
    out = held(sample_zero4d, x, torch.tensor([s, s_next]), w=w, mask=m, active=ALWAYS, repeats=1)
    z0 = model(x, torch.full((2,), s))
    z, sigma, sigma_next = x / (1 - s), s / (1 - s), s_next / (1 - s_next)
    x_bar = z0 * (1 - m) + w * m
    assert torch.allclose(out / (1 - s_next), x_bar + sigma_next / sigma * (z - z0), atol=1e-5)


def test_zero4d_takes_predictions_in_half_precision():
    half = random(0).bfloat16()
    evidence = Evidence(random(1), mask(2), ALWAYS, generator=torch.Generator().manual_seed(4))
    found = sample_zero4d(lambda x, sigma: model(x, sigma).bfloat16(), half, SIGMAS, evidence=evidence)
    assert torch.isfinite(found).all()


def test_zero4d_without_repeats_is_the_exact_sampler_with_a_plain_blend():
    w, m = random(1), mask(2)
    blend = BoundGuidance(ALWAYS, lambda z0, _: z0 + m * (w - z0))
    expected = sample_guided_euler(model, random(0), SIGMAS, correct=blend)
    assert torch.allclose(held(sample_zero4d, random(0), w=w, mask=m, active=ALWAYS, repeats=1), expected, atol=1e-5)


def test_zero4d_repeats_the_first_share_of_the_guided_steps_only():
    calls = []

    def counting(x, sigma):
        calls.append(float(sigma[0]))
        return model(x, sigma)

    guided = SigmaRange(0.0, 0.8)  # steps at 0.75, 0.5, 0.25
    held(sample_zero4d, random(0), predict=counting, w=random(1), mask=mask(2), active=guided, repeats=3)
    assert calls == [1.0, 0.75, 0.75, 0.75, 0.5, 0.25]


def test_renoising_gives_back_the_level_it_goes_to():
    clean, old, fresh = (random(seed, (200_000,)) for seed in range(3))
    x = renoise(0.6 * clean + 0.4 * old, 0.4, 0.7, fresh)
    assert float((x * clean).mean()) == pytest.approx(0.3, abs=0.01), "the clean part of sigma 0.7"
    assert float((x - 0.3 * clean).std()) == pytest.approx(0.7, abs=0.01)
    assert torch.equal(renoise(clean, 0.4, 1.0, fresh), fresh), "nothing is left at sigma 1"


def clocks(t_weak: float, t_strong: float, callback=None) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    w, known, noise = random(1), mask(2) > 0.5, random(3)
    given = {"w": w, "mask": known, "noise": noise, "active": ALWAYS, "clocks": (t_weak, t_strong)}
    return held(sample_time_to_move, torch.zeros(SHAPE), callback=callback, **given), w, known, noise


def test_time_to_move_with_both_clocks_at_noise_is_plain_euler():
    out, _, _, noise = clocks(1.0, 1.0)
    assert torch.allclose(out, plain(noise), atol=1e-6)


def test_time_to_move_starts_at_its_weak_clock_and_pastes_until_its_strong_one():
    """Of 1, 0.75, 0.5, 0.25 the first is not taken; after 0.75 and 0.5 the known cells are pasted, after 0.25 no more."""
    seen = []
    out, w, known, noise = clocks(0.75, 0.25, callback=lambda state: seen.append((float(state["sigma"]), state["x"])))
    assert [sigma for sigma, _ in seen] == [0.75, 0.5, 0.25]
    assert torch.allclose(seen[0][1], 0.25 * w + 0.75 * noise), "everything starts as the noised reference"
    for sigma, x in seen[1:]:
        reference = (1 - sigma) * w + sigma * noise
        assert torch.allclose(x[known], reference[known])
        assert not torch.allclose(x[~known], reference[~known], atol=0.05)
    assert torch.allclose(out, plain(seen[-1][1], SIGMAS[3:]), atol=1e-6), "what comes after the strong clock is free"
    assert not torch.allclose(out[known], w[known], atol=0.1)


def test_time_to_move_pasted_to_the_end_is_the_hard_paste_from_the_noised_reference():
    out, w, known, noise = clocks(0.75, 0.0)
    start = torch.lerp(w, noise, 0.75)
    expected = held(sample_hard_paste, start, SIGMAS[1:], w=w, mask=known, noise=noise, active=ALWAYS)
    assert torch.allclose(out, expected, atol=1e-6) and torch.equal(out[known], w[known])


CORRELATION, SEEN = 0.8, 1.5
"""Two cells, standard normal and correlated; the second is seen to be this."""


def gaussian(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """The best prediction of that prior, ``x [N, 2]``."""
    prior, s = torch.tensor([[1, CORRELATION], [CORRELATION, 1]]), float(sigma[0])
    return x @ torch.linalg.solve((1 - s) ** 2 * prior + s**2 * torch.eye(2), (1 - s) * prior)


def completed(inner: int, steps: int = 16) -> torch.Tensor:
    """The unseen cell of 40 000 samples."""
    noise = random(7, (40_000, 2))
    known, w = torch.tensor([False, True]), torch.tensor([0.0, SEEN])
    evidence = Evidence(w, known, ALWAYS, noise, torch.Generator().manual_seed(8))
    sigmas = torch.linspace(1, 0, steps + 1)
    out = sample_lanpaint(gaussian, noise, sigmas, evidence=evidence, langevin=Langevin(inner))
    assert bool((out[:, 1] == SEEN).all())
    return out[:, 0]


def test_lanpaint_draws_from_a_gaussian_priors_conditional_and_replacing_alone_does_not():
    mean, deviation = CORRELATION * SEEN, math.sqrt(1 - CORRELATION**2)
    found, replaced = completed(20), completed(0)
    assert float(found.mean()) == pytest.approx(mean, abs=0.05)
    assert float(found.std()) == pytest.approx(deviation, rel=0.1)
    assert abs(float(replaced.mean()) - mean) > 0.15


def test_langevin_steps_at_one_level_settle_in_that_levels_own_distribution():
    """Told the same clean value again and again, ``x`` becomes ``(1 - s) value + s noise``, known or not."""
    x, s, value, generator = torch.zeros(50_000), 0.6, 0.7, torch.Generator().manual_seed(0)
    for _ in range(40):
        fresh = torch.randn(x.shape, generator=generator)
        x = langevin_step(x, s, torch.tensor(value), torch.tensor(1.0), 0.2, fresh)
    assert float(x.mean()) == pytest.approx((1 - s) * value, abs=0.02)
    assert float(x.std()) == pytest.approx(s, rel=0.02)
