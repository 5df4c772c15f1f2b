"""Every guidance node on a small model of every family: pull, unguided parts, sound, and the spaces of the latents."""

from __future__ import annotations

import pytest
import torch
from families.facts import Sampling, facts_of
from families.kit import SmallModels

from lab.models.families import FAMILIES, Family

NODE_OF = {
    "patch": "Apply Guidance",
    "sampler": "Select Guided Sampler",
    "ksampler": "Run Guided KSampler",
    "context": "Select Stochastic Conditioning",
}
"""Guidance nodes, by the route of :meth:`SmallModels.guided`."""


def on_every_family(*routes: str, packed: bool = False) -> pytest.MarkDecorator:
    """Parametrise a test by family and route; stochastic conditioning refuses Cosmos Predict 2, in a test of its own."""
    return pytest.mark.parametrize(
        ("family", "route"),
        [
            pytest.param(family, route, id=f"{family}-{route}", marks=pytest.mark.node(NODE_OF[route]))
            for family in FAMILIES
            for route in routes
            if (family.audio is not None or not packed) and (route != "context" or facts_of(family).sampling != Sampling.COSMOS)
        ],
    )


def left_half(family: Family) -> torch.Tensor:
    """Return a latent mask ``[1, 1, 1, 1, W']``, 1 in the left half, rounded up to whole tokens."""
    patch, cells = family.grid.patch, family.latent_shape[-1]
    known = torch.zeros(1, 1, 1, 1, cells)
    known[..., : patch * -(-cells // (2 * patch))] = 1
    return known


@on_every_family("patch", "sampler", "ksampler", "context")
def test_a_wholly_known_clip_comes_out_as_measured(small_models: SmallModels, family: Family, route: str):
    """The measurement is in VAE space, guidance in model space: both conversions of the family are in the way."""
    measurement = small_models.measurement(family)
    video = small_models.guided(family, route, measurement, steps=2)[0]
    assert video.shape == measurement.w.shape
    assert float((video - measurement.w).abs().max()) < 0.02
    assert float((small_models.sample(family, steps=2)[0] - measurement.w).abs().mean()) > 0.3


@on_every_family("patch", "sampler", "ksampler")
def test_nothing_known_is_the_unguided_run(small_models: SmallModels, family: Family, route: str):
    guided = small_models.guided(family, route, small_models.measurement(family, 0.0), steps=2)
    for found, plain in zip(guided, small_models.sample(family, steps=2), strict=True):
        torch.testing.assert_close(
            found, plain, **({"atol": 0, "rtol": 0} if route == "patch" else {"atol": 1e-3, "rtol": 1e-3})
        )


@on_every_family("context")
def test_a_context_that_is_released_at_once_is_the_unguided_run(small_models: SmallModels, family: Family, route: str):
    measurement = small_models.measurement(family, left_half(family))
    guided = small_models.guided(family, route, measurement, steps=2, release=1.0, start_percent=1.0)
    for found, plain in zip(guided, small_models.sample(family, steps=2), strict=True):
        torch.testing.assert_close(found, plain, atol=1e-3, rtol=1e-3)


@on_every_family("patch", "sampler", "ksampler")
def test_one_step_pulls_the_known_cells_and_no_others(small_models: SmallModels, family: Family, route: str):
    known = left_half(family)
    measurement = small_models.measurement(family, known)
    guided = small_models.guided(family, route, measurement)
    never = small_models.guided(family, route, measurement, start_percent=1.0)
    pulled = known.expand_as(measurement.w) > 0
    assert float((guided[0] - measurement.w)[pulled].abs().max()) < 0.02
    assert torch.equal(guided[0][~pulled], never[0][~pulled])
    assert not torch.allclose(never[0][pulled], measurement.w[pulled], atol=0.5)


@on_every_family("sampler")
def test_the_pull_is_the_share_of_gamma(small_models: SmallModels, family: Family, route: str):
    """At gamma 1 a known cell goes half of the way, in model space, whose map to VAE space is affine."""
    measurement = small_models.measurement(family)
    guided = small_models.guided(family, route, measurement, gamma=1.0)[0]
    plain = small_models.guided(family, route, measurement, start_percent=1.0)[0]
    torch.testing.assert_close(guided, (plain + measurement.w) / 2, atol=1e-3, rtol=1e-3)


@on_every_family("context")
def test_known_tokens_that_are_never_released_come_out_as_measured(small_models: SmallModels, family: Family, route: str):
    known = left_half(family)
    measurement = small_models.measurement(family, known)
    video = small_models.guided(family, route, measurement, steps=2, release=0.0, start_percent=1.0)[0]
    pulled = known.expand_as(measurement.w) > 0
    torch.testing.assert_close(video[pulled], measurement.w[pulled], atol=1e-3, rtol=1e-3)
    assert video.isfinite().all() and not torch.allclose(video[~pulled], measurement.w[~pulled], atol=0.5)


@on_every_family("patch", "sampler", "ksampler", "context", packed=True)
def test_sound_of_one_step_is_the_unguided_one_to_the_bit(small_models: SmallModels, family: Family, route: str):
    """Over several steps the network itself may answer another video with other sound; the correction touches none."""
    measurement = small_models.measurement(family, left_half(family))
    guided = small_models.guided(family, route, measurement)
    never = small_models.guided(family, route, measurement, start_percent=1.0)
    assert len(guided) == 2 and guided[1].std() > 0.1
    assert torch.equal(guided[1], never[1])
    assert not torch.equal(guided[0], small_models.sample(family)[0])


@pytest.mark.node("Related samplers")
@pytest.mark.parametrize("sampler_name", ["hard_paste_euler", "zero4d_euler", "lanpaint_euler"])
@pytest.mark.parametrize("family", [family for family in FAMILIES if facts_of(family).sampling != Sampling.COSMOS], ids=str)
def test_related_samplers_end_in_the_measurement(small_models: SmallModels, family: Family, sampler_name: str):
    known = left_half(family)
    measurement = small_models.measurement(family, known)
    video = small_models.guided(family, "ksampler", measurement, steps=2, sampler_name=sampler_name)[0]
    pulled = known.expand_as(measurement.w) > 0
    torch.testing.assert_close(video[pulled], measurement.w[pulled], atol=1e-3, rtol=1e-3)
    assert video.isfinite().all() and not torch.allclose(video[~pulled], measurement.w[~pulled], atol=0.5)
