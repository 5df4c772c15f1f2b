"""The Wan 2.1 VAE of any width as the host builds it, from nothing or widened from a narrower one; and whole clips at once.

The host codes a clip in pieces of 1, 4, 4 … frames that hand each other caches. For training, :func:`encode` and :func:`decode`
take all frames in one pass: the same numbers, in a third of the operations.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch

from lab.host.modules.wan import Resample, Wan21, WanVAE

from .folded import folded

SPLIT, NOISE = 0.35, 0.05
"""Unevenness of the shares of a widened channel's copies in its weights, and relative noise: or they would stay copies."""


def build(width: int = 16) -> WanVAE:
    """Return the module the host builds for a file of this width, every weight initialised here."""
    shape = {"dim": width, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2, "attn_scales": []}
    model = WanVAE(**shape, temperal_downsample=[False, True, True])
    for name, value in model.named_parameters():
        with torch.no_grad():
            _initialise(name, value)
    return model


def of_weights(weights: dict[str, torch.Tensor]) -> WanVAE:
    """Build a VAE of its weights, of whatever width, for use and not for training."""
    model = build(width_of(weights))
    model.load_state_dict(weights)
    return model.train(False).requires_grad_(False)


def width_of(weights: dict[str, torch.Tensor]) -> int:
    """Return the base width of a file, by the layer that the host reads it from."""
    return len(weights["decoder.head.0.gamma"])


