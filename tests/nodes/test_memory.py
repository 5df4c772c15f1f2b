"""Memory as users have it: offloaded, fp8, compiled and quantised models are guided as plain ones; we keep no model.

The guidance correction ``z* - z0`` of every step of a run is compared with that of guidance bound anew, in float32 on the CPU.
"""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import pytest
import torch
from guidance_kit import LATENT, Kit, distance_to, guided_by

ROUTES = ["patch", "sampler", "one box"]
TOLERANCE = 1e-5
"""Largest difference of a correction, in deviations of the latents."""


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


@pytest.fixture
def steps(pack, monkeypatch):
    """Steps of the following runs as they are guided: ``[(z0, sigma, z*), ...]``."""
    bound, found = pack.core("sampling").BoundGuidance, []
    call = bound.__call__

    def recorded(self, denoised, sigma):
        corrected = call(self, denoised, sigma)
        found.append((denoised.clone(), sigma, corrected.clone()))
        return corrected

    monkeypatch.setattr(bound, "__call__", recorded)
    return found


def largest_difference(kit, model, measurement, steps):
    """Return the largest difference of a run's corrections to those of guidance bound in float32, and the largest of them."""
    guidance = kit.pack.core("sampling").Guidance(measurement)
    sampling = model.get_model_object("model_sampling")
    like = torch.zeros(1, 16, *LATENT)
    reference = guidance.bind(like, sampling.percent_to_sigma, model.model.process_latent_in)
    wanted = [reference(z0.float().cpu(), sigma) - z0 for z0, sigma, _ in list(steps)]
    given = [corrected - z0 for z0, _, corrected in list(steps)[: len(wanted)]]
    return max(float((a - b).abs().max()) for a, b in zip(wanted, given, strict=True)), max(
        float(w.abs().max()) for w in wanted
    )


def offloaded(kit, monkeypatch):
    """A model whose weights all stay where they are offloaded to, and are cast one by one as they are used."""
    import comfy.model_management

    def load_next_to_nothing(self, extra_memory, force_patch_weights=False):
        return self.model.partially_load(self.device, 1, force_patch_weights=force_patch_weights)

    monkeypatch.setattr(comfy.model_management.LoadedModel, "model_use_more_vram", load_next_to_nothing)
    return kit.model().clone()


def fp8(kit, monkeypatch):
    """The stock loader's ``weight_dtype`` fp8_e4m3fn."""
    model = kit.model(dtype=torch.float8_e4m3fn)
    assert any(weight.dtype == torch.float8_e4m3fn for weight in model.model.diffusion_model.parameters())
    return model.clone()


def compiled(kit, monkeypatch, backend="eager"):
    """The stock node *TorchCompileModel*'s wrapper."""
    from comfy_api.torch_helpers import set_torch_compile_wrapper

    model = kit.model().clone()
    set_torch_compile_wrapper(model=model, backend=backend)
    return model


def quantised(kit, monkeypatch):
    """Eight-bit weights that each layer makes whole as it is used, by operations of its own, as loaders of GGUF files do."""
    import comfy.ops

    class Operations(comfy.ops.manual_cast):
        class Linear(comfy.ops.manual_cast.Linear):
            def _load_from_state_dict(self, state, prefix, *rest):
                whole = state[f"{prefix}weight"].float()
                self.scale = whole.abs().amax(1, keepdim=True) / 127
                self.weight = torch.nn.Parameter((whole / self.scale).round().to(torch.int8), requires_grad=False)
                bias = state.get(f"{prefix}bias")
                self.bias = None if bias is None else torch.nn.Parameter(bias, requires_grad=False)

            def forward_comfy_cast_weights(self, x):
                bias = None if self.bias is None else self.bias.to(x)
                return torch.nn.functional.linear(x, self.weight.to(x) * self.scale.to(x), bias)

    model = kit.model(custom_operations=Operations)
    assert any(weight.dtype == torch.int8 for weight in model.model.diffusion_model.parameters())
    return model


FORMS = [offloaded, fp8, compiled, quantised]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("form", FORMS)
def test_a_model_in_another_form_is_corrected_like_a_plain_one(kit, monkeypatch, steps, form, route):
    measurement, model = kit.measurement(), form(kit, monkeypatch)
    sampled = guided_by(kit, route, model, measurement)
    assert len(steps) == 4
    difference, largest = largest_difference(kit, model, measurement, steps)
    assert largest > 0.1, "nothing was corrected"
    assert difference < TOLERANCE
    assert torch.isfinite(sampled).all()
    if form is offloaded:
        assert model.model.model_lowvram


