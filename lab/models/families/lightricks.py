"""LTX-Video and LTX-2: latent frames of eight source frames, cells of 32 pixels; LTX-2 samples sound beside the video."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .record import GRID, Build, Conditioning, Family

TRANSFORMER: dict[str, Any] = {
    "num_attention_heads": 2,
    "attention_head_dim": 64,
    "cross_attention_dim": 128,
    "caption_channels": 4096,
    "num_layers": 2,
}
LTX_VIDEO = Family(
    name="LTX-Video",
    grid=GRID["LTXV"],
    conditioning=Conditioning(4096, mask=True),
    network=Build("comfy.ldm.lightricks.model:LTXVModel", TRANSFORMER, metadata={"config": {"transformer": TRANSFORMER}}),
    size=(64, 96),
    latent_frames=2,
)

AUDIO_VIDEO: dict[str, Any] = TRANSFORMER | {
    "audio_num_attention_heads": 2,
    "audio_attention_head_dim": 32,
    "audio_cross_attention_dim": 64,
    "caption_channels": 128,
    "connector_attention_head_dim": 64,
    "connector_num_attention_heads": 2,
    "connector_num_layers": 1,
}
LTX_2 = replace(
    LTX_VIDEO,
    name="LTX-2",
    conditioning=Conditioning(2 * AUDIO_VIDEO["caption_channels"], mask=True),
    network=Build("comfy.ldm.lightricks.av_model:LTXAVModel", AUDIO_VIDEO, metadata={"config": {"transformer": AUDIO_VIDEO}}),
    audio=(8, 9, 16),
)
"""Its text encoder gives the tokens of video and sound side by side; the real one's have 2 x 3840 channels."""
LIGHTRICKS = (LTX_VIDEO, LTX_2)
