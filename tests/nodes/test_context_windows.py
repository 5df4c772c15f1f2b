"""Clips longer than the model's own, under the host's context windows: guided as a whole, and conditioned window by window."""

from __future__ import annotations

import pytest
import torch
from guidance_kit import HEIGHT, LATENT, WIDTH, Kit, windowed

WINDOW, OVERLAP = LATENT[0], 1
LONG = 2 * WINDOW
GUIDED = {"start_percent": 0.0, "gamma": 50.0}
ROUTES = ("patch", "sampler", "one box", "stock one box", "stochastic")
NODES = {"sampler": "InverseCrafterSampler", "stochastic": "InverseCrafterStochasticConditioning"}


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


@pytest.fixture
def shown(monkeypatch):
    """The inputs of a model's network, call by call."""

    def watch(model):
        calls, network = [], model.model.diffusion_model
        inner = network.forward_orig
        monkeypatch.setattr(
            network, "forward_orig", lambda x, *rest, **more: calls.append(x.clone()) or inner(x, *rest, **more)
        )
        return calls

    return watch


def long_measurement(kit, frames=LONG):
    """Frame 0 and the left third of all frames known, with one value each, the rest unknown."""
    shape = (1, 16, frames, *LATENT[1:])
    h = torch.zeros(shape)
    h[:, :, 0] = h[..., :2] = 1
    w = torch.randn(shape, generator=torch.Generator().manual_seed(4))
    return kit.pack.core("inverse").Measurement(w, h, (4 * frames - 3, HEIGHT, WIDTH))


def masked_video(kit, frames=LONG):
    """Both prompts with a masked video attached, as Add Inpaint Conditioning does, and the video's latents."""
    import node_helpers

    generator = torch.Generator().manual_seed(5)
    size = (frames, *LATENT[1:])
    values = {
        "concat_latent_image": torch.randn(1, 16, *size, generator=generator),
        "concat_mask": torch.rand(1, 4, *size, generator=generator).round(),
    }
    set_values = node_helpers.conditioning_set_values
    return {"positive": set_values(kit.positive, values), "negative": set_values(kit.negative, values)}


def sample(kit, route, model, measurement, **conditioning):
    if route.endswith("one box"):
        more = {"sampler_name": "euler"} if route.startswith("stock") else {}
        return kit.ksampler(model, measurement, **GUIDED, **conditioning, **more)
    sampler = "euler"
    if route == "patch":
        model = kit.run("InverseCrafterApplyGuidance", model=model, measurement=measurement, **GUIDED)
    else:
        made = kit.run(NODES[route], measurement=measurement, **GUIDED)
        sampler = made[0] if isinstance(made, tuple) else made
    return kit.sample(model, sampler, latent={"samples": torch.zeros_like(measurement.w)}, **conditioning)


def distance(measurement, samples):
    return float((samples - measurement.w)[measurement.h == 1].square().mean().sqrt())


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("schedule", ["standard_static", "standard_uniform"])
def test_a_clip_of_twice_the_length_is_guided_on_the_fused_prediction(kit, route, schedule, shown):
    model, _ = windowed(kit.model(), WINDOW, OVERLAP, schedule, LONG)
    measurement = long_measurement(kit)
    bare = kit.sample(model, latent={"samples": torch.zeros_like(measurement.w)})
    calls = shown(model)
    guided = sample(kit, route, model, measurement)
    assert all(x.shape[2] in (WINDOW, WINDOW + 1) for x in calls), "windows, on newer hosts with the frame before"
    assert len(calls) > 4, "several windows a step"
    assert torch.isfinite(guided).all()
    assert distance(measurement, guided) < 0.03 * distance(measurement, bare), "gamma 50 leaves a share of 1 / 51"
    per_frame = (guided - measurement.w)[..., :2].square().mean((0, 1, 3, 4)).sqrt()
    assert float(per_frame.max()) < 0.05 * distance(measurement, bare), "in every latent frame, on either side of a seam"


@pytest.mark.parametrize("route", ROUTES)
def test_a_masked_video_is_cut_to_each_window(kit, route, shown):
    model, windows = windowed(kit.model("36 channels"), WINDOW, OVERLAP, frames=LONG)
    measurement, conditioning = long_measurement(kit), masked_video(kit)
    calls = shown(model)
    guided = sample(kit, route, model, measurement, **conditioning)
    values = conditioning["positive"][0][1]
    whole = torch.cat([1 - values["concat_mask"], model.model.process_latent_in(values["concat_latent_image"])], 1)
    assert len(calls) == 4 * len(windows)
    for x, frames in zip(calls, windows * 4, strict=True):
        assert torch.allclose(x[:, 16:], whole[:, :, frames].expand(len(x), -1, -1, -1, -1), atol=1e-5)
    assert distance(measurement, guided) < 0.1, "gamma 50 leaves a share of 1 / 51 of about 3"


