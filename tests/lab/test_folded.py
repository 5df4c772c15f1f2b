"""The folded Wan VAE gives what the host's gives: clips, single pictures, gradients; and leaves everything else alone."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import torch

VAE = Path(__file__).resolve().parents[2] / "weights" / "vae" / "inversecrafter_small_wan_vae.safetensors"
CLOSE = 3e-4


@pytest.fixture(scope="module")
def model(pack):
    import comfy.sd
    import comfy.utils

    return comfy.sd.VAE(sd=comfy.utils.load_torch_file(str(VAE))).first_stage_model.float().eval().requires_grad_(False)


@pytest.fixture
def folded(pack):
    from lab.models.folded import folded

    return folded


def smooth_clip(frames, height, width, count=1):
    coarse = torch.rand(count, 3, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    return torch.nn.functional.interpolate(coarse, size=(frames, height, width), mode="trilinear") * 2 - 1


@pytest.mark.parametrize(("frames", "count"), [(17, 1), (1, 2)])
def test_clips_and_pictures_are_coded_as_by_the_host(model, folded, frames, count):
    video = smooth_clip(frames, 64, 96, count)
    latent = model.encode(video)
    decoded = model.decode(latent)
    calls = []
    with folded(model), pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.functional, "conv3d", lambda *given: calls.append(given))
        patch.setattr(torch, "conv3d", lambda *given: calls.append(given))
        assert torch.allclose(model.encode(video), latent, atol=CLOSE)
        assert torch.allclose(model.decode(latent), decoded, atol=CLOSE)
    assert not calls, "a convolution in three dimensions was left"
    assert not any("forward" in vars(layer) for layer in model.modules()), "the model is the host's own again"


def test_gradients_are_the_hosts_and_may_be_taken_after_the_end(model, folded):
    layers = [
        model.encoder.conv1.weight,
        model.encoder.downsamples[5].time_conv.weight,
        model.decoder.middle[0].residual[0].gamma,
    ]

    def gradients(enter):
        with enter:
            loss = (model.decode(model.encode(smooth_clip(5, 32, 32))) ** 2).mean()
        return torch.autograd.grad(loss, layers)

    for value in layers:
        value.requires_grad_(True)
    try:
        for usual, fast in zip(gradients(contextlib.nullcontext()), gradients(folded(model)), strict=True):
            assert float(usual.abs().max()) > 0
            assert torch.allclose(fast, usual, rtol=1e-3, atol=1e-3 * float(usual.abs().max()))
    finally:
        for value in layers:
            value.requires_grad_(False)


def causal(pack, **changed):
    """A small causal convolution with random weights and ``changed`` attributes."""
    import comfy.ldm.wan.vae

    layer = comfy.ldm.wan.vae.CausalConv3d(2, 3, 3, padding=1)
    for value in layer.parameters():
        torch.nn.init.normal_(value, generator=torch.Generator().manual_seed(2))
    for name, value in changed.items():
        setattr(layer, name, value)
    return layer


@pytest.mark.parametrize("cached", [0, 1, 2])
@pytest.mark.parametrize("frames", [1, 4])
def test_newer_hosts_layout_is_known_too(pack, folded, cached, frames):
    noise = torch.randn(2, 2, cached + frames, 5, 6, generator=torch.Generator().manual_seed(3))
    cache, x = (noise[:, :, :cached] if cached else None), noise[:, :, cached:]
    usual, newer = causal(pack), causal(pack, _padding=2, padding=(0, 1, 1))
    with torch.no_grad(), folded(newer):
        assert torch.allclose(newer(x, cache), usual(x, cache), atol=1e-5)


@pytest.mark.parametrize("changed", [{"_padding": "other"}, {"comfy_cast_weights": True}, {"weight_function": [lambda w: w]}])
def test_what_is_not_known_runs_as_the_host_wrote_it(pack, folded, changed):
    layer = causal(pack, **changed)
    with folded(layer):
        assert "forward" not in vars(layer)
