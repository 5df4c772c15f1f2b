"""Small image models with random weights: Stable Diffusion 1.5, and SDXL in its smallest form that the host knows (Vega)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lab.host.smaller import smaller

from .build import write
from .record import Build

WIDTH = 32
VAE_SIZES = {
    f"comfy.ldm.modules.diffusionmodules.model:{part}": {"ch": WIDTH, "ch_mult": [1, 1, 1, 1]}
    for part in ("Encoder", "Decoder")
}
VAE_CONFIG: dict[str, Any] = {
    "double_z": True,
    "z_channels": 4,
    "resolution": 256,
    "in_channels": 3,
    "out_ch": 3,
    "ch": 128,
    "ch_mult": [1, 2, 4, 4],
    "num_res_blocks": 2,
    "attn_resolutions": [],
    "dropout": 0.0,
}
VAE = Build("comfy.ldm.models.autoencoder:AutoencoderKL", {"embed_dim": 4, "ddconfig": VAE_CONFIG}, constants=VAE_SIZES)
UNET: dict[str, Any] = {
    "image_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "model_channels": 320,
    "use_spatial_transformer": True,
    "legacy": False,
}


@dataclass(frozen=True)
class ImageModel:
    """An image model of the host: the network that its loader detects, and what its text encoder gives.

    Attributes:
        name: as users know it.
        network: small build.
        width, pooled: channels of a text token and of the pooled text vector, 0 where there is none.
    """

    name: str
    network: Build
    width: int
    pooled: int = 0

    def conditioning(self, seed: int = 0) -> list[list[Any]]:
        """Make CONDITIONING as the model's encoders would."""
        generator = torch.Generator().manual_seed(seed)
        pooled = {"pooled_output": torch.randn(1, self.pooled, generator=generator)} if self.pooled else {}
        return [[torch.randn(1, 77, self.width, generator=generator), pooled]]

    def load(self, folder: Path) -> tuple[Any, Any]:
        """Write the network and the VAE into a folder and load both as the stock loaders do: MODEL and VAE."""
        from lab.host.modules import loaders

        network = write(self.network, folder / f"{self.name}.safetensors")
        vae = write(VAE, folder / "image_vae.safetensors")
        with smaller(VAE_SIZES):
            return loaders.load_diffusion_model(str(network)), loaders.VAE(sd=loaders.load_torch_file(str(vae)))


SD15 = ImageModel(
    "Stable Diffusion 1.5",
    Build(
        "comfy.ldm.modules.diffusionmodules.openaimodel:UNetModel",
        UNET
        | {
            "num_res_blocks": [1, 1],
            "channel_mult": [1, 1],
            "transformer_depth": [1, 0],
            "transformer_depth_output": [1, 1, 0, 0],
            "transformer_depth_middle": 0,
            "context_dim": 768,
            "num_heads": 8,
        },
    ),
    width=768,
)
"""The sizes that the host's detection asks for are those of the network's first layer and of its text; depth is free."""
