"""Samplers of related methods in the guided KSampler, on a Wan with random weights."""

from __future__ import annotations

import pytest
import torch
from guidance_kit import LATENT, Kit, distance_to

ALL = {"start_percent": 0.0, "gamma": 50.0}


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


BASELINES = ["hard_paste_euler", "zero4d_euler", "lanpaint_euler"]


@pytest.mark.parametrize("sampler_name", BASELINES)
def test_the_relatives_are_drawn_to_the_measurement_too(kit, sampler_name):
    measurement = kit.measurement()
    held = kit.ksampler(kit.model(), measurement, sampler_name=sampler_name, **ALL)
    bare = kit.sample(kit.model())
    assert torch.isfinite(held).all()
    assert distance_to(measurement, held) < 0.5 * distance_to(measurement, bare)
    never = kit.ksampler(kit.model(), measurement, sampler_name=sampler_name, **(ALL | {"start_percent": 1.0}))
    assert torch.allclose(never, bare, atol=1e-4)


@pytest.mark.parametrize("sampler_name", [*BASELINES, "time_to_move_euler"])
def test_the_relatives_leave_a_frame_that_a_noise_mask_keeps(kit, sampler_name):
    given, mask = torch.randn(1, 16, *LATENT, generator=torch.Generator().manual_seed(3)), torch.ones(1, 1, *LATENT)
    mask[:, :, 0] = 0
    measurement, latent = kit.measurement(known=1.0), {"samples": given, "noise_mask": mask}
    samples = kit.ksampler(kit.model(), measurement, sampler_name=sampler_name, latent_image=latent, **ALL)
    assert torch.allclose(samples[:, :, 0], given[:, :, 0], atol=1e-4)


def test_the_hard_paste_ends_in_the_measurement_where_the_mask_is_at_least_half(kit):
    measurement = kit.measurement()
    samples = kit.ksampler(kit.model(), measurement, sampler_name="hard_paste_euler", **ALL)
    known = measurement.h >= 0.5
    assert torch.allclose(samples[known], measurement.w[known], atol=1e-4), "in VAE space again"
    assert not torch.allclose(samples[~known], measurement.w[~known], atol=0.5)


def test_zero4d_ends_in_the_blend_and_draws_the_same_fresh_noise_again(kit):
    measurement = kit.measurement(known=1.0)
    samples = kit.ksampler(kit.model(), measurement, sampler_name="zero4d_euler", **ALL)
    assert torch.allclose(samples, measurement.w, atol=1e-4)
    half = kit.measurement()
    first, again = (kit.ksampler(kit.model(), half, sampler_name="zero4d_euler", **ALL) for _ in range(2))
    assert torch.equal(first, again)


def test_lanpaint_ends_in_the_measurement_and_draws_the_same_noise_again(kit):
    measurement = kit.measurement()
    known = measurement.h >= 0.5
    first, again = (kit.ksampler(kit.model(), measurement, sampler_name="lanpaint_euler", **ALL) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.allclose(first[known], measurement.w[known], atol=1e-4), "in VAE space again"


def test_time_to_move_starts_from_the_measurement_and_lets_go_of_it(kit):
    measurement = kit.measurement()
    moved = kit.ksampler(kit.model(), measurement, sampler_name="time_to_move_euler", steps=20, **ALL)
    bare = kit.sample(kit.model(), steps=20)
    known = measurement.h >= 0.5
    assert torch.isfinite(moved).all() and not torch.allclose(moved, bare, atol=1e-2)
    assert not torch.allclose(moved[known], measurement.w[known], atol=1e-2), "free after its clocks"
