"""Latent masks: pixel mask to ``h``, in causal groups, by VAE differences or by a mask encoder."""

from .causal import area, binary, by_group, frame_groups, hold_first_frame
from .differences import difference_mask, hide, infilled
from .encoder import LAYERS, MaskEncoderSpec, causal_chunks, encoder_input, head_to_mask, read_mask_encoder, save_mask_encoder
from .held import held_infill
from .modes import AREA_POWER, MASKS, USUAL, MaskInputs, latent_mask

__all__ = [
    "AREA_POWER",
    "LAYERS",
    "MASKS",
    "USUAL",
    "MaskEncoderSpec",
    "MaskInputs",
    "area",
    "binary",
    "by_group",
    "causal_chunks",
    "difference_mask",
    "encoder_input",
    "frame_groups",
    "head_to_mask",
    "held_infill",
    "hide",
    "hold_first_frame",
    "infilled",
    "latent_mask",
    "read_mask_encoder",
    "save_mask_encoder",
]
