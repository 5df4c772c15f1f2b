"""Sampling in slices: one run, and the same run split at any step over two samplers, as two-expert graphs do it."""

from __future__ import annotations

import pytest
import torch
from guidance_kit import LATENT, Kit

STEPS = 10
STRONG = {"gamma": 50.0}


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


@pytest.fixture
def shifted(kit):
    from comfy_extras.nodes_model_advanced import ModelSamplingSD3

    return ModelSamplingSD3().patch(kit.model(), 5.0)[0]


def advanced(kit, model, latent, start=0, end=10000, last=True, steps=STEPS):
    """The host's KSamplerAdvanced."""
    import nodes

    with torch.inference_mode():
        return nodes.KSamplerAdvanced().sample(
            model,
            "enable" if start == 0 else "disable",
            7,
            steps,
            2.0,
            "euler",
            "simple",
            kit.positive,
            kit.negative,
            latent,
            start,
            end,
            "disable" if last else "enable",
        )[0]


def empty():
    return {"samples": torch.zeros(1, 16, *LATENT)}


@pytest.mark.parametrize("split", [1, 4, 5, 9])
def test_two_ksampler_advanced_on_guided_models_are_one(kit, shifted, split):
    guided = kit.run("InverseCrafterApplyGuidance", model=shifted, measurement=kit.measurement(), **STRONG)
    whole = advanced(kit, guided, empty())["samples"]
    first = advanced(kit, guided, empty(), 0, split, last=False)
    assert torch.allclose(advanced(kit, guided, first, split)["samples"], whole, atol=1e-5)


def schedule(model, steps=STEPS, denoise=1.0):
    import comfy.samplers

    return comfy.samplers.KSampler(model, steps, model.load_device, "euler", "simple", denoise).sigmas


def custom(kit, model, sampler, sigmas, latent, noise=True):
    """The host's SamplerCustomAdvanced under a CFG guider; ``output``."""
    from comfy_extras.nodes_custom_sampler import Guider_Basic, Noise_EmptyNoise, Noise_RandomNoise, SamplerCustomAdvanced

    guider = Guider_Basic(model)
    guider.set_conds(kit.positive)
    run = SamplerCustomAdvanced.execute if hasattr(SamplerCustomAdvanced, "execute") else SamplerCustomAdvanced().sample
    with torch.inference_mode():
        return run(Noise_RandomNoise(7) if noise else Noise_EmptyNoise(), guider, sampler, sigmas, latent)[0]


def in_two(kit, model, sampler, sigmas, latent, split):
    """Split as ``SplitSigmas`` does."""
    first = custom(kit, model, sampler, sigmas[: split + 1], latent)
    return custom(kit, model, sampler, sigmas[split:], first, noise=False)["samples"]


@pytest.mark.parametrize("split", range(1, STEPS))
def test_two_exact_samplers_are_one(kit, shifted, split):
    window = {"start_percent": 0.4, "end_percent": 0.8}
    sampler = kit.run("InverseCrafterSampler", measurement=kit.measurement(), **STRONG, **window)
    sigmas = schedule(shifted)
    whole = custom(kit, shifted, sampler, sigmas, empty())["samples"]
    assert torch.allclose(in_two(kit, shifted, sampler, sigmas, empty(), split), whole, atol=1e-5)
    bare = custom(
        kit, shifted, kit.run("InverseCrafterSampler", measurement=kit.measurement(), start_percent=1.0), sigmas, empty()
    )
    assert not torch.allclose(whole, bare["samples"], atol=1e-2), "the window acts"


def partly_known(kit):
    """Frame 0 known as a whole, of the others the left third."""
    h = torch.zeros(1, 16, *LATENT)
    h[:, :, 0] = h[..., :2] = 1
    w = torch.randn(h.shape, generator=torch.Generator().manual_seed(4))
    return kit.pack.core("inverse").Measurement(w, h, (9, 32, 48))


@pytest.mark.parametrize("times", ["per_token", "one_time"])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("split", range(1, STEPS))
def test_two_samplers_with_a_context_are_one(kit, shifted, split, keep, times):
    """Shift 5: sigmas 1, .98, .95, .92, .88, .83, .77, .68, .56, .36. The release is the fifth step's sigma, as it travels."""
    sigmas = schedule(shifted)
    settings = {"release": float(sigmas[4]), "start_percent": 0.6, "context_time": times, "keep_first_frame": keep}
    sampler, _ = kit.run("InverseCrafterStochasticConditioning", measurement=partly_known(kit), **STRONG, **settings)
    whole = custom(kit, shifted, sampler, sigmas, empty())["samples"]
    assert torch.allclose(in_two(kit, shifted, sampler, sigmas, empty(), split), whole, atol=1e-5)


@pytest.mark.parametrize("route", ["patch", "exact"])
def test_below_full_denoise_the_window_stays_at_its_sigma(kit, shifted, route, monkeypatch):
    """Half the denoise of 10 steps is the second half of 20: in both a window guides the steps at or below its sigma."""
    guidance = kit.pack.core("sampling").guidance
    bound = shifted.get_model_object("model_sampling").percent_to_sigma(0.6)
    original, seen = guidance.BoundGuidance.__call__, []

    def watch(self, denoised, sigma):
        seen.append((sigma, sigma in self.active))
        return original(self, denoised, sigma)

    monkeypatch.setattr(guidance.BoundGuidance, "__call__", watch)
    node = "InverseCrafterApplyGuidance" if route == "patch" else "InverseCrafterSampler"
    for denoise in (1.0, 0.5):
        seen.clear()
        given = {"model": shifted} if route == "patch" else {}
        made = kit.run(node, measurement=kit.measurement(), start_percent=0.6, **given)
        import comfy.samplers

        model, sampler = (made, comfy.samplers.sampler_object("euler")) if route == "patch" else (shifted, made)
        custom(kit, model, sampler, schedule(shifted, denoise=denoise), empty())
        assert len(seen) == STEPS
        assert [acts for _, acts in seen] == [sigma <= bound + 1e-6 for sigma, _ in seen]
        assert len({acts for _, acts in seen}) == 2
