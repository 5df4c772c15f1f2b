"""Stochastic conditioning under the host's own sampling, on Wans with random weights: what the network is told, and when."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from guidance_kit import FRAMES, HEIGHT, LATENT, WIDTH, Kit, windowed

ROOT = Path(__file__).resolve().parents[2]
LORA = {"A": (4, 256), "B": (1024, 4)}
NODE = "InverseCrafterStochasticConditioning"
NEVER = {"start_percent": 1.0}
"""No data consistency: the context alone."""


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


def partly_known(kit, channels=16, h=1.0):
    """Frame 0 known as a whole, of the others the left third."""
    mask = torch.zeros(1, channels, *LATENT)
    mask[:, :, 0] = h
    mask[..., :2] = h
    w = torch.randn(mask.shape, generator=torch.Generator().manual_seed(4))
    return kit.pack.core("inverse").Measurement(w, mask, (FRAMES, HEIGHT, WIDTH), kit.grid(channels))


def conditioned(kit, model, measurement=None, cfg=2.0, steps=4, latent=None, **settings):
    sampler, _ = kit.run(NODE, measurement=partly_known(kit) if measurement is None else measurement, **(NEVER | settings))
    return kit.sample(model, sampler, cfg=cfg, steps=steps, latent=latent)


def known_cells(kit, measurement):
    return kit.pack.core("sampling.stochastic").known_cells(measurement.h, 0.9).expand(measurement.h.shape)


@pytest.fixture
def shown(kit, monkeypatch):
    """What Wan's network is shown in each call: its input, its times."""

    def watch(model):
        calls, network = [], model.model.diffusion_model
        inner = network.forward_orig
        monkeypatch.setattr(
            network,
            "forward_orig",
            lambda x, t, *rest, **more: calls.append((x.clone(), t.clone())) or inner(x, t, *rest, **more),
        )
        return calls

    return watch


def test_wan_is_told_time_zero_for_known_tokens_until_the_release(kit, shown):
    from comfy_extras.nodes_model_advanced import ModelSamplingSD3

    model, measurement = ModelSamplingSD3().patch(kit.model(), 1.0)[0], partly_known(kit)
    calls = shown(model)
    conditioned(kit, model, measurement, release=0.6, context_time="per_token")
    known = known_cells(kit, measurement)
    tokens = known[0, 0, :, ::2, ::2].flatten()
    held, free = calls[:2], calls[2:]
    assert len(free) == 2, "sigmas 1, .75 | .5, .25"
    for (x, t), level in zip(held, (1000.0, 750.0), strict=True):
        assert t.shape == (2, len(tokens)), "prompt and negative, a time for every token"
        for row in t:
            assert torch.equal(row[tokens], torch.zeros(int(tokens.sum())))
            assert torch.allclose(row[~tokens], torch.tensor(level), atol=1.0)
        clean = model.model.process_latent_in(measurement.w)
        for clip in x:
            assert torch.equal(clip[known[0]], clean[0][known[0]]), "known tokens are clean"
    for (_, t), level in zip(free, (500.0, 250.0), strict=True):
        assert t.shape == (2,) and torch.allclose(t, torch.tensor(level), atol=1.0)
    noise = kit.pack.core("sampling.stochastic").seeded_noise(measurement.w.shape, 0)
    sigma = float(free[0][1][0]) / 1000
    level = (1 - sigma) * clean + sigma * noise
    assert torch.allclose(free[0][0][0][known[0]], level[0][known[0]], atol=1e-5), "re-noised exactly"


def test_one_time_tells_nothing_and_shows_known_tokens_at_the_level_of_the_rest(kit, shown):
    model, measurement = kit.model(), partly_known(kit)
    calls = shown(model)
    conditioned(kit, model, measurement, context_time="one_time", release=0.0)
    known, clean = known_cells(kit, measurement), model.model.process_latent_in(measurement.w)
    noise = kit.pack.core("sampling.stochastic").seeded_noise(measurement.w.shape, 0)
    assert len(calls) == 4
    for x, t in calls:
        assert t.shape == (2,)
        sigma = float(t[0]) / 1000
        level = (1 - sigma) * clean + sigma * noise
        assert torch.allclose(x[0][known[0]], level[0][known[0]], atol=1e-4)


