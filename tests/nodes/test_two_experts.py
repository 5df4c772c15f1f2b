"""The one box with a high-noise and a low-noise model, against one model and against the graph of two samplers."""

from __future__ import annotations

import pytest
import tiny_wan
import torch
from guidance_kit import IMAGE_TO_VIDEO, LATENT, Kit

STRONG = {"gamma": 50.0, "steps": 6}
"""Shift 5 and 6 steps: sigmas 1, .96, .91, .83, .71, .5: three steps a model."""


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


def shifted(model, shift=5.0):
    from comfy_extras.nodes_model_advanced import ModelSamplingSD3

    return ModelSamplingSD3().patch(model, shift)[0]


@pytest.fixture(scope="module")
def experts(kit):
    """Two models of different weights."""
    import comfy.sd

    other = comfy.sd.load_diffusion_model(str(tiny_wan.make_wan(kit.folder / "low.safetensors", seed=9)))
    return shifted(kit.model()), shifted(other)


@pytest.mark.parametrize("sampler_name", ["dds_euler", "euler"])
@pytest.mark.parametrize("switch", [1.0, 0.875, 0.0])
def test_two_experts_that_are_one_model_are_that_model(kit, experts, sampler_name, switch, monkeypatch):
    monkeypatch.setattr(kit.pack.submodule("nodes.guide.ksampler"), "expert_boundary", lambda model: switch)
    high, _ = experts
    one = kit.ksampler(high, kit.measurement(), sampler_name=sampler_name, **STRONG)
    two = kit.ksampler(high, kit.measurement(), sampler_name=sampler_name, low_noise_model=high.clone(), **STRONG)
    assert torch.allclose(two, one, atol=1e-5)


def test_two_experts_are_the_graph_of_two_ksampler_advanced_on_guided_models(kit, experts):
    import nodes

    measurement, (high, low) = kit.measurement(), experts
    settings = {name: value for name, value in STRONG.items() if name != "steps"}
    latent = {"samples": torch.zeros(1, 16, *LATENT)}
    for model, add, start, end, leftover in ((high, "enable", 0, 3, "enable"), (low, "disable", 3, 10000, "disable")):
        guided = kit.run("InverseCrafterApplyGuidance", model=model, measurement=measurement, **settings)
        given = (guided, add, 7, 6, 2.0, "euler", "simple", kit.positive, kit.negative, latent, start, end, leftover)
        with torch.inference_mode():
            latent = nodes.KSamplerAdvanced().sample(*given)[0]
    box = kit.ksampler(high, measurement, sampler_name="euler", low_noise_model=low, **STRONG)
    assert torch.allclose(box, latent["samples"], atol=1e-5)
    alone = kit.ksampler(high, measurement, sampler_name="euler", **STRONG)
    assert not torch.allclose(box, alone, atol=1e-2), "the second model is used"


@pytest.mark.parametrize("sampler_name", ["dds_euler", "euler"])
def test_two_experts_keep_the_frames_that_a_noise_mask_keeps(kit, experts, sampler_name):
    """The second expert must not take the first one's half-denoised latent for the given one."""
    given, mask = torch.randn(1, 16, *LATENT, generator=torch.Generator().manual_seed(3)), torch.ones(1, 1, *LATENT)
    mask[:, :, 0] = 0
    settings = STRONG | {"latent_image": {"samples": given, "noise_mask": mask}, "sampler_name": sampler_name}
    one = kit.ksampler(experts[0], kit.measurement(), **settings)
    two = kit.ksampler(experts[0], kit.measurement(), low_noise_model=experts[0].clone(), **settings)
    assert torch.allclose(two[:, :, 0], given[:, :, 0], atol=1e-4)
    assert torch.allclose(two, one, atol=1e-4)


def test_each_expert_takes_the_steps_on_its_side_and_progress_counts_them_all(kit, experts, monkeypatch):
    import latent_preview

    calls, steps, original = [], [], latent_preview.prepare_callback
    for name, model in zip(("high", "low"), experts, strict=True):
        network = model.model.diffusion_model
        inner = network.forward
        monkeypatch.setattr(
            network, "forward", lambda x, t, *rest, _n=name, _f=inner, **more: calls.append(_n) or _f(x, t, *rest, **more)
        )
    monkeypatch.setattr(
        latent_preview,
        "prepare_callback",
        lambda model, total: (
            lambda step, x0, x, count: (steps.append((step, count)), original(model, total)(step, x0, x, count))
        ),
    )
    high, low = experts
    kit.ksampler(high, kit.measurement(), cfg=1.0, low_noise_model=low, **STRONG)
    assert calls == ["high"] * 3 + ["low"] * 3
    assert steps == [(i, 6) for i in range(6)]


def test_a_run_that_starts_below_the_switch_is_the_low_noise_models_alone(kit, experts):
    split_at_boundary = kit.pack.submodule("nodes.guide.ksampler").split_at_boundary
    high, low = experts
    ((model, sigmas),) = split_at_boundary(high, low, torch.tensor([0.8, 0.4, 0.0]))
    assert model is low and sigmas.tolist() == pytest.approx([0.8, 0.4, 0.0])


def test_the_switch_is_that_of_the_checkpoint(kit):
    import comfy.sd

    boundary = kit.pack.submodule("nodes.host.compat").expert_boundary
    file = tiny_wan.make_wan(kit.folder / "image_to_video.safetensors", **IMAGE_TO_VIDEO)
    assert boundary(kit.model()) == 0.875
    assert boundary(comfy.sd.load_diffusion_model(str(file))) == 0.9


def test_experts_that_cannot_follow_each_other_are_named(kit, experts):
    high, low = experts
    with pytest.raises(ValueError, match=r"low_noise_model: another schedule .* ModelSamplingSD3 of the same shift"):
        kit.ksampler(high, kit.measurement(), low_noise_model=shifted(low, 8.0))
    with pytest.raises(ValueError, match="sampler_name: 'zero4d_euler' with a low_noise_model"):
        kit.ksampler(high, kit.measurement(), low_noise_model=low, sampler_name="zero4d_euler")
    with pytest.raises(ValueError, match=r"latent format Wan22 .* and a measurement of Wan21"):
        kit.ksampler(high, kit.measurement(), low_noise_model=kit.model("48 channels"))
