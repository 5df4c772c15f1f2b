"""Restoration at the nodes: operators as sockets, a video model and an image model as priors, and what does not fit."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from families.images import IMAGE_MODELS, QWEN_IMAGE, SD15, SDXL, ImageModel
from guidance_kit import FRAMES, HEIGHT, WIDTH, Kit

from lab.benchmarks.restoration import compare

DEGRADE, FROM_MASK, RESTORE = (f"InverseCrafter{name}" for name in ("DegradeVideo", "OperatorFromMask", "RestoreVideo"))


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


def loaded(model: ImageModel, folder: Path) -> dict[str, Any]:
    """Load an image model with random weights and its VAE, by the sockets of Restore Video."""
    network, vae = model.load(folder)
    return {"model": network, "vae": vae, "positive": model.conditioning(1), "negative": model.conditioning(2)}


@pytest.fixture(scope="module")
def image_model(pack, tmp_path_factory) -> dict[str, Any]:
    return loaded(SD15, tmp_path_factory.mktemp("sd15"))


@pytest.fixture(scope="module")
def video_model(kit) -> dict[str, Any]:
    return {"model": kit.model(), "vae": kit.vae(), "positive": kit.positive, "negative": kit.negative}


def clip(frames=FRAMES, height=HEIGHT, width=WIDTH) -> torch.Tensor:
    rows = torch.linspace(0, 1, height).view(1, -1, 1, 1)
    columns = torch.linspace(0, 1, width).view(1, 1, -1, 1)
    moving = torch.linspace(0, 1, frames).view(-1, 1, 1, 1)
    return (0.5 + 0.4 * torch.sin(5 * rows + 7 * columns + moving + torch.arange(3))).contiguous()


def holes() -> torch.Tensor:
    mask = torch.zeros(FRAMES, HEIGHT, WIDTH)
    mask[:, 8:24, 16:32] = 1
    return mask


def test_the_benchmark_takes_the_defaults_of_the_node(kit):
    inputs = {one.id: one for one in kit.pack.node(RESTORE).define_schema().inputs}
    measured = inspect.signature(compare.rows).parameters["steps"].default
    assert (inputs["steps"].default, inputs["noise"].default) == (measured, compare.NOISE)


def degraded(kit, **widgets) -> tuple[torch.Tensor, Any]:
    return kit.run(DEGRADE, **({"video": clip(), "kernel_size": 21} | widgets))[:2]


def residual(operator: Any, made: torch.Tensor, y: torch.Tensor) -> float:
    return float((operator.operator.A(made) - y).square().mean().sqrt())


@pytest.mark.parametrize(
    ("widgets", "size", "words"),
    [
        ({"spatial": "downscale"}, (FRAMES, 8, 12), "4x4 pixels"),
        ({"spatial": "blur", "temporal_length": 3}, (FRAMES, HEIGHT, WIDTH), "mean of 3 frames, then a blur of 3 pixels"),
        ({"spatial": "none", "temporal_length": 5}, (FRAMES, HEIGHT, WIDTH), "5 frames"),
        ({"spatial": "random_holes", "missing": 0.25, "each_frame": True}, (FRAMES, HEIGHT, WIDTH), "25%"),
        ({"spatial": "holes", "holes": holes()}, (FRAMES, HEIGHT, WIDTH), "17% of the pixels"),
        ({"spatial": "kernel", "kernel": torch.ones(1, 3, 5, 3)}, (FRAMES, HEIGHT, WIDTH), "drawn kernel"),
    ],
    ids=lambda value: value["spatial"] if isinstance(value, dict) else "",
)
def test_degrading_gives_the_measurement_the_operator_and_words(kit, widgets, size, words):
    y, operator, report = kit.run(DEGRADE, **({"video": clip(), "kernel_size": 21} | widgets))
    assert tuple(y.shape) == (*size, 3) == (*operator.measured, 3)
    assert torch.allclose(y, operator.operator.A(clip())) and words in report


def test_an_operator_from_a_mask_blackens_holes_and_keeps_the_rest(kit):
    y, operator = kit.run(FROM_MASK, video=clip(), holes=holes())
    assert torch.equal(y, clip() * (1 - holes())[..., None]) and operator.visible is not None


def test_the_report_counts_known_pixels_alone(kit, video_model):
    _, operator = kit.run(FROM_MASK, video=clip(), holes=holes())
    _, report = kit.run(RESTORE, **video_model, video=clip(), operator=operator, method="clip", steps=1)
    assert "is 0.00 of 255" in report


def test_fades_to_black_are_restored(kit, video_model):
    y, operator = degraded(kit, video=torch.zeros_like(clip()))
    made, _ = kit.run(RESTORE, **video_model, video=y, operator=operator, method="frames", steps=1)
    assert torch.isfinite(made).all() and float(made.mean()) < 0.2


@pytest.mark.parametrize("method", ["frames", "clip"])
def test_a_video_model_restores_by_frames_and_by_the_clip(kit, video_model, method):
    y, operator = degraded(kit)
    made, report = kit.run(RESTORE, **video_model, video=y, operator=operator, method=method, steps=2)
    assert made.shape == clip().shape and float(made.min()) >= 0 and float(made.max()) <= 1
    assert residual(operator, made, y) < 0.02 and method in report


def test_hidden_pixels_are_restored_in_latent_space_and_known_ones_kept(kit, video_model):
    y, operator = kit.run(FROM_MASK, video=clip(), holes=holes())
    made, _ = kit.run(RESTORE, **video_model, video=y, operator=operator, method="latent", steps=2, cfg=2.0)
    known = holes() == 0
    assert torch.allclose(made[known], clip()[known], atol=1e-4)
    assert float(made[~known].std()) > 0


@pytest.mark.parametrize("method", ["frames", "latent"])
def test_a_vae_that_overflows_is_named(kit, video_model, monkeypatch, method):
    y, operator = kit.run(FROM_MASK, video=clip(), holes=holes())
    decode = type(video_model["vae"]).decode
    monkeypatch.setattr(type(video_model["vae"]), "decode", lambda self, latent: decode(self, latent) + float("nan"))
    refused(kit, "vae: .* are NaN", **video_model, video=y, operator=operator, method=method, steps=1)


@pytest.mark.parametrize("family", IMAGE_MODELS, ids=lambda family: family.name)
def test_an_image_model_restores_frame_by_frame(kit, family, tmp_path):
    """Noise predictors and flows from the host's own classes and loaders, their noise levels by their own model sampling."""
    y, operator = degraded(kit, video=clip(3))
    seen: list[dict[str, Any]] = []
    given = loaded(family, tmp_path)
    given["model"].set_model_unet_function_wrapper(
        lambda apply, options: (
            seen.append(options),
            apply(options["input"], options["timestep"], **options["c"]),
        )[1]
    )
    made, report = kit.run(RESTORE, **given, video=y, operator=operator, steps=2)
    assert made.shape == clip(3).shape and residual(operator, made, y) < 0.05 and "frames" in report
    shapes = {tuple(call["input"].shape) for call in seen}
    assert {(shape[1], *shape[-2:]) for shape in shapes} == {(given["vae"].latent_channels, HEIGHT // 8, WIDTH // 8)}
    assert max(shape[0] for shape in shapes) <= 2, "one frame, with and without the prompt"
    widths = {call["c"]["y"].shape[1] for call in seen if call["c"].get("y") is not None}
    assert widths == ({2816} if family is SDXL else {family.pooled} - {0}), "SDXL knows the size of the picture too"


def test_a_seed_repeats_a_run_and_another_one_does_not(kit, image_model):
    y, operator = degraded(kit, video=clip(1))
    run = lambda seed: kit.run(RESTORE, **image_model, video=y, operator=operator, steps=2, start="noised", seed=seed)[0]  # noqa: E731
    first = run(1)
    assert torch.equal(first, run(1)) and not torch.equal(first, run(2))


def test_an_inverted_start_needs_no_noise(kit, image_model):
    y, operator = degraded(kit, video=clip(1))
    run = lambda seed: kit.run(RESTORE, **image_model, video=y, operator=operator, steps=2, start="inverted", seed=seed)[0]  # noqa: E731
    assert torch.equal(run(1), run(2))


def test_the_inversion_asks_the_model_without_the_prompt_alone(kit, tmp_path):
    y, operator = degraded(kit, video=clip(1))
    given, evaluated = loaded(SD15, tmp_path), []

    def watched(apply, options):
        evaluated.append(list(options["cond_or_uncond"]))
        return apply(options["input"], options["timestep"], **options["c"])

    given["model"].set_model_unet_function_wrapper(watched)
    kit.run(RESTORE, **given, video=y, operator=operator, steps=2, start="inverted")
    kinds = [kind for call in evaluated for kind in call]
    assert (kinds.count(0), kinds.count(1)) == (2, 4), "two steps with the prompt; two steps and two of the inversion without"


def test_the_prompt_has_its_weight(kit, image_model):
    y, operator = degraded(kit, video=clip(1))
    common = {"video": y, "operator": operator, "steps": 2, "start": "noised"}
    at = {cfg: kit.run(RESTORE, **image_model, **common, cfg=cfg)[0] for cfg in (0.0, 1.0)}
    swapped = image_model | {"positive": image_model["negative"]}
    assert not torch.equal(at[0.0], at[1.0])
    assert torch.allclose(kit.run(RESTORE, **swapped, **common, cfg=1.0)[0], at[0.0], atol=1e-5)


def test_progress_shows_every_frame_and_can_be_cancelled(kit, image_model, monkeypatch):
    import comfy.model_management
    import comfy.utils

    y, operator = degraded(kit, video=clip(3))
    shown: list[tuple[int, int, Any]] = []
    monkeypatch.setattr(
        comfy.utils, "PROGRESS_BAR_HOOK", lambda done, total, preview, **_: shown.append((done, total, preview))
    )
    kit.run(RESTORE, **image_model, video=y, operator=operator, steps=2, start="inverted")
    # The first encoding and the inversion; then to predict, decode, and encode that and its fit (not in the last step).
    start, total = 3 + 3 * 2, 3 * 2 + 3 * 3 * 2 + 3
    bars = [entry for entry in shown if entry[1] == total]
    counted = [done for done, _, _ in bars]  # newer hosts leave some out that come without a picture
    decoded = {start + place for place in (4, 5, 6, 16, 17, 18)}
    assert counted == sorted(set(counted)) and decoded <= set(counted) <= set(range(1, total + 1))
    pictures = [preview for _, _, preview in bars if preview is not None]
    assert len(pictures) == 6 and all(kind == "JPEG" and picture.size == (WIDTH, HEIGHT) for kind, picture, _ in pictures)
    comfy.model_management.interrupt_current_processing(True)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        kit.run(RESTORE, **image_model, video=y, operator=operator, steps=2)


@pytest.mark.parametrize("widgets", [{"spatial": "random_holes"}, {"temporal_length": 3}], ids=["mask", "mean, then pool"])
def test_the_first_fit_can_be_cancelled(kit, image_model, monkeypatch, widgets):
    import comfy.model_management

    y, operator = degraded(kit, video=clip(3), **widgets)
    monkeypatch.setattr(type(image_model["vae"]), "encode", lambda *_: pytest.fail("the fit ran to its end"))
    comfy.model_management.interrupt_current_processing(True)
    with pytest.raises(comfy.model_management.InterruptProcessingException):
        kit.run(RESTORE, **image_model, video=y, operator=operator, steps=2)


def test_a_single_frame_is_a_clip_of_one(kit, video_model):
    y, operator = degraded(kit, video=clip(1))
    made, report = kit.run(RESTORE, **video_model, video=y, operator=operator, steps=1)
    assert made.shape == clip(1).shape and "frames" in report


def refused(kit, match: str, node: str = RESTORE, **inputs) -> str:
    with pytest.raises(ValueError, match=match) as error:
        kit.run(node, **inputs)
    return str(error.value)


def test_models_and_vaes_of_different_kinds_are_refused(kit, image_model, video_model):
    import comfy.latent_formats

    y, operator = degraded(kit)
    given = {"video": y, "operator": operator}
    refused(kit, "an image model with a video VAE", **(image_model | {"vae": video_model["vae"]}), **given)
    refused(kit, "a video model with an image VAE", **(video_model | {"vae": image_model["vae"]}), **given)
    refused(kit, "48 latent channels", **(video_model | {"model": kit.model("48 channels")}), **given)
    other = kit.model().clone()
    other.add_object_patch("latent_format", comfy.latent_formats.HunyuanVideo())
    refused(kit, r"latent format HunyuanVideo .* and the VAE of Wan 2.1", **(video_model | {"model": other}), **given)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("SVD_img2vid", "Stable Video Diffusion works from a picture"),
        ("StableCascade_C", "Stable Cascade samples in two latent spaces"),
        ("ACEStep", "ACE-Step makes sound"),
        ("Hunyuan3Dv2", "Hunyuan3D makes shapes"),
        ("CogVideoX", "CogVideoX predicts v"),
    ],
)
def test_models_that_are_no_prior_are_refused_by_the_name_of_their_family(kit, image_model, monkeypatch, kind, reason):
    y, operator = degraded(kit)
    base = image_model["model"].model
    monkeypatch.setattr(base, "__class__", type(kind, (type(base),), {}))
    assert "Use an image model (SDXL" in refused(kit, f"model: {reason}", **image_model, video=y, operator=operator)


