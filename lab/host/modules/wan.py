"""The host's Wan networks, their layers and latent formats."""

from comfy.latent_formats import Wan21, Wan22
from comfy.ldm.wan.model import WanModel
from comfy.ldm.wan.vae import CausalConv3d, Encoder3d, Resample, RMS_norm, WanVAE
from comfy.ldm.wan.vae2_2 import WanVAE as WanVAE22
from comfy.ops import disable_weight_init

__all__ = [
    "CausalConv3d",
    "Encoder3d",
    "RMS_norm",
    "Resample",
    "Wan21",
    "Wan22",
    "WanModel",
    "WanVAE",
    "WanVAE22",
    "disable_weight_init",
]
