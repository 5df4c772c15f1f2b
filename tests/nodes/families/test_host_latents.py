"""Latents of the families' own nodes: images that a noise mask keeps, reference frames before a clip, guides behind it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from families.kit import SmallModels, clip

from lab.host.smaller import HostLacks, host_class
from lab.models.families import FAMILIES, Family, conditioning, empty_latent

ROUTES = ("patch", "sampler", "ksampler", "context")
BY_NAME = {family.name: family for family in FAMILIES}
IMAGE_NODES = {
    "Wan 2.2 5B": "comfy_extras.nodes_wan:Wan22ImageToVideoLatent",
    "Cosmos Predict 2": "comfy_extras.nodes_cosmos:CosmosPredict2ImageToVideoLatent",
    "LTX-Video": "comfy_extras.nodes_lt:LTXVImgToVideo",
    "LTX-2": "comfy_extras.nodes_lt:LTXVImgToVideo",
}
"""Nodes that put an image into the first latent frame and a noise mask over it."""


def execute(name: str, **inputs: Any) -> tuple[Any, ...]:
    """Execute a node of the host, ``module:id``, with those of the inputs that it takes and its defaults."""
    try:
        node: Any = host_class(name)
    except HostLacks as reason:
        pytest.skip(str(reason))
    schema = {entry.id: getattr(entry, "default", None) for entry in node.define_schema().inputs}
    defaults = {key: value for key, value in schema.items() if value is not None}
    with torch.inference_mode():
        return node.execute(**(defaults | {key: value for key, value in inputs.items() if key in schema})).args


def clip_inputs(small_models: SmallModels, family: Family) -> dict[str, Any]:
    """Return the inputs that the host's nodes share: prompts, VAE, and the size of the smallest clip."""
    (height, width), vae = family.size, small_models.vae(family)
    prompts = {"positive": conditioning(family, seed=1), "negative": conditioning(family, seed=2)}
    return prompts | {"vae": vae, "width": width, "height": height, "length": family.frames, "batch_size": 1}


def with_image(small_models: SmallModels, family: Family, strength: float = 1.0) -> tuple[dict[str, Any], torch.Tensor]:
    """Return the LATENT of the family's image node, and the image's latent frame ``[1, C, 1, H', W']``."""
    image = clip(family, seed=4)[:1]
    inputs = clip_inputs(small_models, family) | {"image": image, "start_image": image, "strength": strength}
    latent = execute(IMAGE_NODES[family.name], **inputs)[-1]
    video = latent["samples"]
    if family.audio is not None:
        audio = {"samples": empty_latent(family).unbind()[1]}
        latent = execute("comfy_extras.nodes_lt:LTXVConcatAVLatent", video_latent=latent, audio_latent=audio)[0]
    return latent, video[:, :, :1]


def on(names: Any, routes: tuple[str, ...] = ROUTES) -> pytest.MarkDecorator:
    """Parametrise by family and route; stochastic conditioning refuses Cosmos Predict 2."""
    pairs = [(BY_NAME[name], route) for name in names for route in routes]
    kept = [pair for pair in pairs if pair != (BY_NAME["Cosmos Predict 2"], "context")]
    return pytest.mark.parametrize(("family", "route"), kept, ids=[f"{family}-{route}" for family, route in kept])


@on(IMAGE_NODES)
def test_an_image_under_the_noise_mask_stays_and_the_rest_is_guided(small_models: SmallModels, family: Family, route: str):
    latent, image = with_image(small_models, family)
    measurement = small_models.measurement(family)
    video = small_models.guided(family, route, measurement, steps=2, latent=latent)[0]
    torch.testing.assert_close(video[:, :, :1], image, atol=1e-3, rtol=1e-3)
    assert float((video - measurement.w)[:, :, 1:].abs().max()) < 0.02


@on(["LTX-Video", "LTX-2"])
def test_an_image_of_part_strength_is_guided_in_part(small_models: SmallModels, family: Family, route: str):
    """LTX keeps an image to a share: its noise mask is neither 0 nor 1, but the same in a whole frame."""
    latent, _ = with_image(small_models, family, strength=0.5)
    measurement = small_models.measurement(family)
    video = small_models.guided(family, route, measurement, steps=2, latent=latent)[0]
    assert video.isfinite().all()
    assert float((video - measurement.w)[:, :, 1:].abs().max()) < 0.02


