"""MiniMax H3: clips of 17 source frames make five latent frames; sound is sampled beside the video."""

from __future__ import annotations

from typing import Any

from .record import GRID, Build, Conditioning, Family

DIT: dict[str, Any] = {
    "hidden_size": 64,
    "num_layers": 2,
    "token_refiner_num_layers": 1,
    "num_attention_heads": 2,
    "attention_head_dim": 32,
    "ffn_hidden_size": 128,
    "text_dim": 5120,
    "timestep_input_dim": 64,
    "time_embed_hidden_size": 64,
    "time_embed_dim": 64,
    "rope_inv_freq_len": 4,
}
MINIMAX_H3 = Family(
    name="MiniMax H3",
    grid=GRID["MiniMaxH3Video"],
    conditioning=Conditioning(5120),
    network=Build("comfy.ldm.minimax.model:MiniMaxH3Model", DIT),
    size=(32, 64),
    latent_frames=7,
    audio=(32, 2, 37),
)
