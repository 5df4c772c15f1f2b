"""Guidance under the host's own sampling, on Wans with random weights: 16, 36 and 48 channels, patch, SAMPLER and one box."""

from __future__ import annotations

import inspect

import pytest
import torch
from guidance_kit import FORMS, LATENT, Kit, distance_to, guided_by

ALL = {"start_percent": 0.0, "gamma": 50.0}


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("route", ["patch", "sampler", "one box"])
@pytest.mark.parametrize("solver", ["conjugate_gradients", "closed_form"])
def test_every_form_of_wan_is_drawn_to_the_measurement_by_every_route(kit, form, route, solver):
    model = kit.model(form)
    measurement = kit.measurement(FORMS[form]["out_channels"])
    bare = kit.sample(model)
    settings = kit.run("InverseCrafterGuidanceSettings", solver=solver)
    guided = guided_by(kit, route, model, measurement, settings=settings, **ALL)
    assert guided.shape == bare.shape and torch.isfinite(guided).all()
    assert distance_to(measurement, guided) < 0.5 * distance_to(measurement, bare)


@pytest.mark.parametrize("sampler", ["heun", "uni_pc", "euler_ancestral", "dpmpp_2m", "lcm", "euler_cfg_pp", "res_multistep"])
def test_the_patch_works_under_stock_samplers(kit, sampler):
    measurement = kit.measurement()
    bare = kit.sample(kit.model(), sampler)
    guided = guided_by(kit, "patch", kit.model(), measurement, sampler, **ALL)
    assert torch.isfinite(guided).all()
    assert distance_to(measurement, guided) < 0.5 * distance_to(measurement, bare)


@pytest.mark.parametrize("sampler_name", ["euler", "uni_pc", "heun"])
def test_the_one_box_is_the_patch_under_a_stock_sampler(kit, sampler_name):
    import comfy.sample

    measurement = kit.measurement()
    guided = kit.run("InverseCrafterApplyGuidance", model=kit.model(), measurement=measurement, **ALL)
    empty = torch.zeros(1, 16, *LATENT)
    with torch.inference_mode():
        noise = comfy.sample.prepare_noise(empty, 7)
        stock = comfy.sample.sample(
            guided, noise, 4, 2.0, sampler_name, "simple", kit.positive, kit.negative, empty, disable_pbar=True, seed=7
        )
    assert torch.allclose(kit.ksampler(kit.model(), measurement, sampler_name=sampler_name, **ALL), stock, atol=1e-5)


@pytest.mark.parametrize("route", ["patch", "sampler", "one box"])
def test_cfg_one_runs_no_unconditional_pass(kit, route, monkeypatch):
    model = kit.model()
    calls = []
    inner = model.model.diffusion_model.forward
    monkeypatch.setattr(
        model.model.diffusion_model, "forward", lambda x, *rest, **more: calls.append(len(x)) or inner(x, *rest, **more)
    )
    guided_by(kit, route, model, kit.measurement(), cfg=1.0, **ALL)
    assert calls == [1, 1, 1, 1]


@pytest.mark.parametrize("route", ["patch", "sampler", "one box"])
def test_outside_its_window_nothing_changes(kit, route):
    bare = kit.sample(kit.model())
    guided = guided_by(kit, route, kit.model(), kit.measurement(), **(ALL | {"start_percent": 1.0}))
    assert torch.allclose(guided, bare, atol=1e-4)


def test_patch_and_exact_sampler_differ_and_agree_where_the_noise_no_longer_matters(kit):
    measurement = kit.measurement()
    last = ALL | {"start_percent": 0.75}
    patch, exact = (guided_by(kit, route, kit.model(), measurement, **last) for route in ("patch", "sampler"))
    assert torch.allclose(patch, exact, atol=1e-4), "the last step ends in z* either way"
    patch, exact = (guided_by(kit, route, kit.model(), measurement, **ALL) for route in ("patch", "sampler"))
    assert not torch.allclose(patch, exact, atol=1e-2)


def test_the_patch_under_the_hosts_euler_is_the_core_on_corrected_predictions(kit):
    """The benchmarks, which know no nodes, drive the right side."""
    from comfy.samplers import KSAMPLER

    measurement, settings = kit.measurement(), ALL | {"start_percent": 0.5}
    core = kit.pack.core("sampling")
    guidance = core.Guidance(measurement, kit.pack.core("inverse").ProximalSettings("closed_form", 50.0), core.Window(0.5))

    def sample(model, x, sigmas, extra_args=None, callback=None, disable=None):
        base = model.inner_model.inner_model
        percent = lambda percent: float(base.model_sampling.percent_to_sigma(percent))  # noqa: E731
        bound = guidance.bind(x, percent, base.process_latent_in)
        corrected = lambda x, sigma, **rest: bound(model(x, sigma, **rest), float(sigma.max()))  # noqa: E731
        return core.sample_guided_euler(corrected, x, sigmas, extra_args, correct=lambda z0, sigma: z0)

    patch = guided_by(kit, "patch", kit.model(), measurement, **settings)
    assert torch.allclose(patch, kit.sample(kit.model(), KSAMPLER(sample)), atol=1e-4)


