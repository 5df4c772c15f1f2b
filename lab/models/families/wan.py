"""Wan 2.1, 2.2 and their kin, and Cosmos Predict 2, which has Wan's VAE."""

from __future__ import annotations

from typing import Any

from .record import GRID, Build, Conditioning, Family

DIT: dict[str, Any] = {
    "dim": 128,
    "ffn_dim": 256,
    "num_heads": 1,
    "num_layers": 2,
    "text_dim": 4096,
    "in_dim": 16,
    "out_dim": 16,
}
CLIP_VISION = (257, 1280)


def _wan(
    name: str,
    network: str = "WanModel",
    image_tokens: tuple[int, int] | None = None,
    **sizes: Any,
) -> Family:
    return Family(
        name=name,
        grid=GRID["Wan21"],
        conditioning=Conditioning(4096, image_tokens=image_tokens),
        network=Build(f"comfy.ldm.wan.model:{network}", DIT | sizes),
    )


WAN_2_2_5B = Family(
    name="Wan 2.2 5B",
    grid=GRID["Wan22"],
    conditioning=Conditioning(4096),
    network=Build("comfy.ldm.wan.model:WanModel", DIT | {"model_type": "t2v", "in_dim": 48, "out_dim": 48}),
    size=(64, 96),
)

COSMOS_PREDICT_2 = Family(
    name="Cosmos Predict 2",
    grid=GRID["Wan21"],
    conditioning=Conditioning(1024),
    network=Build(
        "comfy.ldm.cosmos.predict2:MiniTrainDIT",
        {
            "max_img_h": 240,
            "max_img_w": 240,
            "max_frames": 128,
            "in_channels": 16,
            "out_channels": 16,
            "patch_spatial": 2,
            "patch_temporal": 1,
            "model_channels": 128,
            "num_blocks": 2,
            "num_heads": 2,
            "pos_emb_cls": "rope3d",
            "pos_emb_learnable": True,
            "use_adaln_lora": True,
            "adaln_lora_dim": 256,
        },
        constants={"comfy.ldm.cosmos.predict2:MiniTrainDIT": {"num_blocks": 2, "num_heads": 2}},
    ),
)

WAN = (
    _wan("Wan 2.1", model_type="t2v"),
    _wan("Wan 2.1 Fun-InP", image_tokens=CLIP_VISION, model_type="i2v", in_dim=36),
    WAN_2_2_5B,
    _wan("Wan 2.1 VACE", "VaceWanModel", vace_layers=1, vace_in_dim=96),
    _wan("Wan 2.1 Fun-Camera", "CameraWanModel", CLIP_VISION, model_type="camera", in_dim=32),
    _wan("Wan 2.2 Fun-Camera", "CameraWanModel", model_type="camera_2.2", in_dim=36),
    COSMOS_PREDICT_2,
)
