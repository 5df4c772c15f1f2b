"""Small Wan models with random weights, written as safetensors that the host's stock loaders accept.

``make_wan`` writes a Wan 2.1 DiT (``UNETLoader`` reads its sizes from the weights), ``make_vae`` a Wan 2.1 VAE (``VAELoader``).
Other families are in ``lab.models.families``. The host must be in use already (fixture ``pack``), or it is brought up with its
default base directory.

| form | call |
|---|---|
| text to video, 16 channels | ``make_wan(path)`` |
| Fun-InP / I2V, 36 channels in | ``make_wan(path, in_channels=36)``, with CLIP-vision layers: ``image_embedding=True`` |
| Wan 2.2 TI2V-5B's 48-channel latents (x16 in space) | ``make_wan(path, in_channels=48, out_channels=48)`` |
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

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
    from lab.models.families import Build, write

    sizes = {
        "model_type": "i2v" if image_embedding else "t2v",
        "in_dim": in_channels,
        "out_dim": out_channels,
        "dim": dim,
        "ffn_dim": 4 * dim,
        "num_heads": dim // 128,
        "num_layers": layers,
        "text_dim": TEXT_WIDTH,
    }
    return write(Build("comfy.ldm.wan.model:WanModel", sizes), Path(path), seed)


def make_vae(path: Path | str, width: int = 8, *, seed: int = 0) -> Path:
    """Write a random Wan 2.1 VAE of base width ``width``: 16 latent channels, /8 in space. Returns the path."""
    from families.vaes import WAN_SIZES

    from lab.models.families import Build, write

    return write(Build("comfy.ldm.wan.vae:WanVAE", WAN_SIZES | {"dim": width}), Path(path), seed)


def text_condition(tokens: int = 8, *, seed: int = 0) -> list[list]:
    """CONDITIONING as a text encoder would give it: one entry ``[1, tokens, 4096]``."""
    generator = torch.Generator().manual_seed(seed)
    return [[torch.randn(1, tokens, TEXT_WIDTH, generator=generator), {}]]


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    {"vae": make_vae, "diffusion_models": make_wan}[sys.argv[1]](sys.argv[2])
