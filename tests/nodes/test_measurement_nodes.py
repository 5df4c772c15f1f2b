"""Encode Measurement, Load Mask Encoder and Inpaint Conditioning on a VAE with random weights: what comes out, and every
bad input.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock, patch

import pytest
import torch
from guidance_kit import IMAGE_TO_VIDEO, Kit
from safetensors.torch import save_file

FRAMES, HEIGHT, WIDTH = 9, 32, 48


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


def clip(seed=0, frames=FRAMES, height=HEIGHT, width=WIDTH):
    return torch.rand(frames, height, width, 3, generator=torch.Generator().manual_seed(seed))


def half_holes(frames=FRAMES, height=HEIGHT, width=WIDTH):
    holes = torch.zeros(frames, height, width)
    holes[:, :, width // 2 :] = 1
    return holes


def encode(kit, **inputs):
    return reported(kit, **inputs)[:2]


def reported(kit, **inputs):
    given = {"vae": kit.vae(), "video": clip(), "holes": half_holes()}
    return kit.run("InverseCrafterEncodeMeasurement", **(given | inputs))


def path(kit, name="arc_left", frames=FRAMES, **options):
    return kit.pack.core("camera").preset_path(name, frames, **options)


def encoder_file(kit, path, width=8, reads="mask", drop=None, **changes):
    import tiny_wan

    model = tiny_wan.initialise(kit.pack.submodule("nodes.host.compat").wan_encoder(width, 32), seed=3)
    state = {key: value for key, value in model.state_dict().items() if key != drop} | changes
    kit.pack.core("masks").save_mask_encoder(path, state, latent_channels=16, reads=reads)
    return path


def test_a_measurement_says_which_latent_format_it_is_of_and_leaves_room_for_reference_frames(kit):
    plain, picture = encode(kit, source=clip())
    assert (plain.grid.latent_format, plain.reference_frames) == ("Wan21", 0)
    behind, same = encode(kit, source=clip(), reference_frames=2)
    assert behind.reference_frames == 2 and behind.video_size == plain.video_size and torch.equal(picture, same)
    assert torch.equal(behind.w[:, :, 2:], plain.w) and torch.equal(behind.h[:, :, 2:], plain.h)
    assert not behind.w[:, :, :2].any() and not behind.h[:, :, :2].any()
    with pytest.raises(ValueError, match="reference_frames: -1"):
        encode(kit, source=clip(), reference_frames=-1)


MASKS = ["area", "temporal_infill", "known_source", "learned", "binary"]


@pytest.mark.parametrize("mask", MASKS)
def test_every_mask_makes_a_measurement_of_the_clip(kit, tmp_path, mask):
    load = kit.pack.submodule("nodes.guide.mask_encoder").load_mask_encoder
    encoder = load(encoder_file(kit, tmp_path / "m.safetensors")) if mask == "learned" else None
    measurement, picture = encode(kit, mask=mask, source=clip(), mask_encoder=encoder, camera_path=path(kit))
    assert measurement.w.shape == measurement.h.shape == (1, 16, 3, 4, 6)
    assert measurement.w.dtype == measurement.h.dtype == torch.float32
    assert measurement.video_size == (FRAMES, HEIGHT, WIDTH) and measurement.mask_mode == mask
    assert picture.shape == (FRAMES, HEIGHT, WIDTH, 3)
    held = bool(torch.all(measurement.h[:, :, 0] == 1))
    assert held == (mask != "known_source"), "frame 0 is source frame 0, but for an edit of the source itself"


def test_the_strength_of_a_mask_is_its_exponent(kit):
    once, twice = (encode(kit, mask="area", mask_strength=strength)[0].h for strength in (1.0, 2.0))
    assert torch.allclose(twice, once**2, atol=1e-6) and float(once.min()) < 0.9


def test_known_source_is_made_of_the_infilled_clip(kit):
    """Equation 5 with the hole infilled, not grey: a hole that is infilled right is known."""
    warp, holes = clip(), half_holes()
    filled = kit.pack.core("warp").fill_holes(warp, holes < 0.5)
    vae = kit.pack.submodule("nodes.host.vae").VideoVae.of(kit.vae())
    with torch.inference_mode():
        expected = 1 - torch.tanh((vae.normalise(vae.encode(warp)) - vae.normalise(vae.encode(filled))).abs())
    h = encode(kit, video=filled, source=warp, mask="known_source")[0].h
    assert torch.allclose(h, expected, atol=1e-4)


def test_w_is_the_vae_of_the_warp_in_vae_space(kit):
    with torch.inference_mode():
        expected = kit.vae().encode(clip())
    assert torch.allclose(encode(kit)[0].w, expected.float(), atol=1e-5)


def test_without_a_source_frame_zero_is_like_any_other(kit):
    assert not torch.all(encode(kit, mask="area")[0].h[:, :, 0] == 1)


def test_the_first_frame_of_the_source_replaces_the_warps(kit):
    source, warp = clip(1), clip(1)
    warp[0, :, WIDTH // 2 :] = 0
    measurement, _, report = reported(kit, video=warp, source=source, camera_path=path(kit), mask="area")
    expected = warp.clone()
    expected[0] = source[0]
    with torch.inference_mode():
        assert torch.allclose(measurement.w, kit.vae().encode(expected).float(), atol=1e-5)
    assert bool((measurement.h[:, :, 0] == 1).all())
    assert report == "Frame 0 is source frame 0, wholly known: the path 'arc_left' starts at its view."


def away(kit):
    return kit.pack.core("camera").keyframe_path('[{"frame": 0, "position": [0.1, 0, 0]}]', FRAMES)


KEPT = {
    "constant path": (
        lambda kit: {"camera_path": path(kit, start="full")},
        "path 'arc_left' starts away from .* turned by 9.6 deg",
    ),
    "other lens": (lambda kit: {"camera_path": path(kit, "dolly_zoom", start="full")}, "with 0.7 times the focal length"),
    "keyframes": (lambda kit: {"camera_path": away(kit)}, "path 'keyframes' starts away from .* moved by 0.1 rho"),
    "no path": (lambda kit: {}, "Connect camera_path"),
    "turned off": (lambda kit: {"camera_path": path(kit), "first_frame_known": False}, "first_frame_known is off"),
    "an edit": (lambda kit: {"camera_path": path(kit), "mask": "known_source"}, "known_source edits the source"),
    "no source": (lambda kit: {"camera_path": path(kit), "source": None}, "no source is connected"),
}


@pytest.mark.parametrize("name", list(KEPT))
@pytest.mark.parametrize("source", [clip(), 1 - clip()], ids=["alike", "unlike"])
def test_where_the_path_does_not_start_at_the_source_frame_zero_stays_whatever_the_pictures_look_like(kit, name, source):
    inputs, says = KEPT[name]
    measurement, _, report = reported(kit, **({"source": source, "mask": "area"} | inputs(kit)))
    with torch.inference_mode():
        assert torch.allclose(measurement.w, kit.vae().encode(clip()).float(), atol=1e-5)
    assert not bool((measurement.h[:, :, 0] == 1).all()) and re.search(says, report), report


@pytest.mark.parametrize("name", ["arc_left", "dolly_zoom", "static"])
@pytest.mark.parametrize("relative_to", ["source", "world"])
def test_where_it_does_frame_zero_is_the_sources_whatever_the_pictures_look_like(kit, name, relative_to):
    """However the source camera moves: the world is its first frame."""
    camera_path = path(kit, name, relative_to=relative_to)
    measurement = encode(kit, source=1 - clip(), camera_path=camera_path, mask="area")[0]
    with torch.inference_mode():
        assert torch.allclose(measurement.w[:, :, :1], kit.vae().encode(1 - clip()[:1]).float(), atol=1e-5)


@pytest.mark.parametrize("mask", ["known_source", "area", "temporal_infill"])
def test_a_start_image_is_frame_zero_with_every_mask_and_moves_no_other(kit, mask):
    start = clip(5)[:1]
    edited, _, report = reported(kit, start_image=start, source=clip(), mask=mask)
    with torch.inference_mode():
        assert torch.allclose(edited.w[:, :, :1], kit.vae().encode(start).float(), atol=1e-5)
    assert bool((edited.h[:, :, 0] == 1).all()) and report.startswith("Frame 0 is the start image")
    if mask == "known_source":
        known = clip()
        known[0] = start[0]
        same = encode(kit, video=known, source=known, start_image=start, mask=mask)[0]
        assert torch.allclose(edited.h, same.h, atol=1e-5), "what the edit changed in frame 0 is no doubt about the others"


def test_a_path_of_another_length_is_named(kit):
    with pytest.raises(ValueError, match="video has 9, camera_path has 5"):
        encode(kit, source=clip(), camera_path=path(kit, frames=5))


def test_the_pictures_show_means_in_time_or_all_channels(kit):
    h, picture = encode(kit, mask="area")
    assert torch.equal(picture[1], picture[4]) and torch.equal(picture[5], picture[8])
    assert torch.allclose(picture[3, 0, ::8, 0], h.h[0, :, 1, 0].mean(0))
    tiles = encode(kit, preview="channels")[1]
    assert tiles.shape == (3, 4 * HEIGHT, 4 * WIDTH, 3)


def test_encoding_moves_the_bar_and_can_be_cancelled(kit):
    import comfy.model_management
    import comfy.utils

    seen, hook = [], comfy.utils.PROGRESS_BAR_HOOK
    comfy.utils.set_progress_bar_global_hook(lambda value, total, preview, node_id=None: seen.append((value, total)))
    try:
        encode(kit, mask="area")
        assert (0, 3) in seen and (2, 3) in seen and seen[-1] == (3, 3), "once a latent frame"
        comfy.model_management.interrupt_current_processing()
        with pytest.raises(comfy.model_management.InterruptProcessingException):
            encode(kit, mask="area")
    finally:
        comfy.utils.set_progress_bar_global_hook(hook)
        comfy.model_management.interrupt_current_processing(False)


def test_one_mask_serves_all_frames(kit):
    assert torch.equal(encode(kit, mask="area", holes=half_holes(1))[0].h, encode(kit, mask="area")[0].h)


def test_no_holes_is_allowed_and_said(kit, caplog):
    with caplog.at_level(logging.WARNING):
        measurement, _ = encode(kit, holes=torch.zeros(FRAMES, HEIGHT, WIDTH), mask="area")
    assert torch.all(measurement.h == 1) and "holes is empty" in caplog.text


def rgba():
    return torch.rand(FRAMES, HEIGHT, WIDTH, 4)


def poisoned():
    bad = clip()
    bad[2, 3, 4, 1] = float("nan")
    return bad


BAD = {
    "18 frames": ({"video": clip(frames=18), "holes": half_holes(18)}, r"video: 18 frames.*trim to 17 or extend to 21"),
    "size": ({"video": clip(width=40), "holes": half_holes(width=40)}, r"video: size 40x32.*multiples of 16.*32x32"),
    "alpha": ({"video": rgba()}, "video: 4 channels"),
    "NaN": ({"video": poisoned()}, "video: 1 of 41472 values are NaN"),
    "all holes": ({"holes": torch.ones(FRAMES, HEIGHT, WIDTH)}, "every pixel of every frame is a hole"),
    "hole count": ({"holes": half_holes(5)}, "video has 9, holes has 5"),
    "hole size": ({"holes": half_holes(width=64)}, "holes: size 64x32, but video has 48x32"),
    "hole range": ({"holes": half_holes() * 255}, "holes: values from 0 to 255"),
    "hole NaN": ({"holes": half_holes() * float("nan")}, "holes: .* NaN"),
    "source count": ({"source": clip(frames=5)}, "video has 9, source has 5"),
    "source size": ({"source": clip(width=64)}, "source: size 64x32, but video has 48x32"),
    "no source": ({"mask": "known_source"}, "source: nothing connected"),
    "no encoder": ({"mask": "learned"}, "mask_encoder: nothing connected"),
    "not a Wan VAE": (
        {"vae": SimpleNamespace(first_stage_model=torch.nn.Linear(1, 1), latent_channels=4)},
        "vae: a Linear with 4",
    ),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_input_is_named(kit, name):
    inputs, says = BAD[name]
    with pytest.raises(ValueError, match=says):
        encode(kit, **inputs)


def test_a_vae_of_wan_2_2_needs_multiples_of_32_and_its_own_format(kit):
    import comfy.latent_formats
    import comfy.ldm.wan.vae2_2

    inner = object.__new__(comfy.ldm.wan.vae2_2.WanVAE)
    ratio = (lambda latent_frames: latent_frames * 4 - 3, 16, 16)
    host_vae = SimpleNamespace(first_stage_model=inner, latent_channels=48, latent_dim=3, upscale_ratio=ratio)
    vae = kit.pack.submodule("nodes.host.vae").VideoVae.of(host_vae)
    with pytest.raises(ValueError, match="multiples of 32"):
        vae.grid.require_clip("video", clip(height=48, width=64))
    latent = torch.randn(1, 48, 3, 2, 3)
    assert torch.equal(vae.normalise(latent), comfy.latent_formats.Wan22().process_in(latent))


def test_a_mask_encoder_runs_group_by_group_like_the_vae(kit, tmp_path):
    """The encoder half of the random VAE itself, with its first quantisation convolution folded away, answers as the VAE
    does.
    """
    vae = kit.vae().first_stage_model
    path = tmp_path / "half.safetensors"
    kit.pack.core("masks").save_mask_encoder(path, vae.encoder.state_dict(), latent_channels=16, reads="warp")
    encoder = kit.pack.submodule("nodes.guide.mask_encoder").load_mask_encoder(path)
    features = []
    handle = vae.encoder.register_forward_hook(lambda module, args, out: None if out is None else features.append(out))
    with torch.inference_mode():
        kit.vae().encode(clip())
        handle.remove()
        h = encoder.predict(1 - half_holes(), clip())
    assert torch.allclose(h, torch.sigmoid(torch.cat(features, 2).float()[:, :16]), atol=1e-4)


def test_the_loader_node_lists_and_loads_files_of_the_models_folder(kit, pack):
    import folder_paths

    folder = Path(folder_paths.get_folder_paths("inversecrafter_mask_encoders")[0])
    folder.mkdir(parents=True, exist_ok=True)
    encoder_file(kit, folder / "mine.safetensors", reads="warp")
    schema = pack.node("InverseCrafterLoadMaskEncoder").define_schema()
    assert "mine.safetensors" in schema.inputs[0].options
    encoder = kit.run("InverseCrafterLoadMaskEncoder", mask_encoder_name="mine.safetensors")
    assert encoder.spec.reads == "warp" and encoder.spec.width == 8
    assert sum(p.numel() for p in encoder.patcher.model.parameters()) > 100_000


def test_a_damaged_encoder_says_what_is_missing(kit, tmp_path):
    load = kit.pack.submodule("nodes.guide.mask_encoder").load_mask_encoder
    with pytest.raises(ValueError, match=r"1 tensors missing and 0 unknown, e.g. 'middle.0.residual.0.gamma'"):
        load(encoder_file(kit, tmp_path / "a.safetensors", drop="middle.0.residual.0.gamma"))
    wrong = {"downsamples.0.residual.2.bias": torch.zeros(99)}
    with pytest.raises(ValueError, match=r"'downsamples.0.residual.2.bias' is \(99,\) instead of \(8,\)"):
        load(encoder_file(kit, tmp_path / "b.safetensors", **wrong))


def test_a_mask_encoder_of_another_vae_is_named_beside_it(kit, tmp_path):
    path = tmp_path / "five.safetensors"
    model = kit.pack.submodule("nodes.host.compat").wan_encoder(8, 48)
    kit.pack.core("masks").save_mask_encoder(path, model.state_dict(), latent_channels=48, reads="marked", spatial="16")
    encoder = kit.pack.submodule("nodes.guide.mask_encoder").load_mask_encoder(path)
    with pytest.raises(ValueError, match=r"is for 48 latent channels at 1/16 of the size, the VAE of Wan 2.1 makes 16 at 1/8"):
        encode(kit, mask="learned", mask_encoder=encoder)
    assert encode(kit, mask="area", mask_encoder=encoder)[0].mask_mode == "area", "unused, so it may stay connected"


@pytest.mark.parametrize("reads", ["mask", "warp", "marked"])
def test_every_kind_of_mask_encoder_runs(kit, tmp_path, reads):
    encoder = kit.pack.submodule("nodes.guide.mask_encoder").load_mask_encoder(
        encoder_file(kit, tmp_path / "m.safetensors", reads=reads)
    )
    h = encode(kit, mask="learned", mask_encoder=encoder)[0].h
    assert h.shape == (1, 16, 3, 4, 6) and float(h.min()) >= 0 and float(h.max()) <= 1
    assert float(h.std()) > 0


def test_a_whole_vae_is_not_a_mask_encoder(kit, tmp_path):
    path = tmp_path / "vae.safetensors"
    save_file({key: value.contiguous() for key, value in kit.vae().get_sd().items()}, str(path))
    with pytest.raises(ValueError, match=r"vae.safetensors is a whole VAE"):
        kit.pack.submodule("nodes.guide.mask_encoder").load_mask_encoder(path)


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