def test_wan_2_2_is_told_a_time_for_every_frame(kit, shown):

    model, measurement = kit.model("48 channels"), partly_known(kit, 48)
    calls = shown(model)
    conditioned(kit, model, measurement, release=0.0, context_time="per_frame")
    assert all(t.shape == (2, LATENT[0]) for _, t in calls)
    assert all(bool((t[:, 0] == 0).all()) and bool((t[:, 1:] > 0).all()) for _, t in calls), "frame 0 alone is known as a whole"


def embedded():
    """The video model of this pack, by the stock loader."""
    import comfy.sd

    return comfy.sd.load_diffusion_model(str(ROOT / "weights/diffusion_models/inversecrafter_small_wan_t2v.safetensors"))


def test_auto_takes_the_times_that_a_model_was_trained_with(kit):
    import comfy.model_base

    times = kit.pack.submodule("nodes.guide.token_time")
    assert times.trained_times(kit.model().model) == "one_time", "it takes a time a token, but nothing says that it knows them"
    assert times.trained_times(embedded().model) == "per_token"
    wan22 = kit.model("48 channels").model
    assert isinstance(wan22, comfy.model_base.WAN22) and times.trained_times(wan22) == "per_frame"


@pytest.mark.parametrize("dtype", [torch.float16, torch.float8_e4m3fn])
def test_the_embedded_model_is_known_in_any_precision_and_under_a_lora(kit, dtype):
    import comfy.sd

    file = ROOT / "weights/diffusion_models/inversecrafter_small_wan_t2v.safetensors"
    model = comfy.sd.load_diffusion_model(str(file), model_options={"dtype": dtype})
    lora = {f"diffusion_model.blocks.0.ffn.0.lora_{side}.weight": torch.randn(*shape) for side, shape in LORA.items()}
    model, _ = comfy.sd.load_lora_for_models(model, None, lora, 1.0, 0.0)
    assert kit.pack.submodule("nodes.guide.token_time").trained_times(model.model) == "per_token"


def test_a_compiled_network_is_looked_into(kit):
    """As packs compile: the network wrapped whole, as an object patch that is in place while the host samples."""
    model, measurement = kit.model(), partly_known(kit)
    compiled = model.clone()
    compiled.add_object_patch("diffusion_model", torch.compile(model.model.diffusion_model, backend="eager"))
    expected = conditioned(kit, model, measurement, context_time="per_token")
    assert torch.allclose(conditioned(kit, compiled, measurement, context_time="per_token"), expected, atol=1e-4)
    inside = kit.pack.submodule("nodes.guide.token_time")
    plain = type("Base", (), {"diffusion_model": embedded().model.diffusion_model})()
    wrapped = type("Base", (), {"diffusion_model": torch.compile(plain.diffusion_model, backend="eager")})()
    assert inside.trained_times(plain) == inside.trained_times(wrapped) == "per_token"


@pytest.mark.parametrize("times", ["per_token", "per_frame", "one_time"])
@pytest.mark.parametrize("form", ["16 channels", "36 channels", "48 channels"])
def test_a_release_at_zero_brings_the_known_tokens_out_as_given(kit, form, times):
    channels = 48 if form.startswith("48") else 16
    measurement, model = partly_known(kit, channels), kit.model(form)
    samples = conditioned(kit, model, measurement, release=0.0, context_time=times)
    known = known_cells(kit, measurement)
    assert torch.allclose(samples[known], measurement.w[known], atol=1e-4), "in VAE space again"
    assert torch.isfinite(samples).all() and not torch.allclose(samples[~known], measurement.w[~known], atol=0.5)


def test_a_release_at_one_is_the_sampler_without_context(kit):
    from_node = conditioned(kit, kit.model(), release=1.0)
    exact = kit.run("InverseCrafterSampler", measurement=partly_known(kit), **NEVER)
    assert torch.equal(from_node, kit.sample(kit.model(), exact))