def test_a_fully_known_clip_comes_back_as_measured(kit):
    measurement = kit.measurement(known=1.0)
    samples = kit.ksampler(kit.model(), measurement, **(ALL | {"gamma": 1000.0}))
    assert torch.allclose(samples, measurement.w, atol=0.05), "model space in, VAE space out"


def test_a_clip_of_which_nothing_is_known_is_the_bare_clip(kit):
    samples = kit.ksampler(kit.model(), kit.measurement(known=0.0), **ALL)
    assert torch.allclose(samples, kit.sample(kit.model()), atol=1e-4)


def test_a_shifted_schedule_is_read_from_the_patched_model(kit):
    """With shift 8 and 4 steps the sigmas are 1, .96, .89, .73. From .7 of the schedule, sigma .774, one is guided; at shift 1
    that would be sigma .3, and none of these.
    """
    from comfy_extras.nodes_model_advanced import ModelSamplingSD3

    seen = []
    model = ModelSamplingSD3().patch(kit.model(), 8.0)[0]
    guidance = kit.pack.core("sampling").guidance
    original = guidance.BoundGuidance.__call__

    def watch(self, denoised, sigma):
        seen.append((round(sigma, 2), sigma in self.active))
        return original(self, denoised, sigma)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guidance.BoundGuidance, "__call__", watch)
        guided_by(kit, "patch", model, kit.measurement(), **(ALL | {"start_percent": 0.7}))
    assert seen == [(1.0, False), (0.96, False), (0.89, False), (0.73, True)]


@pytest.mark.parametrize("route", ["patch", "sampler", "one box"])
def test_a_noise_mask_is_refused_and_the_next_run_is_as_if_nothing_had_happened(kit, route):
    model, measurement = kit.model(), kit.measurement()
    expected = guided_by(kit, route, model, measurement, **ALL)
    latent = {"samples": torch.zeros(1, 16, *LATENT), "noise_mask": torch.rand(1, 1, 32, 48)}
    with pytest.raises(ValueError, match="latent: it carries a noise_mask"):
        if route == "one box":
            kit.ksampler(model, measurement, latent_image=latent, **ALL)
        elif route == "sampler":
            kit.sample(model, kit.run("InverseCrafterSampler", measurement=measurement, **ALL), latent=latent)
        else:
            kit.sample(kit.run("InverseCrafterApplyGuidance", model=model, measurement=measurement, **ALL), latent=latent)
    assert torch.equal(guided_by(kit, route, model, measurement, **ALL), expected)


@pytest.mark.parametrize("route", ["patch", "sampler", "one box"])
def test_a_noise_mask_over_whole_frames_stays_the_hosts(kit, route):
    """As Wan 2.2 5B's image-to-video latents have it: the first latent frame is given, the others are guided."""
    model, measurement = kit.model(), kit.measurement(known=1.0)
    given = torch.randn(1, 16, *LATENT, generator=torch.Generator().manual_seed(3))
    mask = torch.ones(1, 1, *LATENT)
    mask[:, :, 0] = 0
    latent, settings = {"samples": given, "noise_mask": mask}, ALL | {"gamma": 1000.0}
    if route == "one box":
        samples = kit.ksampler(model, measurement, latent_image=latent, **settings)
    elif route == "sampler":
        samples = kit.sample(model, kit.run("InverseCrafterSampler", measurement=measurement, **settings), latent=latent)
    else:
        guided = kit.run("InverseCrafterApplyGuidance", model=model, measurement=measurement, **settings)
        samples = kit.sample(guided, latent=latent)
    assert torch.allclose(samples[:, :, 0], given[:, :, 0], atol=1e-4)
    assert torch.allclose(samples[:, :, 1:], measurement.w[:, :, 1:], atol=0.05)


@pytest.mark.parametrize("route", ["patch", "sampler", "one box"])
def test_a_batch_shares_one_measurement(kit, route):
    measurement, latent = kit.measurement(), {"samples": torch.zeros(2, 16, *LATENT)}
    samples = guided_by(kit, route, kit.model(), measurement, latent=latent, **ALL)
    for clip in samples.split(1):
        assert distance_to(measurement, clip) < 0.5 * distance_to(measurement, kit.sample(kit.model()))
    assert not torch.allclose(samples[0], samples[1]), "two noises, two clips"