def test_without_windows_a_masked_video_is_passed_whole(kit):
    measurement, conditioning = long_measurement(kit), masked_video(kit)
    model = kit.model("36 channels")
    one_window, _ = windowed(model, LONG, frames=LONG)
    expected = sample(kit, "patch", model, measurement, **conditioning)
    assert torch.equal(sample(kit, "patch", one_window, measurement, **conditioning), expected)


@pytest.mark.parametrize(("shape", "axis"), [((1, 8, 26, 16), 2), ((1, 32, 2, 26), 3)], ids=["LTX-2", "MiniMax H3"])
def test_the_sound_of_packed_passes_is_joined_in_time_with_their_pictures(kit, shape, axis):
    """Two latents of sound a frame: 26 in a pass of 13 frames. The first pass ends at frame 12, the second at frame 20."""
    from comfy.nested_tensor import NestedTensor

    measurement, tones = long_measurement(kit), [torch.arange(26.0), 100 + torch.arange(26.0)]
    sounds = [tone.view([26 if i == axis else 1 for i in range(4)]).expand(shape) for tone in tones]
    first = kit.run("InverseCrafterNextPass", measurement=measurement, frames=13, overlap=2)[0]
    made = {"samples": NestedTensor((torch.zeros_like(first.w), sounds[0]))}
    joined = kit.run("InverseCrafterJoinPasses", measurement=first, latent=made)
    second = kit.run("InverseCrafterNextPass", measurement=measurement, frames=13, overlap=2, previous=joined)[0]
    made = {"samples": NestedTensor((torch.ones_like(second.w), sounds[1]))}
    again = {"measurement": second, "previous": joined}
    video, sound = kit.run("InverseCrafterJoinPasses", latent=made, **again)["samples"].unbind()
    assert video.shape == measurement.w.shape
    assert sound.select(1, 0).movedim(axis - 1, 0)[:, 0, 0].tolist() == [*range(26), *range(110, 126)], "42 for 21 frames"
    with pytest.raises(ValueError, match="latent: no sound"):
        kit.run("InverseCrafterJoinPasses", latent={"samples": torch.ones_like(second.w)}, **again)
    odd = {"samples": NestedTensor((torch.ones_like(second.w), torch.zeros(1, 5, 26, 16)))}
    with pytest.raises(ValueError, match="time is not known"):
        kit.run("InverseCrafterJoinPasses", latent=odd, **again)


def test_a_clip_in_two_passes_is_continued_without_decoding(kit):
    """The second pass knows the end of the first as it was sampled, and the joined latents are those of the passes."""
    measurement, model = long_measurement(kit), kit.model()
    first, empty, report = kit.run("InverseCrafterNextPass", measurement=measurement, frames=13, overlap=2)
    assert empty["samples"].shape == first.w.shape == (1, 16, 4, *LATENT[1:])
    assert report == "Frames 0 to 12 of 21. 8 are left for further passes."
    made = {"samples": kit.ksampler(model, first, **GUIDED)}
    joined = kit.run("InverseCrafterJoinPasses", measurement=first, latent=made)
    assert torch.equal(joined["samples"], made["samples"])
    again = {"measurement": measurement, "frames": 13, "overlap": 2, "previous": joined}
    second, _, report = kit.run("InverseCrafterNextPass", **again)
    assert report == "Frames 5 to 20 of 21, of which 8 are known. It is the last pass."
    assert torch.equal(second.w[:, :, :2], made["samples"][:, :, 2:]) and bool((second.h[:, :, :2] == 1).all())
    continued = {"samples": kit.ksampler(model, second, **GUIDED)}
    assert distance(second, continued["samples"]) < 0.1
    whole = kit.run("InverseCrafterJoinPasses", measurement=second, latent=continued, previous=joined)["samples"]
    assert torch.equal(whole[:, :, :4], made["samples"]) and torch.equal(whole[:, :, 4:], continued["samples"][:, :, 2:])
    assert whole.shape == measurement.w.shape and distance(measurement, whole) < 0.1