def test_a_network_with_a_forward_of_its_own_takes_one_time(kit, monkeypatch):
    import comfy.ldm.wan.model

    class Other(comfy.ldm.wan.model.WanModel):
        pass

    model, measurement = kit.model().clone(), partly_known(kit)
    expected = conditioned(kit, kit.model(), measurement, context_time="one_time")
    monkeypatch.setattr(model.model.diffusion_model, "__class__", Other)
    assert torch.equal(conditioned(kit, model, measurement), expected)
    with pytest.raises(ValueError, match="takes one time"):
        conditioned(kit, model, measurement, context_time="per_token")


def test_the_released_are_repaired_and_data_consistency_draws_them_back(kit):
    """Released early, known tokens drift; with data consistency late they are drawn to the measurement again."""
    measurement, model = partly_known(kit), kit.model()
    known = known_cells(kit, measurement)

    def drift(samples):
        return float((samples - measurement.w)[known].square().mean().sqrt())

    free = drift(conditioned(kit, model, measurement, release=0.9))
    late = {"start_percent": 0.5, "gamma": 50.0}
    both = drift(conditioned(kit, model, measurement, release=0.9, **late))
    assert both < 0.5 * free


def test_fresh_noise_leaves_the_known_alone_and_changes_the_rest(kit):
    measurement, model = partly_known(kit), kit.model()
    known, fresh = known_cells(kit, measurement), kit.run("InverseCrafterGuidanceSettings", noise="fresh")
    kept, renewed = (conditioned(kit, model, measurement, release=0.0, **more) for more in ({}, {"settings": fresh}))
    assert torch.allclose(renewed[known], kept[known], atol=1e-4)
    assert not torch.allclose(renewed[~known], kept[~known], atol=1e-2)


def test_a_batch_of_two_holds_one_measurement_and_its_first_clip_gets_the_noise_of_a_batch_of_one(kit):
    model, measurement = kit.model(), partly_known(kit)
    known = known_cells(kit, measurement)[0]
    latent = {"samples": torch.zeros(2, 16, *LATENT)}
    for clip in conditioned(kit, model, measurement, latent=latent, release=0.0):
        assert torch.allclose(clip[known], measurement.w[0][known], atol=1e-4)
    one = conditioned(kit, model, measurement, release=0.9)
    two = conditioned(kit, model, measurement, latent=latent, release=0.9)
    assert torch.allclose(two[0], one[0], atol=1e-4)
    assert not torch.allclose(two[0], two[1], atol=1e-2)


def test_a_kept_first_frame_is_told_to_the_last_step_and_comes_out_as_given(kit, shown):
    measurement = partly_known(kit)
    calls = shown(kit.model())
    samples = conditioned(kit, kit.model(), measurement, release=0.9, keep_first_frame=True, context_time="per_token")
    assert torch.allclose(samples[:, :, 0], measurement.w[:, :, 0], atol=1e-4)
    assert [int((t[0] == 0).sum()) for _, t in calls] == [10, 10, 6, 6], "sigmas 1, .96 | .89, .73: then the 6 of frame 0 alone"


def test_each_context_window_is_told_the_times_of_its_own_frames(kit, shown):
    model, windows = windowed(kit.model(), 2, overlap=1)
    measurement = partly_known(kit)
    calls = shown(model)
    samples = conditioned(kit, model, measurement, release=0.0, cfg=1.0, context_time="per_token")
    known, clean = known_cells(kit, measurement), model.model.process_latent_in(measurement.w)
    assert len(calls) == 8, "two windows in each of 4 steps"
    for (x, t), frames in zip(calls, windows * 4, strict=True):
        assert torch.equal(t[0] == 0, known[0, 0, frames, ::2, ::2].flatten())
        assert torch.equal(x[0][known[0, :, frames]], clean[0, :, frames][known[0, :, frames]]), "and shown them clean"
    assert torch.allclose(samples[known], measurement.w[known], atol=1e-4)


