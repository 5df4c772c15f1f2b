"""Mochi: latent frames of six source frames."""

from __future__ import annotations

from typing import Any

from .record import GRID, Build, Conditioning, Family

DIT: dict[str, Any] = {
    "depth": 2,
    "num_heads": 2,
    "hidden_size_x": 64,
    "hidden_size_y": 32,
    "t5_feat_dim": 512,
    "mlp_ratio_x": 192.0,
    "mlp_ratio_y": 4.0,
}
"""The host writes every size of this network as a constant, and insists on an inner width of 12288; the real one's text
tokens have 4096 channels."""
NETWORK = "comfy.ldm.genmo.joint_model.asymm_models_joint:AsymmDiTJoint"
MOCHI = Family(
    name="Mochi",
    grid=GRID["Mochi"],
    conditioning=Conditioning(512, mask=True),
    network=Build(
        NETWORK,
        DIT
        | {
            "patch_size": 2,
            "in_channels": 12,
            "learn_sigma": False,
            "use_t5": True,
            "qk_norm": True,
            "qkv_bias": False,
            "out_bias": True,
            "timestep_scale": 1000.0,
            "posenc_preserve_area": True,
        },
        constants={NETWORK: DIT},
    ),
    size=(32, 32),
)
