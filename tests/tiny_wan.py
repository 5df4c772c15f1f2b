"""Small Wan models with random weights, written as safetensors that the host's stock loaders accept.

``make_wan`` writes a Wan 2.1 DiT (``UNETLoader`` reads its sizes from the weights), ``make_vae`` a Wan 2.1 VAE (``VAELoader``).
The networks are the host's own classes; it builds them with initialisation switched off, so every weight is set here, seeded.
The host must be in use already (fixture ``pack``), or it is brought up with its default base directory.

| form | call |
|---|---|
| text to video, 16 channels | ``make_wan(path)`` |
| Fun-InP / I2V, 36 channels in | ``make_wan(path, in_channels=36)``, with CLIP-vision layers: ``image_embedding=True`` |
| Wan 2.2 TI2V-5B's 48-channel latents (x16 in space) | ``make_wan(path, in_channels=48, out_channels=48)`` |
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

TEXT_WIDTH = 4096


def make_wan(
    path: Path | str,
    in_channels: int = 16,
    out_channels: int = 16,
    dim: int = 128,
    layers: int = 2,
    *,
    image_embedding: bool = False,
    seed: int = 0,
) -> Path:
    """Write a random Wan DiT; ``dim`` is a multiple of 128 (the host takes heads = dim / 128). Returns the path."""
    from lab.host.modules.wan import WanModel, disable_weight_init

    model = WanModel(
        model_type="i2v" if image_embedding else "t2v",
        in_dim=in_channels,
        out_dim=out_channels,
        dim=dim,
        ffn_dim=4 * dim,
        num_heads=dim // 128,
        num_layers=layers,
        text_dim=TEXT_WIDTH,
        operations=disable_weight_init,
        dtype=torch.float32,
    )
    return _write(model, Path(path), seed)


def make_vae(path: Path | str, width: int = 8, *, seed: int = 0) -> Path:
    """Write a random Wan 2.1 VAE of base width ``width``: 16 latent channels, /8 in space. Returns the path."""
    from lab.host.modules.wan import WanVAE

    model = WanVAE(
        dim=width,
        z_dim=16,
        dim_mult=[1, 2, 4, 4],
        num_res_blocks=2,
        attn_scales=[],
        temperal_downsample=[False, True, True],
        dropout=0.0,
    )
    return _write(model, Path(path), seed)


def text_condition(tokens: int = 8, *, seed: int = 0) -> list[list]:
    """CONDITIONING as a text encoder would give it: one entry ``[1, tokens, 4096]``."""
    generator = torch.Generator().manual_seed(seed)
    return [[torch.randn(1, tokens, TEXT_WIDTH, generator=generator), {}]]


def initialise(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Set every parameter: norms to one, biases small, matrices to variance 1 / fan-in, so activations stay of order one."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            fresh = torch.randn(parameter.shape, generator=generator)
            if name.endswith("gamma") or ("norm" in name and name.endswith("weight")):
                fresh = 1 + 0.02 * fresh
            elif parameter.ndim < 2 or "modulation" in name:
                fresh = 0.02 * fresh
            else:
                fresh = fresh / math.sqrt(parameter[0].numel())
            parameter.copy_(fresh)
    return model


def _write(model: torch.nn.Module, path: Path, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.contiguous() for name, tensor in initialise(model, seed).state_dict().items()}
    save_file(state, str(path))
    return path


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    {"vae": make_vae, "diffusion_models": make_wan}[sys.argv[1]](sys.argv[2])
