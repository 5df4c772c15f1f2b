"""Access to the host's models, latent formats, layers and sampling runs, for ComfyUI 0.3.75 and newer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import comfy.ldm.wan.vae
import comfy.nested_tensor
import torch
from comfy.latent_formats import LatentFormat
from comfy.model_base import BaseModel
from comfy.model_patcher import ModelPatcher
from comfy.model_sampling import CONST, COSMOS_RFLOW, EPS, ModelSamplingContinuousEDM, ModelSamplingDiscreteFlow

from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.masks import LAYERS
from ...inversecrafter_core.sampling import BoundGuidance, Signal, Streams, flow_signal, whole_signal

ModelSampling: TypeAlias = ModelSamplingDiscreteFlow | ModelSamplingContinuousEDM
SOUND_AXES = {8: 2, 32: 3}
"""Axis of time in the sound of a pack, by its channels: of LTX-2 ``[B, 8, T, 16]``, of MiniMax H3 ``[B, 32, 2, T]``."""
VIDEO_FORMATS = {"LTXAV": "LTXV", "MiniMaxH3AV": "MiniMaxH3Video"}
"""Latent format of the video stream by that of an audio-video pack."""
SIGNALS: dict[type, Signal] = {COSMOS_RFLOW: whole_signal, CONST: flow_signal}
"""Factor of the clean latent in a noisy one, by the host's class of flow models."""
NOT_GUIDED = {
    "CogVideoX": "CogVideoX predicts v, not a flow",
    "SeedVR2": "SeedVR2 restores in one step, so there is nothing to guide",
}
"""Reasons to refuse a video model, by the host's class of its base model."""
IMAGE_MODELS = {"Anima", "JoyImage", "Krea2", "QwenImage"}
"""Host's classes of base models that make pictures in the latents of a video VAE."""
FLOWS = "Use a flow model: Wan, HunyuanVideo, Kandinsky 5, LTX, MiniMax H3, Mochi or Cosmos Predict 2."
SHOWN_A_PICTURE = "works from a picture that it is shown"
SOUND = "makes sound"
SHAPES = "makes shapes in space"
NO_PRIOR = {
    "SVD_img2vid": f"Stable Video Diffusion {SHOWN_A_PICTURE}",
    "Stable_Zero123": f"Zero123 {SHOWN_A_PICTURE}",
    "IP2P": f"InstructPix2Pix {SHOWN_A_PICTURE}",
    "SD_X4Upscaler": f"the x4 upscaler {SHOWN_A_PICTURE}",
    "Lotus": f"Lotus {SHOWN_A_PICTURE}",
    "HunyuanImage21Refiner": f"the refiner of HunyuanImage 2.1 {SHOWN_A_PICTURE}",
    "StableCascade_B": "Stable Cascade samples in two latent spaces in turn",
    "StableCascade_C": "Stable Cascade samples in two latent spaces in turn",
    "StableAudio1": f"Stable Audio {SOUND}",
    "StableAudio3": f"Stable Audio {SOUND}",
    "ACEStep": f"ACE-Step {SOUND}",
    "ACEStep15": f"ACE-Step {SOUND}",
    "MiniMaxMusic3": f"MiniMax Music {SOUND}",
    "Hunyuan3Dv2": f"Hunyuan3D {SHAPES}",
    "Hunyuan3Dv2_1": f"Hunyuan3D {SHAPES}",
    "Trellis2": f"Trellis {SHAPES}",
    "TripoSplat": f"TripoSplat {SHAPES}",
}
"""Reasons why a model is no prior of clips or single frames, by the host's class of its base model."""
PRIORS = "Use an image model (SDXL, SD 1.5, SD 3, Flux, Qwen-Image) or a video model (Wan)."


def require_guidable(base_model: BaseModel) -> None:
    """Raise :class:`InputError` with the reason if a host's base model is of a family in :data:`NOT_GUIDED`."""
    _refuse(base_model, NOT_GUIDED, FLOWS)


def require_prior(base_model: BaseModel) -> None:
    """Raise :class:`InputError` with the reason if a host's base model is no prior for restoration."""
    _refuse(base_model, NOT_GUIDED | NO_PRIOR, PRIORS)


def _refuse(base_model: BaseModel, reasons: Mapping[str, str], advice: str) -> None:
    for kind in type(base_model).__mro__:
        if kind.__name__ in reasons:
            raise InputError("model", reasons[kind.__name__], advice)


def makes_clips(base_model: BaseModel) -> bool:
    """Return whether a host's base model has latents of several frames and makes clips, not pictures, of them."""
    video = getattr(base_model.latent_format, "latent_dimensions", 2) == 3
    return video and not IMAGE_MODELS & {kind.__name__ for kind in type(base_model).__mro__}


