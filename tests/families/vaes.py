"""Small VAEs of the video families with random weights, by the latent format of their grid; families of one grid share one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.host.smaller import smaller
from lab.models.families import Build, Family

WAN_SIZES: dict[str, Any] = {
    "dim": 8,
    "z_dim": 16,
    "dim_mult": [1, 2, 4, 4],
    "num_res_blocks": 2,
    "attn_scales": [],
    "temperal_downsample": [False, True, True],
    "dropout": 0.0,
}
WAN_2_1 = Build("comfy.ldm.wan.vae:WanVAE", WAN_SIZES)
WAN_2_2 = Build(
    "comfy.ldm.wan.vae2_2:WanVAE",
    WAN_SIZES | {"z_dim": 48},
    constants={"comfy.ldm.wan.vae2_2:WanVAE": {"dim": 8, "dec_dim": 8}},
)

HUNYUAN_SIZES: dict[str, Any] = {
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
NARROW = {key: HUNYUAN_SIZES[key] for key in ("ch", "ch_mult", "num_res_blocks")}
HUNYUAN = Build(
    "comfy.ldm.models.autoencoder:AutoencoderKL",
    {"ddconfig": HUNYUAN_SIZES, "embed_dim": 16},
    constants={f"comfy.ldm.modules.diffusionmodules.model:{part}": NARROW for part in ("Encoder", "Decoder")},
)
REFINER = "comfy.ldm.hunyuan_video.vae_refiner"
REFINER_SIZES: dict[str, Any] = {
    "block_out_channels": [32, 32, 64, 64, 64],
    "in_channels": 3,
    "out_channels": 3,
    "num_res_blocks": 1,
    "ffactor_spatial": 16,
    "ffactor_temporal": 4,
    "z_channels": 32,
}
NARROW_REFINER = {key: REFINER_SIZES[key] for key in ("block_out_channels", "num_res_blocks")}
HUNYUAN_1_5 = Build(
    "comfy.ldm.models.autoencoder:AutoencodingEngine",
    {
        "regularizer_config": {"target": "comfy.ldm.models.autoencoder.EmptyRegularizer"},
        "encoder_config": {"target": f"{REFINER}.Encoder", "params": REFINER_SIZES},
        "decoder_config": {"target": f"{REFINER}.Decoder", "params": REFINER_SIZES},
    },
    constants={f"{REFINER}:{part}": NARROW_REFINER for part in ("Encoder", "Decoder")},
)

LTX_SIZES: dict[str, Any] = {
    "dims": 3,
    "latent_channels": 128,
    "blocks": [["compress_all", 1], ["compress_all", 1], ["compress_all", 1], ["res_x", 1]],
    "norm_layer": "pixel_norm",
    "patch_size": 4,
    "latent_log_var": "uniform",
    "causal_decoder": False,
}
CAUSAL = "comfy.ldm.lightricks.vae.causal_video_autoencoder"
LTX = Build(
    f"{CAUSAL}:VideoVAE",
    {"config": LTX_SIZES},
    constants={
        f"{CAUSAL}:VideoVAE": {"config": LTX_SIZES},
        **{f"{CAUSAL}:{part}": {"base_channels": 32} for part in ("Encoder", "Decoder")},
    },
)

H3 = "comfy.ldm.minimax.vae"
MINIMAX_H3 = Build(
    f"{H3}:MiniMaxH3VideoVAE",
    constants={
        f"{H3}:MiniMaxH3VideoVAE": {"ch": 32, "ch_mult": (1, 1, 1, 1, 1, 1), "num_res_blocks": 1},
        f"{H3}:ViT3DDecoder": {"num_layers": 2, "heads": 1, "dim_head": 64},
    },
)

GENMO = "comfy.ldm.genmo.vae.model"
GENMO_SIZES: dict[str, Any] = {"base_channels": 32, "channel_multipliers": [1, 2, 3, 4]}
MOCHI = Build(
    f"{GENMO}:VideoVAE",
    constants={
        f"{GENMO}:Encoder": GENMO_SIZES | {"num_res_blocks": [3, 1, 1, 1, 1]},
        f"{GENMO}:Decoder": GENMO_SIZES | {"num_res_blocks": [1, 1, 1, 1, 1]},
    },
)
"""The host knows this VAE by an attention in layer 4 of the encoder, which comes after three residual blocks."""

NARROW_BLOCKS = {"block_out_channels": (32, 32, 32, 32), "layers_per_block": 1}
COGVIDEO = "comfy.ldm.cogvideo.vae:AutoencoderKLCogVideoX"
SEEDVR = "comfy.ldm.seedvr.vae"
VAES = {
    "Wan21": WAN_2_1,
    "Wan22": WAN_2_2,
    "HunyuanVideo": HUNYUAN,
    "HunyuanVideo15": HUNYUAN_1_5,
    "LTXV": LTX,
    "MiniMaxH3Video": MINIMAX_H3,
    "Mochi": MOCHI,
    "CogVideoX": Build(COGVIDEO, constants={COGVIDEO: NARROW_BLOCKS}),
    "SeedVR2": Build(
        f"{SEEDVR}:VideoAutoencoderKLWrapper",
        constants={f"{SEEDVR}:{part}": NARROW_BLOCKS for part in ("Encoder3D", "Decoder3D")},
    ),
}


def vae_of(family: Family) -> Build:
    """Return the small VAE of a family's grid."""
    return VAES[family.grid.latent_format]


def load_vae(family: Family, path: Path) -> Any:
    """Load a VAE file as ``VAELoader`` does. Returns a ``comfy.sd.VAE``."""
    from lab.host.modules.loaders import VAE, load_torch_file

    with smaller(vae_of(family).constants):
        vae = VAE(sd=load_torch_file(str(path)))
    vae.throw_exception_if_invalid()
    return vae
