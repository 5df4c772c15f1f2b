"""Inpaint Conditioning: the host's own conditioning for its own case, and one that holds the whole masked video."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import Mock, patch

import pytest
import torch
from guidance_kit import IMAGE_TO_VIDEO, Kit
from measurement_kit import BAD, FRAMES, HEIGHT, WIDTH, clip, half_holes, path


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


def inpaint(kit, **inputs):
    given = {"positive": kit.positive, "negative": kit.negative, "vae": kit.vae(), "video": clip(), "holes": half_holes()}
    given["condition_on"] = "whole_video"
    return kit.run("InverseCrafterInpaintConditioning", **(given | inputs))[:3]


def test_inpaint_conditioning_is_the_grey_filled_video_and_its_mask(kit):
    positive, negative, latent = inpaint(kit)
    video = clip()
    video[:, :, WIDTH // 2 :] = 0.5
    with torch.inference_mode():
        expected = kit.vae().encode(video).float()
    for conditioning in (positive, negative):
        values = conditioning[0][1]
        assert torch.allclose(values["concat_latent_image"], expected, atol=1e-5)
        assert values["concat_mask"].shape == (1, 4, 3, 4, 6)
        assert torch.all(values["concat_mask"][..., :3] == 0) and torch.all(values["concat_mask"][..., 3:] == 1)
    assert latent["samples"].shape == (1, 16, 3, 4, 6) and not latent["samples"].any() and "noise_mask" not in latent


@pytest.mark.parametrize("frame", range(FRAMES))
def test_every_frame_of_the_mask_is_one_sub_channel_of_its_group(kit, frame):
    holes = torch.zeros(FRAMES, HEIGHT, WIDTH)
    holes[frame] = 1
    mask = inpaint(kit, holes=holes)[0][0][1]["concat_mask"]
    expected = torch.zeros(4, 3)
    if frame == 0:
        expected[:, 0] = 1
    else:
        expected[(frame - 1) % 4, (frame - 1) // 4 + 1] = 1
    assert torch.equal(mask[0, :, :, 0, 0], expected)


def test_the_mask_is_the_hosts_own_for_its_own_case(kit):
    """A known start image and nothing else: what the stock WanFunInpaintToVideo sends, we send."""
    from comfy_extras.nodes_wan import WanFunInpaintToVideo

    start = clip()[:1]
    holes = torch.ones(FRAMES, HEIGHT, WIDTH)
    holes[0] = 0
    with torch.inference_mode():
        stock = WanFunInpaintToVideo.execute(
            kit.positive, kit.negative, kit.vae(), WIDTH, HEIGHT, FRAMES, 1, start_image=start
        ).args
    ours = inpaint(kit, holes=holes)
    for key in ("concat_latent_image", "concat_mask"):
        assert torch.allclose(ours[0][0][1][key].float(), stock[0][0][1][key].float(), atol=1e-5), key


def test_what_the_network_gets_is_mask_then_latent_and_one_means_keep(kit):
    """The host inverts the mask: 1 = keep for the network, which is what Fun-InP was trained on."""
    base = kit.model("36 channels").model
    values = inpaint(kit)[0][0][1]
    with torch.inference_mode():
        cat = base.concat_cond(noise=torch.zeros(1, 16, 3, 4, 6), device=torch.device("cpu"), **values)
    assert cat.shape[1] == 20
    assert torch.all(cat[:, :4, ..., :3] == 1) and torch.all(cat[:, :4, ..., 3:] == 0)
    assert torch.allclose(cat[:, 4:], base.process_latent_in(values["concat_latent_image"]), atol=1e-5)


def test_a_start_image_replaces_frame_zero_and_is_known(kit):
    start = clip(9)[:1]
    positive, _, _ = inpaint(kit, start_image=start)
    video = clip()
    video[:, :, WIDTH // 2 :] = 0.5
    video[0] = start[0]
    with torch.inference_mode():
        assert torch.allclose(positive[0][1]["concat_latent_image"], kit.vae().encode(video).float(), atol=1e-5)
    assert not positive[0][1]["concat_mask"][:, :, 0].any()
    with pytest.raises(ValueError, match="start_image: size 64x32, but video has 48x32"):
        inpaint(kit, start_image=clip(width=64))


def test_on_the_first_frame_alone_it_is_the_hosts_own_image_to_video_conditioning(kit):
    """Whatever the other frames show: what the stock WanImageToVideo sends for the source's first frame, we send."""
    from comfy_extras.nodes_wan import WanImageToVideo

    start, seen = clip(3)[:1], SimpleNamespace(penultimate_hidden_states=torch.zeros(1, 257, 1280))
    with torch.inference_mode():
        stock = WanImageToVideo.execute(
            kit.positive, kit.negative, kit.vae(), WIDTH, HEIGHT, FRAMES, 1, start_image=start, clip_vision_output=seen
        ).args
    sources = {"source": clip(3), "camera_path": path(kit)}
    for given in ({"start_image": start}, sources):
        ours = inpaint(kit, condition_on="first_frame", clip_vision_output=seen, **given)
        for side in (0, 1):
            assert ours[side][0][1]["clip_vision_output"] is stock[side][0][1]["clip_vision_output"] is seen
            for key in ("concat_latent_image", "concat_mask"):
                here, there = ours[side][0][1][key].float(), stock[side][0][1][key].float()
                assert torch.allclose(here, there.expand_as(here), atol=1e-5), key


