"""What cannot be guided is refused by name, with the reason and what to do."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from families.facts import Sampling, facts_of
from families.kit import SmallModels, clip
from families.refused import REFUSED

from lab.models.families import FAMILIES, Family, empty_latent

REASONS = {"CogVideoX": "CogVideoX predicts v, not a flow", "SeedVR2": "SeedVR2 restores in one step"}
BY_NAME = {family.name: family for family in FAMILIES}
COSMOS = BY_NAME["Cosmos Predict 2"]
every_family = pytest.mark.parametrize("family", FAMILIES, ids=str)
refused = pytest.mark.parametrize("family", REFUSED, ids=str)
routes = pytest.mark.parametrize("route", ["patch", "sampler", "ksampler", "context"])


def refuses(small_models: SmallModels, message: str) -> Any:
    return pytest.raises(small_models.pack.core("errors").InputError, match=message)


@routes
@refused
def test_a_model_that_cannot_be_guided_is_refused_with_the_reason(small_models: SmallModels, family: Family, route: str):
    measurement = small_models.measurement(BY_NAME["Wan 2.1"])
    with refuses(small_models, f"model: {REASONS[family.name]}.*Use a flow model: Wan, HunyuanVideo"):
        small_models.guided(family, route, measurement)


@refused
def test_a_vae_that_cannot_be_guided_is_refused_with_the_reason(small_models: SmallModels, family: Family):
    given = {"video": clip(family), "holes": torch.zeros(family.frames, *family.size)}
    with refuses(small_models, f"vae: .*{REASONS[family.name]}"):
        small_models.run("EncodeMeasurement", vae=small_models.vae(family), **given)


@routes
@every_family
def test_a_measurement_of_another_family_names_both(small_models: SmallModels, family: Family, route: str):
    other = BY_NAME["Mochi" if family.name == "Wan 2.1" else "Wan 2.1"]
    if other.grid == family.grid:
        other = BY_NAME["LTX-Video"]
    own, foreign = (f"{grid.latent_format} \\({grid.family}\\)" for grid in (family.grid, other.grid))
    with refuses(small_models, f"{own}.*{foreign}"):
        small_models.guided(family, route, small_models.measurement(other))


@every_family
def test_a_length_between_two_valid_ones_names_both(small_models: SmallModels, family: Family):
    shorter, longer = family.frames, family.grid.frames(family.latent_frames + len(family.grid.cycle))
    video = torch.rand(shorter + 1, *family.size, 3)
    with refuses(small_models, f"video: {shorter + 1} frames.*{family.grid.family}.*trim to {shorter} or extend to {longer}"):
        small_models.run("EncodeMeasurement", vae=small_models.vae(family), video=video, holes=torch.zeros(video.shape[:3]))


@every_family
def test_a_size_off_the_token_names_the_nearest(small_models: SmallModels, family: Family):
    height, width = family.size
    video = torch.rand(family.frames, height, width + family.grid.multiple // 2, 3)
    with refuses(small_models, f"video: size .*multiples of {family.grid.multiple}.*{width}x{height}"):
        small_models.run("EncodeMeasurement", vae=small_models.vae(family), video=video, holes=torch.zeros(video.shape[:3]))


@pytest.mark.parametrize("family", [family for family in FAMILIES if family.audio], ids=str)
def test_latents_without_a_video_are_refused(small_models: SmallModels, family: Family):
    from lab.host.modules.loaders import NestedTensor

    small_models.network(family)
    measurement, (video, audio) = small_models.measurement(family), empty_latent(family).unbind()
    with refuses(small_models, "latent: .*no video"):
        small_models.guided(family, "ksampler", measurement, latent={"samples": NestedTensor((audio, video))})
    with refuses(small_models, "latent_image: not connected, and the model takes video and audio"):
        small_models.run(
            "KSampler", model=small_models.network(family), measurement=measurement, positive=[], negative=[], seed=0
        )


@pytest.mark.node("Related samplers", refused=True)
@pytest.mark.parametrize("family", [COSMOS], ids=str)
@pytest.mark.parametrize("sampler_name", ["hard_paste_euler", "zero4d_euler", "lanpaint_euler", "time_to_move_euler"])
def test_related_samplers_refuse_noise_on_top_of_the_clean_latent(small_models: SmallModels, family: Family, sampler_name: str):
    with refuses(small_models, rf"noise on top of the clean latent \(Cosmos Predict 2\) with {sampler_name}"):
        small_models.guided(family, "ksampler", small_models.measurement(family), sampler_name=sampler_name)


@pytest.mark.node("Select Stochastic Conditioning", refused=True)
@pytest.mark.parametrize("family", [COSMOS], ids=str)
def test_stochastic_conditioning_refuses_noise_on_top_of_the_clean_latent(small_models: SmallModels, family: Family):
    assert facts_of(family).sampling == Sampling.COSMOS
    with refuses(small_models, r"\(Cosmos Predict 2\) with stochastic conditioning"):
        small_models.guided(family, "context", small_models.measurement(family))
