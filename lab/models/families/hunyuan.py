"""HunyuanVideo 1.0."""

from __future__ import annotations

from typing import Any

from .record import CAUSAL_4, Build, Conditioning, Family, Sampling

AUTOENCODER: dict[str, Any] = {
    "double_z": True,
    "z_channels": 16,
    "resolution": 256,
    "in_channels": 3,
    "out_ch": 3,
    "ch": 32,
    "ch_mult": [1, 1, 1, 1],
    "num_res_blocks": 1,
    "attn_resolutions": [],
    "dropout": 0.0,
    "conv3d": True,
    "time_compress": 4,
}
NARROW = {key: AUTOENCODER[key] for key in ("ch", "ch_mult", "num_res_blocks")}
CODER = "comfy.ldm.modules.diffusionmodules.model"
HUNYUAN_VAE = Build(
    "comfy.ldm.models.autoencoder:AutoencoderKL",
    {"ddconfig": AUTOENCODER, "embed_dim": 16},
    constants={f"{CODER}:Encoder": NARROW, f"{CODER}:Decoder": NARROW},
)
NETWORK = "comfy.ldm.hunyuan_video.model"
DIT: dict[str, Any] = {
    "in_channels": 16,
    "out_channels": 16,
    "vec_in_dim": 768,
    "context_in_dim": 4096,
    "hidden_size": 128,
    "mlp_ratio": 4.0,
    "num_heads": 1,
    "depth": 1,
    "depth_single_blocks": 1,
    "axes_dim": [16, 56, 56],
    "theta": 256,
    "patch_size": [1, 2, 2],
    "qkv_bias": True,
    "guidance_embed": True,
    "byt5": False,
    "meanflow": False,
    "meanflow_sum": False,
    "use_cond_type_embedding": False,
    "vision_in_dim": None,
}

HUNYUAN_VIDEO = Family(
    name="HunyuanVideo",
    channels=16,
    grouping=CAUSAL_4,
    cell=8,
    patch=2,
    sampling=Sampling.FLOW,
    latent_node="EmptyHunyuanLatentVideo",
    conditioning=Conditioning(4096, pooled=768),
    network=Build(f"{NETWORK}:HunyuanVideo", DIT, accepts=f"{NETWORK}:HunyuanVideoParams"),
    vae=HUNYUAN_VAE,
    model_class="HunyuanVideo",
    latent_format="HunyuanVideo",
    size=(32, 48),
)
HUNYUAN = (HUNYUAN_VIDEO,)
