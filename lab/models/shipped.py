"""The shipped files and their modules: a card or a benchmark is of these, never of a checkpoint."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from lab.host.modules.wan import Wan21, WanModel
from lab.host.paths import ROOT

from . import vae, video
from .coder import Coder

WEIGHTS = ROOT / "weights"
VAE_FILE = WEIGHTS / "vae" / "inversecrafter_small_wan_vae.safetensors"
DIT_FILE = WEIGHTS / "diffusion_models" / "inversecrafter_small_wan_t2v.safetensors"
MASK_ENCODER_FILE = WEIGHTS / "mask_encoders" / "inversecrafter_small_mask_encoder.safetensors"
DEPTH_FILE = WEIGHTS / "depth" / "inversecrafter_small_depth.safetensors"
SCENE_FILE = WEIGHTS / "scene_models" / "inversecrafter_small_scene.safetensors"
SCENE_ADAPTER_FILE = WEIGHTS / "scene_adapters" / "inversecrafter_small_scene_adapter.safetensors"


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file as float32."""
    return {name: value.float() for name, value in load_file(path).items()}


def load_coder(path: Path = VAE_FILE) -> Coder:
    """Load the VAE of a file, of whatever width; by default the shipped one."""
    return Coder(vae.of_weights(read_weights(path)), Wan21())


def load_dit(path: Path = DIT_FILE) -> WanModel:
    """Load the video model of a file; by default the shipped one."""
    model = video.build()
    model.load_state_dict(read_weights(path))
    return model.train(False).requires_grad_(False)