def _initialise(name: str, value: torch.Tensor) -> None:
    if name.endswith("gamma"):
        value.fill_(1.0)
    elif name.endswith("bias"):
        value.zero_()
    elif "time_conv" in name:
        # Start as "every frame like its neighbours": an average on the way down, a repeat on the way up.
        value.zero_()
        width = value.shape[1]
        eye = torch.eye(width).repeat(len(value) // width, 1)[..., None, None]
        if len(value) == width:
            value.copy_(eye[:, :, None].expand_as(value) / 3)
        else:
            value[:, :, -1] = eye
    elif "proj" in name or "residual.6" in name:
        torch.nn.init.normal_(value, std=0.1 / (value[0].numel() / 3) ** 0.5)
    elif value.ndim == 5:
        value.zero_()
        torch.nn.init.kaiming_normal_(value[:, :, -1], nonlinearity="linear")
        value[:, :, :-1].normal_(std=0.1 / value[0].numel() ** 0.5)
    else:
        torch.nn.init.kaiming_normal_(value, nonlinearity="linear")


@torch.no_grad()
def widened(weights: dict[str, torch.Tensor], noise: float = NOISE) -> WanVAE:
    """Return a VAE of twice the width that codes as the one of ``weights`` does, up to the ``noise`` on its weights.

    Every channel becomes two neighbours with the same value, whose readers share its weight between them at random (Chen et
    al. 2016, "Net2Net", arXiv 1511.05641). The norm divides by a root mean square, which copies leave as it was; the attention
    logits would grow by the square root of two, so the queries are divided by it.
    """
    model = build(2 * width_of(weights))
    for name, value in model.named_parameters():
        wide = weights[name].float()
        if value.shape[0] != wide.shape[0]:
            wide = wide.repeat_interleave(2, 0)
        if value.ndim > 1 and value.shape[1] != wide.shape[1]:
            share = 0.5 + SPLIT * (torch.rand_like(wide) * 2 - 1)
            wide = torch.stack([wide * share, wide * (1 - share)], 2).flatten(1, 2)
        if "to_qkv" in name:
            wide[: len(wide) // 3] /= 2**0.5
        if value.ndim > 2 and not name.endswith("gamma"):
            wide += noise * wide.std() * torch.randn_like(wide)
        value.copy_(wide)
    return model


@torch.no_grad()
def rescale_latents(model: WanVAE, scale: torch.Tensor, shift: torch.Tensor) -> None:
    """Change ``model`` in place so that its latents become ``scale z + shift``, ``[16]`` each, and decode to the same clips.

    Both convolutions at the latents are 1x1x1, so what is drawn does not change.
    """
    half = len(scale)
    model.conv1.weight[:half] *= scale.view(-1, 1, 1, 1, 1)
    model.conv1.bias[:half] = model.conv1.bias[:half] * scale + shift
    inverse = model.conv2.weight / scale.view(1, -1, 1, 1, 1)
    model.conv2.bias -= (inverse[:, :, 0, 0, 0] * shift).sum(dim=1)
    model.conv2.weight.copy_(inverse)


def host_statistics() -> tuple[torch.Tensor, torch.Tensor]:
    """Return means and deviations ``[16]`` that the host expects of a Wan 2.1 VAE's latents."""
    latent_format = Wan21()
    return latent_format.latents_mean.flatten(), latent_format.latents_std.flatten()


def take_out_host_statistics(model: WanVAE) -> None:
    """Latents of mean 0 and deviation 1, from those of a shipped file, which have the host's constants."""
    mean, deviation = host_statistics()
    rescale_latents(model, 1 / deviation, -mean / deviation)


def with_decoder(shipped: dict[str, torch.Tensor], trained: dict[str, torch.Tensor]) -> WanVAE:
    """Return the VAE of a shipped file with the decoder of one trained on its latents, brought to mean 0 and deviation 1."""
    model = of_weights(trained)
    mean, deviation = host_statistics()
    rescale_latents(model, deviation, mean)
    kept = {name: value for name, value in shipped.items() if name.startswith(("encoder.", "conv1."))}
    model.load_state_dict(model.state_dict() | kept)
    return model


@contextlib.contextmanager
def whole_clips(model: WanVAE) -> Iterator[None]:
    """Inside, :func:`encode` and :func:`decode` work on ``model``, and folded (``lab.models.folded``)."""
    layers = [layer for layer in model.modules() if isinstance(layer, Resample) and layer.mode.endswith("3d")]
    for layer in layers:
        layer.forward = partial(_resample, layer)
    try:
        with folded(model):
            yield
    finally:
        for layer in layers:
            del layer.forward


def _resample(layer: Any, x: torch.Tensor, feat_cache: None = None, feat_idx: None = None) -> torch.Tensor:
    """Do as the host's ``Resample.forward`` over all pieces: the first frame is never merged or doubled in time."""
    if layer.mode == "upsample3d" and x.shape[2] > 1:
        first, rest = x[:, :, :1], layer.time_conv(x[:, :, 1:])
        pairs = rest.permute(0, 2, 3, 4, 1).unflatten(-1, (2, -1))  # [B, T, H, W, 2, C]
        doubled = pairs.permute(0, 1, 4, 2, 3, 5).flatten(1, 2).permute(0, 4, 1, 2, 3)
        x = torch.cat([first.to(doubled.dtype), doubled], 2)
    pictures = layer.resample(x.transpose(1, 2).flatten(0, 1))
    x = pictures.unflatten(0, (len(x), -1)).transpose(1, 2)
    if layer.mode == "downsample3d" and x.shape[2] > 1:
        x = torch.cat([x[:, :, :1], layer.time_conv(x)], 2)
    return x


def encode(model: WanVAE, video: torch.Tensor) -> torch.Tensor:
    """Encode ``[B, 3, F, H, W]`` in -1…1 with F = 4k + 1 to ``[B, 16, k + 1, H/8, W/8]``, inside :func:`whole_clips`."""
    return model.conv1(model.encoder(video)).chunk(2, dim=1)[0]


def decode(model: WanVAE, latent: torch.Tensor) -> torch.Tensor:
    """Decode, inside :func:`whole_clips`. Layer by layer: newer hosts' decoders cut a clip into pieces."""
    decoder = model.decoder
    x = decoder.conv1(model.conv2(latent))
    for layer in (*decoder.middle, *decoder.upsamples, *decoder.head):
        x = layer(x)
    return x
