"""Latent masks ``h`` from pixel masks: by causal frame groups, by differences of VAE encodings, or by a mask encoder."""

from .causal import area, binary, with_first_frame_known
from .differences import difference_mask, hide, infilled
from .encoder import LAYERS, MaskEncoderSpec, causal_chunks, encoder_input, head_to_mask, read_mask_encoder, save_mask_encoder
from .methods import AREA_POWER, DEFAULT_MASK, MaskInputs, MaskMethod, MaskSettings, Predict, latent_mask
from .temporal_infill import temporal_infill

__all__ = [
    "AREA_POWER",
    "DEFAULT_MASK",
    "LAYERS",
    "MaskEncoderSpec",
    "MaskInputs",
    "MaskMethod",
    "MaskSettings",
    "Predict",
    "area",
    "binary",
    "causal_chunks",
    "difference_mask",
    "encoder_input",
    "head_to_mask",
    "hide",
    "infilled",
    "latent_mask",
    "read_mask_encoder",
    "save_mask_encoder",
    "temporal_infill",
    "with_first_frame_known",
]
