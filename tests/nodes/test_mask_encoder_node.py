"""Load Mask Encoder: files of every kind, the learned mask group by group, and files that are something else."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from guidance_kit import Kit
from measurement_kit import clip, encode, encoder_file, half_holes
from safetensors.torch import save_file


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


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