def test_a_correction_in_the_precision_of_the_weights_would_be_found(kit, steps):
    """The check fails where the measurement is cut to bfloat16, as the host does to a patch that has ``.to()``."""
    measurement = kit.measurement()
    cut = replace(measurement, w=measurement.w.bfloat16().float())
    guided_by(kit, "patch", kit.model(), cut)
    assert largest_difference(kit, kit.model(), measurement, steps)[0] > 10 * TOLERANCE


def test_forms_reach_the_measurement_equally(kit, monkeypatch):
    """What is wholly known ends at the measurement, whatever the model predicts."""
    measurement = kit.measurement(known=1.0)
    strong = {"gamma": 1e6, "end_percent": 1.0}
    for form in FORMS:
        with monkeypatch.context() as patched:
            sampled = guided_by(kit, "sampler", form(kit, patched), measurement, **strong)
        assert distance_to(measurement, sampled) < 1e-4


class Counted(torch.Tensor):
    """A tensor that counts its moves."""

    moves = 0

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function is torch.Tensor.to and isinstance(args[0], Counted):
            Counted.moves += 1
        with torch._C.DisableTorchFunctionSubclass():
            found = function(*args, **(kwargs or {}))
        return found.as_subclass(torch.Tensor) if isinstance(found, Counted) and function is not torch.Tensor.to else found


@pytest.mark.parametrize("route", ROUTES)
def test_the_measurement_moves_to_the_device_once_a_run(kit, route):
    plain = kit.measurement()
    measurement = replace(plain, w=plain.w.as_subclass(Counted))
    counts = []
    for steps in (2, 5):
        Counted.moves = 0
        if route == "one box":
            kit.ksampler(kit.model(), measurement, steps=steps)
        elif route == "sampler":
            kit.sample(kit.model(), kit.run("InverseCrafterSampler", measurement=measurement), steps=steps)
        else:
            kit.sample(kit.run("InverseCrafterApplyGuidance", model=kit.model(), measurement=measurement), steps=steps)
        counts.append(Counted.moves)
    assert counts == [1, 1]


def loaded():
    """Base models that the host holds loaded."""
    import comfy.model_management

    return [one.model.model for one in comfy.model_management.current_loaded_models if one.model is not None]


@pytest.mark.parametrize("sampler_name", ["dds_euler", "euler"])
def test_the_first_expert_can_be_unloaded_while_the_second_samples(kit, monkeypatch, sampler_name):
    """The host unloads what it wants between two samplers; it finds the first expert free, and it stays unloaded."""
    import comfy.model_management
    import comfy.sample

    high, low = fresh(kit, 1), fresh(kit, 2)
    sample, resident = comfy.sample.sample_custom, []

    def after_unloading(model, *rest, **more):
        comfy.model_management.unload_all_models()
        before = len(loaded())
        sampled = sample(model, *rest, **more)
        resident.append((before, [high.model in loaded(), low.model in loaded()]))
        return sampled

    monkeypatch.setattr(comfy.sample, "sample_custom", after_unloading)
    kit.ksampler(high, kit.measurement(), sampler_name=sampler_name, low_noise_model=low, steps=6)
    assert resident == [(0, [True, False]), (0, [False, True])]


def fresh(kit, seed):
    """A small Wan that nothing else refers to."""
    import comfy.sd
    import tiny_wan

    return comfy.sd.load_diffusion_model(str(tiny_wan.make_wan(kit.folder / f"expert_{seed}.safetensors", seed=seed)))


@pytest.mark.parametrize("route", [*ROUTES, "two experts"])
def test_no_node_keeps_a_model_after_its_run(kit, route):
    import comfy.model_management

    model, second = fresh(kit, 3), fresh(kit, 4)
    seen = [weakref.ref(one.model) for one in (model, second)]
    if route == "two experts":
        kit.ksampler(model, kit.measurement(), sampler_name="euler", low_noise_model=second)
    else:
        guided_by(kit, route, model, kit.measurement())
    assert any(one is model.model for one in loaded())
    del model, second
    gc.collect()
    comfy.model_management.cleanup_models_gc()
    assert [one() for one in seen] == [None, None]
