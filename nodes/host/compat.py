"""Access to the host's models, latent formats, layers and sampling runs, for ComfyUI 0.3.75 and newer."""

from __future__ import annotations

import comfy.ldm.wan.vae
import torch
from comfy.latent_formats import LatentFormat
from comfy.model_patcher import ModelPatcher
from comfy.model_sampling import CONST

from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.masks import LAYERS
from ...inversecrafter_core.sampling import BoundGuidance


def require_flow(model_sampling: object) -> CONST:
    """Return the model sampling if it is a rectified flow (Wan's), or raise :class:`InputError`."""
    if not isinstance(model_sampling, CONST):
        raise InputError(
            "model",
            f"a model with {type(model_sampling).__name__}, not a flow",
            "Use a Wan model, patched with ModelSamplingSD3 at most.",
        )
    return model_sampling


def model_channels(model: ModelPatcher) -> int:
    """Return the number of latent channels of a host's MODEL."""
    return model.get_model_object("latent_format").latent_channels


def takes_video(model: ModelPatcher) -> bool:
    """Tell if a Wan model has input channels beside its latents', for a mask and an encoded video: Fun-InP, image-to-video."""
    embedding = getattr(model.get_model_object("diffusion_model"), "patch_embedding", None)
    return embedding is None or embedding.weight.shape[1] != model_channels(model)


def expert_boundary(model: ModelPatcher) -> float:
    """Return the sigma at which Wan 2.2 14B hands over to its low-noise expert: 0.9 for image-to-video, else 0.875."""
    return 0.9 if getattr(model.model, "image_to_video", False) else 0.875


def format_name(latent_format: LatentFormat) -> str:
    """Return the name of a host's latent format; formats of equal width differ in their constants."""
    return type(latent_format).__name__


def wan_encoder(width: int, head_channels: int) -> torch.nn.Module:
    """Return the encoder half of a Wan 2.1 VAE without its weights loaded."""
    return comfy.ldm.wan.vae.Encoder3d(dim=width, z_dim=head_channels, dropout=0.0, **LAYERS)


def run_scope(model_options: dict[str, object]) -> dict[object, BoundGuidance]:
    """Return a dictionary that lasts for one sampling run, kept in the options that the host clones for each run."""
    scope = model_options.setdefault("inversecrafter_run", {})
    assert isinstance(scope, dict)
    return scope