def test_methods_that_do_not_fit_are_refused(kit, image_model, video_model):
    y, operator = degraded(kit)
    assert "frames" in refused(kit, "'clip' with an image model", **image_model, video=y, operator=operator, method="clip")
    refused(kit, "'latent' with the mean of 4x4 pixels", **video_model, video=y, operator=operator, method="latent")
    y, operator = degraded(kit, video=clip(6))
    refused(kit, "6 frames", **video_model, video=y, operator=operator, method="clip")
    y, operator = degraded(kit, video=clip(1, 36, 48))
    refused(kit, "multiples of", **video_model, video=y, operator=operator, method="frames")
    refused(kit, "multiples of 8", **image_model, video=y, operator=operator)


@pytest.mark.parametrize(("widget", "known"), [("method", "latent"), ("start", "noised")])
def test_an_unknown_choice_is_named_with_the_known_ones(kit, video_model, widget, known):
    y, operator = degraded(kit)
    assert known in refused(kit, f"{widget}: 'nope'", **video_model, video=y, operator=operator, **{widget: "nope"})


def test_image_models_in_video_latents_make_no_clips(kit, tmp_path):
    given = loaded(QWEN_IMAGE, tmp_path)
    y, operator = degraded(kit, video=clip(5))
    assert "frames" in refused(kit, "'clip' with an image model", **given, video=y, operator=operator, method="clip")
    _, report = kit.run(RESTORE, **given, video=y, operator=operator, steps=1)
    assert "by frames" in report


def test_a_video_of_another_operator_is_refused(kit, video_model):
    y, operator = degraded(kit)
    refused(kit, "9 frames of 12x8", **video_model, video=clip(), operator=operator)
    refused(kit, "9 frames of 12x8", **video_model, video=y[:5], operator=operator)


@pytest.mark.parametrize(
    ("widgets", "words"),
    [
        ({"temporal_length": 6}, "5 or 7"),
        ({"temporal_length": 11}, "clip of 9"),
        ({"spatial": "blur", "kernel_size": 61}, "kernel: 61x61"),
        ({"spatial": "blur", "kernel_size": 20}, "odd"),
        ({"factor": 5}, "45x30"),
        ({"spatial": "holes"}, "not connected"),
        ({"spatial": "kernel"}, "not connected"),
        ({"spatial": "holes", "holes": torch.ones(1, HEIGHT, WIDTH)}, "every pixel"),
        ({"spatial": "holes", "holes": torch.zeros(1, 8, WIDTH)}, "size"),
        ({"spatial": "none"}, "nothing degrades"),
        ({"video": clip(1), "temporal_length": 3}, "clip of 1"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
def test_degradations_that_make_no_sense_are_refused(kit, widgets, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        degraded(kit, **widgets)
