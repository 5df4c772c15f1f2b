"""LTX-Video: latent frames of eight source frames, cells of 32 pixels."""

from __future__ import annotations

from typing import Any

from .record import CAUSAL_8, Build, Conditioning, Family, Sampling

TRANSFORMER: dict[str, Any] = {
    "num_attention_heads": 2,
    "attention_head_dim": 64,
    "cross_attention_dim": 128,
    "caption_channels": 4096,
    "num_layers": 2,
}
AUTOENCODER: dict[str, Any] = {
    "dims": 3,
    "latent_channels": 128,
    "blocks": [["compress_all", 1], ["compress_all", 1], ["compress_all", 1], ["res_x", 1]],
    "norm_layer": "pixel_norm",
    "patch_size": 4,
    "latent_log_var": "uniform",
    "causal_decoder": False,
}
CODER = "comfy.ldm.lightricks.vae.causal_video_autoencoder"
VIDEO_VAE = Build(
    f"{CODER}:VideoVAE",
    {"config": AUTOENCODER},
    constants={
        f"{CODER}:VideoVAE": {"config": AUTOENCODER},
        f"{CODER}:Encoder": {"base_channels": 32},
        f"{CODER}:Decoder": {"base_channels": 32},
    },
)

LTX_VIDEO = Family(
    name="LTX-Video",
    channels=128,
    grouping=CAUSAL_8,
    cell=32,
    patch=1,
    sampling=Sampling.FLOW,
    latent_node="EmptyLTXVLatentVideo",
    conditioning=Conditioning(4096, mask=True),
    network=Build("comfy.ldm.lightricks.model:LTXVModel", TRANSFORMER, metadata={"config": {"transformer": TRANSFORMER}}),
    vae=VIDEO_VAE,
    model_class="LTXV",
    latent_format="LTXV",
    size=(64, 96),
    latent_frames=2,
)
LIGHTRICKS = (LTX_VIDEO,)