def test_frames_that_the_host_retains_in_every_window_keep_their_times(kit, shown):
    model, windows = windowed(kit.model(), 1)
    handler = model.model_options["context_handler"]
    if not hasattr(handler, "latent_retain_index_list"):
        pytest.skip("this host retains no latent frames in its windows")
    handler.latent_retain_index_list = [0]
    measurement = partly_known(kit)
    calls = shown(model)
    conditioned(kit, model, measurement, release=0.0, cfg=1.0, context_time="per_token")
    known = known_cells(kit, measurement)[0, 0, :, ::2, ::2]
    assert windows == [[0], [0, 1], [1, 2]]
    for (_, t), frames in zip(calls, [[0], [0, 1], [0, 2]] * 4, strict=True):
        assert torch.equal(t[0] == 0, known[frames].flatten())


def test_the_next_run_and_the_model_are_as_if_nothing_had_happened(kit):
    model = kit.model()
    bare = kit.sample(model)
    first = conditioned(kit, model, release=0.9)
    assert torch.equal(conditioned(kit, model, release=0.9), first)
    assert torch.equal(kit.sample(model), bare)
    assert not torch.equal(conditioned(kit, model, release=0.9, renoise_seed=1), first)


def test_under_sampler_custom_with_progress_and_cancel(kit, monkeypatch):
    import comfy.model_management
    import comfy.samplers
    import comfy.utils
    from comfy_extras.nodes_custom_sampler import SamplerCustom

    sampler, _ = kit.run(NODE, measurement=partly_known(kit), **NEVER)
    sigmas = comfy.samplers.KSampler(kit.model(), 4, kit.model().load_device, "euler", "simple").sigmas
    given = [kit.model(), True, 7, 2.0, kit.positive, kit.negative, sampler, sigmas, {"samples": torch.zeros(1, 16, *LATENT)}]
    steps = []

    def watch(value, total, preview, node_id=None):
        steps.append((value, total))
        if len(steps) == stop_at:
            raise comfy.model_management.InterruptProcessingException()

    run = SamplerCustom.execute if hasattr(SamplerCustom, "execute") else SamplerCustom().sample
    hook = comfy.utils.PROGRESS_BAR_HOOK
    # Newer hosts leave out what comes within a tenth of a second.
    monkeypatch.setattr(comfy.utils, "PROGRESS_THROTTLE_MIN_INTERVAL", 0.0, raising=False)
    comfy.utils.set_progress_bar_global_hook(watch)
    try:
        stop_at = 99
        with torch.inference_mode():
            whole = run(*given)[0]["samples"]
        assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
        steps.clear()
        stop_at = 2
        with pytest.raises(comfy.model_management.InterruptProcessingException), torch.inference_mode():
            run(*given)
        assert len(steps) == 2
    finally:
        comfy.utils.set_progress_bar_global_hook(hook)
    assert torch.allclose(whole, conditioned(kit, kit.model()), atol=1e-5)


def test_the_picture_is_drawn_for_the_connected_schedule(kit):
    _, default = kit.run(NODE, measurement=partly_known(kit))
    _, drawn = kit.run(NODE, measurement=partly_known(kit), sigmas=torch.linspace(1, 0, 5))
    assert default.shape == drawn.shape == (1, 168, 480, 3)
    assert not torch.equal(default, drawn)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"release": 1.2}, "release: 1.2"),
        ({"release": -0.1}, "within 0"),
        ({"h": 0.3}, "no token is known at a threshold of 0.9"),
        ({"known_threshold": 0.0, "release": 0.0}, "every token is known"),
    ],
)
def test_bad_input_is_said_before_anything_runs(kit, settings, says):
    measurement = partly_known(kit, h=settings.pop("h", 1.0))
    with pytest.raises(ValueError, match=says):
        kit.run(NODE, measurement=measurement, **settings)


def test_a_latent_of_another_size_and_a_noise_mask_are_named(kit):
    with pytest.raises(ValueError, match="48x32 and 9 frames"):
        conditioned(kit, kit.model(), latent={"samples": torch.zeros(1, 16, 3, 8, 6)})
    with pytest.raises(ValueError, match="it carries a noise_mask"):
        conditioned(
            kit, kit.model(), latent={"samples": torch.zeros(1, 16, *LATENT), "noise_mask": torch.rand(1, 1, HEIGHT, WIDTH)}
        )