def test_without_a_latent_there_are_as_many_clips_as_measurements(kit):
    """A further pass over a batch has one measurement a clip."""
    assert len(kit.ksampler(kit.model(), kit.measurement(batch=2), **ALL)) == 2


def test_an_empty_latent_of_another_familys_cells_is_fitted_as_by_the_stock_sampler(kit):
    """Newer hosts note the cells of an empty latent: EmptyHunyuanLatentVideo, of 8 pixels, serves Wan 2.2 5B, of 16."""
    import comfy.sample

    if "downscale_ratio_spacial" not in inspect.signature(comfy.sample.fix_empty_latent_channels).parameters:
        pytest.skip("this host has one size of cells for all")
    latent = {"samples": torch.zeros(1, 16, LATENT[0], 2 * LATENT[1], 2 * LATENT[2]), "downscale_ratio_spacial": 8}
    given = {"seed": 7, "steps": 1, "cfg": 1.0, "positive": kit.positive, "negative": kit.negative, "latent_image": latent}
    made = kit.run("InverseCrafterKSampler", model=kit.model("48 channels"), measurement=kit.measurement(48), **given)
    assert made["samples"].shape == (1, 48, *LATENT) and set(made) == {"samples"}


def test_a_lora_patched_model_is_guided_with_its_lora(kit):
    import comfy.sd

    generator = torch.Generator().manual_seed(3)
    lora = {
        "diffusion_model.blocks.0.ffn.0.lora_A.weight": torch.randn(4, 128, generator=generator),
        "diffusion_model.blocks.0.ffn.0.lora_B.weight": torch.randn(512, 4, generator=generator),
    }
    styled, _ = comfy.sd.load_lora_for_models(kit.model(), None, lora, 1.0, 0.0)
    measurement = kit.measurement()
    guided = guided_by(kit, "patch", styled, measurement, **ALL)
    assert not torch.allclose(guided, guided_by(kit, "patch", kit.model(), measurement, **ALL), atol=1e-3)
    assert distance_to(measurement, guided) < 0.5 * distance_to(measurement, kit.sample(styled))


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("route", ["patch", "sampler"])
def test_quantised_weights_do_not_cut_the_measurement(kit, dtype, route):
    """All known at a gamma that leaves nothing else: what comes out is the measurement, to float32, whatever the weights
    are.
    """
    measurement = kit.measurement(known=1.0)
    samples = guided_by(kit, route, kit.model(dtype=dtype), measurement, **(ALL | {"gamma": 1e7}))
    assert torch.allclose(samples, measurement.w, atol=1e-4)
    assert not torch.equal(measurement.w, measurement.w.bfloat16().float()), "the test would not see a cut"


def test_guidance_keeps_nothing_of_a_run(kit):
    import comfy.model_patcher

    guided = kit.run("InverseCrafterApplyGuidance", model=kit.model(), measurement=kit.measurement(), **ALL)
    before = comfy.model_patcher.create_model_options_clone(guided.model_options)
    first = kit.sample(guided, steps=4)
    kit.sample(guided, steps=6)
    assert torch.equal(kit.sample(guided, steps=4), first)
    assert guided.model_options.keys() == before.keys()
    assert "inversecrafter_run" not in guided.model_options


def test_the_input_model_is_left_alone_and_patches_stack(kit):
    model = kit.model()
    bare = kit.sample(model)
    once = kit.run("InverseCrafterApplyGuidance", model=model, measurement=kit.measurement(seed=1), **ALL)
    twice = kit.run("InverseCrafterApplyGuidance", model=once, measurement=kit.measurement(seed=2), **ALL)
    results = [kit.sample(m) for m in (model, once, twice)]
    assert torch.equal(results[0], bare)
    assert not torch.allclose(results[1], results[2], atol=1e-2)


def test_fun_inp_sees_the_masked_video_while_it_is_guided(kit):
    generator = torch.Generator().manual_seed(5)
    video, holes = torch.rand(9, 32, 48, 3, generator=generator), torch.zeros(9, 32, 48)
    holes[:, :, 24:] = 1
    positive, negative, latent, _ = kit.run(
        "InverseCrafterInpaintConditioning",
        positive=kit.positive,
        negative=kit.negative,
        vae=kit.vae(),
        video=video,
        holes=holes,
    )
    measurement = kit.measurement()
    model = kit.model("36 channels")
    plain = kit.ksampler(model, measurement, **ALL)
    conditioned = kit.ksampler(model, measurement, positive=positive, negative=negative, latent_image=latent, **ALL)
    assert conditioned.shape == plain.shape and not torch.allclose(conditioned, plain, atol=1e-3)
    assert distance_to(measurement, conditioned) < 0.5 * distance_to(measurement, kit.sample(model))