@pytest.mark.parametrize("form", ["16 channels", "36 channels"])
def test_only_a_model_that_takes_a_video_costs_an_encoding(kit, form):
    vae, model, seen = kit.vae(), kit.model(form), SimpleNamespace(penultimate_hidden_states=torch.zeros(1, 257, 1280))
    whole, _, empty = inpaint(kit)
    with patch.object(vae, "encode", Mock(wraps=vae.encode)) as encodings:
        positive, negative, latent = inpaint(kit, vae=vae, model=model, clip_vision_output=seen)
    assert encodings.call_count == (form == "36 channels")
    assert torch.equal(latent["samples"], empty["samples"])
    noise = torch.zeros(1, 16, 3, 4, 6)
    for ((_, values),) in (positive, negative):
        assert values["clip_vision_output"] is seen
        given, expected = (model.model.concat_cond(noise=noise, device=noise.device, **one) for one in (values, whole[0][1]))
        assert (given is None and expected is None) or torch.allclose(given, expected, atol=1e-5), "the network gets the same"
    with pytest.raises(ValueError, match="video: 18 frames"):
        inpaint(kit, model=model, video=clip(frames=18), holes=half_holes(frames=18))


def test_the_source_becomes_frame_zero_only_where_the_path_starts_at_its_view(kit):
    for camera_path, known in ((path(kit), True), (path(kit, start="full"), False), (None, False)):
        positive, _, _ = inpaint(kit, source=1 - clip(), camera_path=camera_path)
        assert bool(positive[0][1]["concat_mask"][:, :, 0].any()) != known


@pytest.mark.parametrize("route", ["patch", "sampler", "one box", "stochastic"])
def test_a_checkpoint_with_image_attention_is_refused_without_its_image(kit, route):
    import comfy.sd
    import tiny_wan

    file = tiny_wan.make_wan(kit.folder / "i2v.safetensors", **IMAGE_TO_VIDEO)
    model, measurement = comfy.sd.load_diffusion_model(str(file)), kit.measurement(known=1.0)
    seen = SimpleNamespace(penultimate_hidden_states=torch.randn(1, 257, 1280, generator=torch.Generator().manual_seed(1)))

    def sampled(**tokens):
        positive, negative, _ = inpaint(kit, **tokens)
        both = {"positive": positive, "negative": negative}
        if route == "one box":
            return kit.ksampler(model, measurement, steps=2, **both)
        if route == "patch":
            return kit.sample(kit.run("InverseCrafterApplyGuidance", model=model, measurement=measurement), steps=2, **both)
        node = "InverseCrafterSampler" if route == "sampler" else "InverseCrafterStochasticConditioning"
        made = kit.run(node, measurement=measurement)
        return kit.sample(model, made if route == "sampler" else made[0], steps=2, **both)

    with pytest.raises(ValueError, match=r"clip_vision_output: none in the positive and the negative .*'CLIP Vision Encode'"):
        sampled()
    assert torch.isfinite(sampled(clip_vision_output=seen)).all()


@pytest.mark.parametrize("name", ["18 frames", "size", "alpha", "NaN"])
def test_bad_video_is_named_by_inpaint_conditioning_too(kit, name):
    inputs, says = BAD[name]
    with pytest.raises(ValueError, match=says):
        inpaint(kit, **inputs)
