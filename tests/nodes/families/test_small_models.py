"""A small model of every family goes through the stock loaders, encodes, decodes and samples at the recorded shapes."""

from __future__ import annotations

import pytest
import torch
from family_kit import SmallModels, clip

from lab.models.families import FAMILIES, REFUSED, Family

WHOLE_CLIP = {"comfy.ldm.models.autoencoder:AutoencoderKL", "comfy.ldm.genmo.vae.model:VideoVAE"}
"""Encoders that normalise or attend over the whole clip: HunyuanVideo's and Mochi's."""
every_family = pytest.mark.parametrize("family", [*FAMILIES, *REFUSED], ids=str)


@every_family
def test_the_host_detects_the_network_from_its_weights(small_models: SmallModels, family: Family):
    model = small_models.network(family).model
    assert type(model).__name__ == family.model_class
    assert type(model.latent_format).__name__ == family.latent_format
    assert family.sampling in {kind.__name__ for kind in type(model.model_sampling).__mro__}
    assert all(weight.isfinite().all() for weight in model.diffusion_model.parameters())


@every_family
def test_the_host_detects_the_vae_and_its_grid(small_models: SmallModels, family: Family):
    vae = small_models.vae(family)
    assert vae.latent_channels == family.channels
    assert vae.downscale_ratio[1:] == vae.upscale_ratio[1:] == (family.cell, family.cell)
    for count in (family.latent_frames, family.latent_frames + family.grouping.latent_counts[1]):
        frames = family.grouping.frames(count)
        assert vae.downscale_ratio[0](frames) == count
        assert vae.upscale_ratio[0](count) == frames


@every_family
def test_the_vae_encodes_and_decodes_the_smallest_clip(small_models: SmallModels, family: Family):
    vae = small_models.vae(family)
    with torch.inference_mode():
        latent = vae.encode(clip(family))
        decoded = vae.decode(latent)
    assert latent.shape == (1, *family.latent_shape) and latent.isfinite().all() and latent.std() > 0.05
    assert decoded.shape == (1, family.frames, *family.size, 3) and decoded.isfinite().all() and decoded.std() > 0.05


@every_family
def test_a_source_frame_matters_in_its_group_and_never_before(small_models: SmallModels, family: Family):
    """Changed frames change the latent frame of their group, and none before it where the encoder is causal."""
    vae, video, start = small_models.vae(family), clip(family), 0
    with torch.inference_mode():
        before = vae.encode(video)
        for index, length in enumerate(family.grouping.groups(family.latent_frames)):
            for stop in {start + 1, start + length}:
                changed = video.clone()
                changed[start:stop] = 1 - changed[start:stop]
                difference = (vae.encode(changed) - before).abs().mean((0, 1, 3, 4))
                assert difference[index] > 1e-2
                assert family.vae.name in WHOLE_CLIP or difference[:index].sum() < 1e-5
            start += length


@every_family
def test_one_step_of_the_hosts_sampler_gives_a_finite_latent(small_models: SmallModels, family: Family):
    streams = small_models.sample(family)
    assert [tuple(stream.shape[1:]) for stream in streams] == [family.latent_shape, *([family.audio] if family.audio else [])]
    assert all(stream.isfinite().all() and stream.std() > 0.1 for stream in streams)
