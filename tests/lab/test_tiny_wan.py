"""The tests' small random Wan models go through the host's stock loaders and sample finite latents."""

from __future__ import annotations

import pytest
import torch
from tiny_wan import make_vae, make_wan, text_condition

LATENT = (1, 16, 2, 8, 8)


def load_unet(path):
    import comfy.sd

    return comfy.sd.load_diffusion_model(str(path))


def load_vae(path):
    import comfy.sd
    import comfy.utils

    return comfy.sd.VAE(sd=comfy.utils.load_torch_file(str(path)))


@pytest.mark.parametrize(
    ("in_channels", "out_channels", "image_embedding"), [(16, 16, False), (36, 16, False), (36, 16, True), (48, 48, False)]
)
def test_a_small_random_wan_samples_finite_latents(pack, tmp_path, in_channels, out_channels, image_embedding):
    path = make_wan(tmp_path / "wan.safetensors", in_channels, out_channels, layers=1, image_embedding=image_embedding)
    model = load_unet(path)
    latent = {"samples": torch.zeros(1, out_channels, 2, 8, 8)}
    sampler = pack.host_node("KSampler")()
    text = text_condition()
    (out,) = sampler.sample(model, 0, 2, 3.0, "euler", "simple", text, text, latent)
    assert out["samples"].shape == latent["samples"].shape
    assert torch.isfinite(out["samples"]).all()
    assert out["samples"].std() > 0.05


def test_a_small_random_vae_goes_there_and_back(pack, tmp_path):
    vae = load_vae(make_vae(tmp_path / "vae.safetensors"))
    video = torch.rand(5, 32, 48, 3, generator=torch.Generator().manual_seed(0))
    latent = vae.encode(video)
    assert latent.shape == (1, 16, 2, 4, 6)
    assert torch.isfinite(latent).all() and latent.std() > 0.05
    decoded = vae.decode(latent)
    assert decoded.shape == (1, *video.shape)
    assert torch.isfinite(decoded).all() and decoded.std() > 0.01


def test_the_same_seed_writes_the_same_file(pack, tmp_path):
    first = make_vae(tmp_path / "a.safetensors", seed=3).read_bytes()
    assert first == make_vae(tmp_path / "b.safetensors", seed=3).read_bytes()
    assert first != make_vae(tmp_path / "c.safetensors", seed=4).read_bytes()