def test_without_settings_the_closed_form_and_the_steps_own_noise_are_used(kit):
    measurement = kit.measurement()
    plain = kit.ksampler(kit.model(), measurement, **ALL)
    closed = kit.run("InverseCrafterGuidanceSettings", solver="closed_form")
    early = kit.run("InverseCrafterGuidanceSettings", solver="conjugate_gradients", cg_steps=1)
    assert torch.equal(plain, kit.ksampler(kit.model(), measurement, settings=closed, **ALL))
    assert not torch.allclose(plain, kit.ksampler(kit.model(), measurement, settings=early, **ALL), atol=1e-3)


@pytest.mark.parametrize("route", ["patch", "sampler", "one box"])
def test_partly_known_cells_are_left_to_the_model_where_the_mask_sharpens(kit, route):
    partly, wholly = kit.measurement(known=0.6), kit.measurement(known=1.0)
    sharpen = kit.run("InverseCrafterGuidanceSettings", mask_schedule="sharpen")
    held, left = (guided_by(kit, route, kit.model(), partly, settings=settings, **ALL) for settings in (None, sharpen))
    assert distance_to(partly, held) < 0.9 * distance_to(partly, left)
    one, other = (guided_by(kit, route, kit.model(), wholly, settings=settings, **ALL) for settings in (None, sharpen))
    assert torch.equal(one, other), "what is wholly known is held to alike"


@pytest.mark.parametrize("route", ["sampler", "one box"])
def test_fresh_noise_is_another_clip_that_the_seed_repeats(kit, route):
    measurement, fresh = kit.measurement(known=0.5), kit.run("InverseCrafterGuidanceSettings", noise="fresh")
    kept = guided_by(kit, route, kit.model(), measurement, **ALL)
    once, twice = (guided_by(kit, route, kit.model(), measurement, settings=fresh, **ALL) for _ in range(2))
    assert torch.equal(once, twice) and torch.isfinite(once).all()
    assert not torch.allclose(once, kept, atol=1e-2)


@pytest.mark.parametrize("sampler_name", ["euler", "zero4d_euler", None])
def test_a_sampler_with_a_noise_rule_of_its_own_refuses_fresh_noise(kit, sampler_name):
    fresh = kit.run("InverseCrafterGuidanceSettings", noise="fresh")
    with pytest.raises(ValueError, match="settings: noise 'fresh' with"):
        if sampler_name is None:
            kit.run("InverseCrafterApplyGuidance", model=kit.model(), measurement=kit.measurement(), settings=fresh)
        else:
            kit.ksampler(kit.model(), kit.measurement(), sampler_name=sampler_name, settings=fresh)


def test_a_cancelled_run_leaves_the_next_one_untouched(kit):
    import comfy.model_management

    expected = kit.ksampler(kit.model(), kit.measurement(), **ALL)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        import comfy.utils

        def stop(value, total, preview, node_id=None):
            raise comfy.model_management.InterruptProcessingException()

        hook = comfy.utils.PROGRESS_BAR_HOOK
        comfy.utils.set_progress_bar_global_hook(stop)
        try:
            kit.ksampler(kit.model(), kit.measurement(), **ALL)
        finally:
            comfy.utils.set_progress_bar_global_hook(hook)
    assert torch.equal(kit.ksampler(kit.model(), kit.measurement(), **ALL), expected)


def test_progress_and_previews_are_reported_each_step(kit, monkeypatch):
    import latent_preview

    steps = []
    original = latent_preview.prepare_callback

    def watch(model, total, *rest):
        inner = original(model, total, *rest)
        return lambda step, x0, x, count: (steps.append((step, count, tuple(x0.shape))), inner(step, x0, x, count))

    monkeypatch.setattr(latent_preview, "prepare_callback", watch)
    kit.ksampler(kit.model(), kit.measurement())
    assert steps == [(i, 4, (1, 16, *LATENT)) for i in range(4)]


def test_no_gradient_can_be_taken_through_a_model_that_the_queue_has_loaded(kit):
    """Why DPS is not among the KSampler's choices."""
    import comfy.sd

    with torch.inference_mode():
        model = comfy.sd.load_diffusion_model(str(kit.folder / "wan_16.safetensors"))
    from lab.benchmarks.solvers.dps import sample_dps

    def sample(model, x, sigmas, extra_args=None, callback=None, disable=None):
        with torch.inference_mode(False):
            known = torch.ones_like(x)
            sampling = kit.pack.core("sampling")
            evidence = sampling.Evidence(known, known, sampling.SigmaRange(0, 1))
            return sample_dps(model, x.clone(), sigmas.clone(), extra_args, evidence=evidence)

    import comfy.samplers

    with pytest.raises(RuntimeError, match="Inference tensors"):
        kit.sample(model, comfy.samplers.KSAMPLER(sample))
