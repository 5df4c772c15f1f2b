"""HunyuanVideo 1.0 and 1.5, and Kandinsky 5, which has HunyuanVideo 1.0's VAE."""

from __future__ import annotations

from typing import Any

from .record import GRID, Build, Conditioning, Family

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
    grid=GRID["HunyuanVideo"],
    conditioning=Conditioning(4096, pooled=768),
    network=Build(f"{NETWORK}:HunyuanVideo", DIT, accepts=f"{NETWORK}:HunyuanVideoParams"),
)
DIT_1_5 = DIT | {
    "in_channels": 65,
    "out_channels": 32,
    "vec_in_dim": None,
    "context_in_dim": 3584,
    "patch_size": [1, 1, 1],
    "guidance_embed": False,
    "use_cond_type_embedding": True,
    "vision_in_dim": 1152,
}
HUNYUAN_VIDEO_1_5 = Family(
    name="HunyuanVideo 1.5",
    grid=GRID["HunyuanVideo15"],
    conditioning=Conditioning(3584),
    network=Build(f"{NETWORK}:HunyuanVideo", DIT_1_5, accepts=f"{NETWORK}:HunyuanVideoParams"),
)

KANDINSKY_5 = Family(
    name="Kandinsky 5",
    grid=GRID["HunyuanVideo"],
    conditioning=Conditioning(3584, pooled=768),
    network=Build(
        "comfy.ldm.kandinsky5.model:Kandinsky5",
        {"model_dim": 64, "ff_dim": 128, "time_dim": 64, "num_text_blocks": 1, "num_visual_blocks": 2},
    ),
)
HUNYUAN = (HUNYUAN_VIDEO, HUNYUAN_VIDEO_1_5, KANDINSKY_5)
