"""Families whose sampling is not a flow from noise to the clip: CogVideoX (v-prediction) and SeedVR2 (restores in one step)."""

from __future__ import annotations

from typing import Any

from inversecrafter_core.latent_grid import LatentGrid
from lab.models.families import Build, Conditioning, Family

COGVIDEO = "comfy.ldm.cogvideo"
COGVIDEO_X = Family(
    name="CogVideoX",
    grid=LatentGrid("CogVideoX", 16, latent_format="CogVideoX"),
    conditioning=Conditioning(4096),
    network=Build(
        f"{COGVIDEO}.model:CogVideoXTransformer3DModel",
        {
            "num_attention_heads": 2,
            "time_embed_dim": 64,
            "num_layers": 2,
            "text_embed_dim": 4096,
            "use_rotary_positional_embeddings": True,
        },
    ),
)

SEEDVR = "comfy.ldm.seedvr"
SEEDVR_DIT: dict[str, Any] = {"num_layers": 2, "vid_dim": 128, "heads": 2, "head_dim": 64, "rope_dim": 64}
SEEDVR_2 = Family(
    name="SeedVR2",
    grid=LatentGrid("SeedVR2", 16, latent_format="SeedVR2"),
    conditioning=Conditioning(5120, clean_channels=17),
    network=Build(
        f"{SEEDVR}.model:NaDiT",
        SEEDVR_DIT | {"norm_eps": 1e-5, "mlp_type": "swiglu", "vid_out_norm": True},
        constants={f"{SEEDVR}.model:NaDiT": SEEDVR_DIT},
        extra={"blocks.31.mlp.all.proj_in_gate.weight": (1, 1)},
    ),
)
"""The host's schedule is a flow, but the network is a restorer: it needs the latent of the clip that it restores."""

REFUSED = (COGVIDEO_X, SEEDVR_2)
