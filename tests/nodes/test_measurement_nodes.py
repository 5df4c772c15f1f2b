"""Encode Measurement on a VAE with random weights: its masks, its first frame, and every bad input."""

from __future__ import annotations

import logging
import re
from types import SimpleNamespace

import pytest
import torch
from guidance_kit import Kit
from measurement_kit import BAD, FRAMES, HEIGHT, WIDTH, clip, encode, encoder_file, half_holes, path, reported


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


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
