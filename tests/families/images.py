"""Small image models with random weights: noise predictors (Stable Diffusion 1.5, SDXL) and flows (SD 3, Flux, Qwen-Image)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lab.host.smaller import smaller
from lab.models.families.build import write
from lab.models.families.record import Build

from .vaes import WAN_2_1

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


def _vae(channels: int) -> Build:
    """Return a VAE of single pictures with so many latent channels."""
    sizes = {"embed_dim": channels, "ddconfig": VAE_CONFIG | {"z_channels": channels}}
    return Build("comfy.ldm.models.autoencoder:AutoencoderKL", sizes, constants=VAE_SIZES)


VAE = _vae(4)
VAE_OF_16 = _vae(16)
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
    """An image model of the host: the network that its loader detects, its VAE, and what its text encoder gives.

    Attributes:
        name: as users know it.
        network, vae: small builds.
        width, pooled: channels of a text token and of the pooled text vector, 0 where there is none.
    """

    name: str
    network: Build
    width: int
    pooled: int = 0
    vae: Build = VAE

    def conditioning(self, seed: int = 0) -> list[list[Any]]:
        """Make CONDITIONING as the model's encoders would."""
        generator = torch.Generator().manual_seed(seed)
        pooled = {"pooled_output": torch.randn(1, self.pooled, generator=generator)} if self.pooled else {}
        return [[torch.randn(1, 77, self.width, generator=generator), pooled]]

    def load(self, folder: Path) -> tuple[Any, Any]:
        """Write the network and the VAE into a folder and load both as the stock loaders do: MODEL and VAE."""
        from lab.host.modules import loaders

        network = write(self.network, folder / f"{self.name}.safetensors")
        vae = write(self.vae, folder / "image_vae.safetensors")
        with smaller({**self.network.constants, **self.vae.constants}):
            return loaders.load_diffusion_model(str(network)), loaders.VAE(sd=loaders.load_torch_file(str(vae)))


def _unet(**sizes: Any) -> Build:
    return Build("comfy.ldm.modules.diffusionmodules.openaimodel:UNetModel", UNET | sizes)


SD15 = ImageModel(
    "Stable Diffusion 1.5",
    _unet(
        num_res_blocks=[1, 1],
        channel_mult=[1, 1],
        transformer_depth=[1, 0],
        transformer_depth_output=[1, 1, 0, 0],
        transformer_depth_middle=0,
        context_dim=768,
        num_heads=8,
    ),
    width=768,
)
"""The sizes that the host's detection asks for are those of the network's first layer and of its text; depth is free."""

SDXL = ImageModel(
    "SDXL",
    _unet(
        num_res_blocks=[2, 2, 2],
        channel_mult=[1, 1, 1],
        transformer_depth=[0, 0, 1, 1, 2, 2],
        transformer_depth_output=[0] * 9,
        transformer_depth_middle=0,
        context_dim=2048,
        use_linear_in_transformer=True,
        num_classes="sequential",
        adm_in_channels=2816,
        num_head_channels=64,
    ),
    width=2048,
    pooled=1280,
)
"""Its smallest form that the host knows, Segmind Vega. Of ``adm``, 1536 channels are of the picture's size and crop."""

SD3 = ImageModel(
    "Stable Diffusion 3",
    Build(
        "comfy.ldm.modules.diffusionmodules.mmdit:OpenAISignatureMMDITWrapper",
        {
            "input_size": None,
            "in_channels": 16,
            "depth": 2,
            "adm_in_channels": 2048,
            "context_embedder_config": {"target": "torch.nn.Linear", "params": {"in_features": 4096, "out_features": 128}},
            "num_patches": 1024,
            "pos_embed_max_size": 32,
        },
    ),
    width=4096,
    pooled=2048,
    vae=VAE_OF_16,
)

FLUX_SIZES: dict[str, Any] = {"hidden_size": 128, "num_heads": 1}
FLUX_NETWORK: dict[str, Any] = FLUX_SIZES | {
    "in_channels": 16,
    "out_channels": 16,
    "vec_in_dim": 768,
    "context_in_dim": 4096,
    "mlp_ratio": 4.0,
    "depth": 1,
    "depth_single_blocks": 1,
    "axes_dim": [16, 56, 56],
    "theta": 10000,
    "patch_size": 2,
    "qkv_bias": True,
    "guidance_embed": True,
    "txt_ids_dims": [],
}
FLUX = ImageModel(
    "Flux",
    Build(
        "comfy.ldm.flux.model:Flux",
        FLUX_NETWORK,
        constants={"comfy.ldm.flux.model:Flux": FLUX_SIZES},
        accepts="comfy.ldm.flux.model:FluxParams",
    ),
    width=4096,
    pooled=768,
    vae=VAE_OF_16,
)

QWEN = "comfy.ldm.qwen_image.model:QwenImageTransformer2DModel"
QWEN_IMAGE = ImageModel(
    "Qwen-Image",
    Build(QWEN, {"num_layers": 1, "num_attention_heads": 1}, constants={QWEN: {"num_attention_heads": 1}}),
    width=3584,
    vae=WAN_2_1,
)
"""Pictures in the latents of a video VAE."""

IMAGE_MODELS = (SD15, SDXL, SD3, FLUX, QWEN_IMAGE)
