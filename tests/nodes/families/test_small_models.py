"""A small model of every family goes through the stock loaders, encodes, decodes and samples at the recorded shapes."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
from families.facts import facts_of, latent_format_of
from families.kit import SmallModels, clip
from families.refused import REFUSED
from families.vaes import vae_of

from lab.host.smaller import host_class
from lab.models.families import FAMILIES, Family

WHOLE_CLIP = {"HunyuanVideo", "HunyuanVideo 1.5", "Mochi", "CogVideoX"}
"""Grids whose encoders normalise or attend over more than the frames before."""
every_family = pytest.mark.parametrize("family", [*FAMILIES, *REFUSED], ids=str)
every_vae = pytest.mark.parametrize(
    "family", list({vae_of(f).name: f for f in [*FAMILIES, *REFUSED]}.values()), ids=lambda f: f.grid.family
)
guided = pytest.mark.parametrize("family", FAMILIES, ids=str)


@every_family
def test_the_host_detects_the_network_from_its_weights(small_models: SmallModels, family: Family):
    model = small_models.network(family).model
    assert type(model).__name__ == facts_of(family).model_class
    assert type(model.latent_format).__name__ == latent_format_of(family)
    assert facts_of(family).sampling in {kind.__name__ for kind in type(model.model_sampling).__mro__}
    assert all(weight.isfinite().all() for weight in model.diffusion_model.parameters())


@every_vae
def test_the_vae_counts_as_its_grid_does(small_models: SmallModels, family: Family):
    vae, grid = small_models.vae(family), family.grid
    assert vae.latent_channels == grid.channels
    assert vae.downscale_ratio[1:] == vae.upscale_ratio[1:] == (grid.cell, grid.cell)
    for count in (family.latent_frames, family.latent_frames + len(grid.cycle)):
        assert vae.downscale_ratio[0](grid.frames(count)) == count
        assert vae.upscale_ratio[0](count) == grid.frames(count)


@guided
def test_the_pack_knows_the_grid_of_the_vae(pack: Any, small_models: SmallModels, family: Family):
    grid = pack.submodule("nodes.host.vae").grid_of(small_models.vae(family))
    assert dataclasses.asdict(grid) == dataclasses.asdict(family.grid)


@pytest.mark.parametrize("family", REFUSED, ids=str)
def test_the_pack_refuses_the_vae_by_name(pack: Any, small_models: SmallModels, family: Family):
    with pytest.raises(pack.core("errors").InputError, match=family.name):
        pack.submodule("nodes.host.vae").grid_of(small_models.vae(family))


@every_vae
def test_the_vae_encodes_and_decodes_the_smallest_clip(small_models: SmallModels, family: Family):
    vae = small_models.vae(family)
    with torch.inference_mode():
        latent = vae.encode(clip(family))
        decoded = vae.decode(latent)
    assert latent.shape == (1, *family.latent_shape) and latent.isfinite().all() and latent.std() > 0.05
    assert decoded.shape == (1, family.frames, *family.size, 3) and decoded.isfinite().all() and decoded.std() > 0.05


@every_vae
def test_a_source_frame_matters_in_its_group_and_never_before(small_models: SmallModels, family: Family):
    """Changed frames change the latent frame of their group, and none before it where the encoder is causal."""
    vae, video = small_models.vae(family), clip(family)
    with torch.inference_mode():
        before = vae.encode(video)
        for index, group in enumerate(family.grid.groups(family.frames)):
            for stop in {group.start + 1, group.stop}:
                changed = video.clone()
                changed[group.start : stop] = 1 - changed[group.start : stop]
                difference = (vae.encode(changed) - before).abs().mean((0, 1, 3, 4))
                assert difference[index] > 1e-2
                assert family.grid.family in WHOLE_CLIP or difference[:index].sum() < 1e-5


@every_family
def test_one_step_of_the_hosts_sampler_gives_a_finite_latent(small_models: SmallModels, family: Family):
    streams = small_models.sample(family)
    assert [tuple(stream.shape[1:]) for stream in streams] == [family.latent_shape, *([family.audio] if family.audio else [])]
    assert all(stream.isfinite().all() and stream.std() > 0.1 for stream in streams)


@guided
def test_the_empty_latent_node_makes_the_shape_of_the_smallest_clip(small_models: SmallModels, family: Family):
    vae = small_models.vae(family)
    node: Any = host_class(facts_of(family).latent_node)
    height, width = family.size
    offered = {"vae": vae, "height": height, "width": width, "length": family.frames, "batch_size": 1}
    taken = {entry.id for entry in node.define_schema().inputs} & set(offered)
    samples = node.execute(**{name: offered[name] for name in taken}).args[0]["samples"]
    video = samples.unbind()[0] if samples.is_nested else samples
    assert video.shape == (1, *family.latent_shape)