@on(["Wan 2.1 VACE"])
def test_a_reference_frame_is_left_to_the_model(small_models: SmallModels, family: Family, route: str):
    inputs = clip_inputs(small_models, family) | {"reference_image": clip(family, seed=4)[:1]}
    positive, negative, latent, before = execute("comfy_extras.nodes_wan:WanVaceToVideo", **inputs)
    assert before == 1
    measurement = small_models.measurement(family).with_frames_around(before)
    run = {"latent": latent, "positive": positive, "negative": negative}
    video = small_models.guided(family, route, measurement, **run)[0]
    assert float((video - measurement.w)[:, :, before:].abs().max()) < 0.02
    if route != "context":  # clean tokens change the model's answer everywhere
        never = small_models.guided(family, route, measurement, start_percent=1.0, **run)[0]
        assert torch.equal(video[:, :, :before], never[:, :, :before])
    with pytest.raises(small_models.pack.core("errors").InputError, match=r"1 more .*raise reference_frames .* by 1"):
        small_models.guided(family, route, small_models.measurement(family), **run)


@on(["LTX-Video"])
def test_a_guide_behind_the_clip_is_left_to_the_host(small_models: SmallModels, family: Family, route: str):
    inputs = clip_inputs(small_models, family) | {
        "latent": {"samples": empty_latent(family)},
        "image": clip(family, seed=4)[:1],
    }
    positive, negative, latent = execute("comfy_extras.nodes_lt:LTXVAddGuide", **(inputs | {"frame_idx": 4}))
    measurement = small_models.measurement(family).with_frames_around(0, 1)
    run = {"latent": latent, "positive": positive, "negative": negative}
    video = small_models.guided(family, route, measurement, steps=2, **run)[0]
    torch.testing.assert_close(video[:, :, -1:], latent["samples"][:, :, -1:], atol=1e-3, rtol=1e-3)
    assert float((video - measurement.w)[:, :, :-1].abs().max()) < 0.02
    with pytest.raises(small_models.pack.core("errors").InputError, match="guide_frames"):
        small_models.guided(family, route, small_models.measurement(family), **run)


@on(["MiniMax H3"])
def test_keyframes_beside_the_clip_leave_its_length(small_models: SmallModels, family: Family, route: str):
    network, empty = small_models.network(family), {"samples": empty_latent(family)}
    given = clip_inputs(small_models, family) | {"latent": empty, "image": clip(family, seed=4)[:1], "frame_idx": 2}
    positive = execute("comfy_extras.nodes_minimax_h3:MiniMaxH3AddGuide", **given)[0]
    measurement = small_models.measurement(family)
    run = {"model": network, "positive": positive, "negative": positive}
    video = small_models.guided(family, route, measurement, latent=empty, **run)[0]
    assert float((video - measurement.w).abs().max()) < 0.02


WITH_MASKED_VIDEO = {"Wan 2.1", "Wan 2.2 5B"}
"""Grids of the families with checkpoints that take a masked video."""


@pytest.mark.parametrize("condition_on", ["first_frame", "whole_video"])
@pytest.mark.parametrize(
    "family",
    [
        pytest.param(f, marks=pytest.mark.node("Add Inpaint Conditioning", refused=f.grid.family not in WITH_MASKED_VIDEO))
        for f in FAMILIES
    ],
    ids=str,
)
def test_inpaint_conditioning_feeds_wans_and_refuses_others(small_models: SmallModels, family: Family, condition_on: str):
    inputs = clip_inputs(small_models, family)
    given = {name: inputs[name] for name in ("positive", "negative", "vae")} | {"condition_on": condition_on}
    given |= {"video": clip(family), "holes": torch.eye(*family.size).expand(family.frames, *family.size)}
    network = small_models.network(family)
    if family.grid.family not in WITH_MASKED_VIDEO:
        with pytest.raises(small_models.pack.core("errors").InputError, match=f"{family.grid.family}, whose models take no"):
            small_models.run("InpaintConditioning", **given)
        return
    positive, negative, latent, _ = small_models.run("InpaintConditioning", **given)
    run = {"model": network, "positive": positive, "negative": negative, "latent": latent}
    assert small_models.sample(family, **run)[0].isfinite().all()
    measurement = small_models.measurement(family)
    video = small_models.guided(family, "sampler", measurement, **run)[0]
    assert float((video - measurement.w).abs().max()) < 0.02