def require_flow(model_sampling: ModelSampling, family: str = "", advice: str = FLOWS) -> Signal:
    """Return the factor of the clean latent in a model's noisy one, by sigma.

    Raises:
        InputError: a model that is no flow; the message names its family and its kind.
    """
    for flow, signal in SIGNALS.items():
        if isinstance(model_sampling, flow):
            return signal
    names = [kind.__name__ for kind in type(model_sampling).__mro__]
    kind = next((name for name in ("V_PREDICTION_DDPM", "V_PREDICTION", "EDM", "X0", "EPS") if name in names), names[0])
    raise InputError("model", f"{family or 'a model'} with {kind} sampling, not a flow", advice)


def signal_of(model: ModelPatcher) -> Signal:
    """Return the factor of the clean latent in a MODEL's noisy one: of a flow, or of an EPS model as SDXL.

    Raises:
        InputError: a model of neither kind.
    """
    sampling = model.get_model_object("model_sampling")
    return whole_signal if isinstance(sampling, EPS) else require_flow(sampling, type(model.model).__name__, PRIORS)


def require_constant_flow(model_sampling: ModelSampling, name: str) -> None:
    """Raise :class:`InputError` unless a sampler called ``name``, written for ``x = (1 - sigma) z0 + sigma z1``, fits."""
    if require_flow(model_sampling) is not flow_signal:
        raise InputError("model", f"noise on top of the clean latent (Cosmos Predict 2) with {name}", "Choose dds_euler.")


def takes_video(model: ModelPatcher) -> bool:
    """Tell if a Wan model has input channels beside its latents', for a mask and an encoded video: Fun-InP, image-to-video."""
    embedding = getattr(model.get_model_object("diffusion_model"), "patch_embedding", None)
    return embedding is None or embedding.weight.shape[1] != model.get_model_object("latent_format").latent_channels


def expert_boundary(model: ModelPatcher) -> float:
    """Return the sigma at which Wan 2.2 14B hands over to its low-noise expert: 0.9 for image-to-video, else 0.875."""
    return 0.9 if getattr(model.model, "image_to_video", False) else 0.875


def format_name(latent_format: LatentFormat) -> str:
    """Return the name of a host's latent format, of a pack that of its video; formats of equal width differ in constants."""
    name = type(latent_format).__name__
    return VIDEO_FORMATS.get(name, name)


def is_packed(latent_format: LatentFormat) -> bool:
    """Return whether a model samples video and audio in one pack."""
    return type(latent_format).__name__ in VIDEO_FORMATS


def streams_of(base_model: BaseModel, x: torch.Tensor) -> Streams:
    """Return the streams in the latents ``x`` of a run of the host's base model."""
    shapes = getattr(base_model, "latent_shapes", None)
    return Streams.of(x, shapes if x.ndim == 3 else None)


def video_latent(samples: torch.Tensor) -> torch.Tensor:
    """Return the video of a LATENT's samples, which newer hosts nest with audio.

    Raises:
        InputError: a pack whose first stream is no video.
    """
    return unpacked(samples)[0]


def unpacked(samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the video of a LATENT's samples and its sound, None without one. Raises InputError as :func:`video_latent`."""
    if not getattr(samples, "is_nested", False):
        return samples, None
    video, *others = samples.unbind()
    Streams.of(video, [video.shape, *(stream.shape for stream in others)])
    return video, others[0] if others else None


def packed(video: torch.Tensor, sound: torch.Tensor | None) -> torch.Tensor:
    """Return the samples of a LATENT with a video and, if any, its sound."""
    return video if sound is None else comfy.nested_tensor.NestedTensor((video, sound))


def sound_axis(sound: torch.Tensor) -> int:
    """Return the axis of time of a pack's sound. Raises InputError for sound that is not known here."""
    axis = SOUND_AXES.get(sound.shape[1]) if sound.ndim == 4 else None
    if axis is None:
        advice = "Take the video out with 'LTXVSeparateAVLatent' and join that alone."
        raise InputError("latent", f"sound of shape {tuple(sound.shape)}, whose time is not known here", advice)
    return axis


def wan_encoder(width: int, head_channels: int) -> torch.nn.Module:
    """Return the encoder half of a Wan 2.1 VAE without its weights loaded."""
    return comfy.ldm.wan.vae.Encoder3d(dim=width, z_dim=head_channels, dropout=0.0, **LAYERS)


def run_scope(model_options: dict[str, object]) -> dict[object, BoundGuidance]:
    """Return a dictionary that lasts for one sampling run, kept in the options that the host clones for each run."""
    scope = model_options.setdefault("inversecrafter_run", {})
    assert isinstance(scope, dict)
    return scope
