"""Models and VAEs of the host as priors of restoration: the checks that they fit, and a run through the host's own sampling."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import comfy.model_management
import comfy.model_patcher
import comfy.sample
import torch
from comfy.model_patcher import ModelPatcher
from comfy.samplers import KSAMPLER, KSamplerX0Inpaint, calc_cond_batch
from comfy.sd import VAE
from comfy_api.latest import io

from ...inversecrafter_core.errors import InputError, require_finite
from ...inversecrafter_core.inverse.operators import Degradation, VideoSize
from ...inversecrafter_core.latent_grid import with_family
from ...inversecrafter_core.sampling import (
    Prior,
    RestorationSettings,
    noise_levels,
    sample_vision_xl,
    watched,
)
from ..host.checks import require_image_tokens
from ..host.compat import PRIORS, format_name, is_packed, makes_clips, require_prior, signal_of
from ..host.progress import progress_with_preview
from ..host.vae import VideoVae
from .cancel import cancellable

CALCULATION = "sampler_calc_cond_batch_function"
"""Option of the host that replaces the evaluation of both prompts."""


class Method(StrEnum):
    """Use of a model on a clip.

    ``frames``: every frame by itself, with an image model or a video model; ``clip``: the whole clip, with a video model;
    ``latent``: the whole clip under a latent mask, for masks of pixels; ``auto``: see :func:`chosen`.
    """

    AUTO = "auto"
    FRAMES = "frames"
    CLIP = "clip"
    LATENT = "latent"


@dataclass(frozen=True)
class Models:
    """A MODEL, its VAE and prompts, as they come to the node."""

    model: ModelPatcher
    vae: VAE
    positive: io.Conditioning.CondList
    negative: io.Conditioning.CondList


@dataclass(frozen=True)
class Run:
    """Settings of one run: steps, classifier-free guidance, the noise share to start from, and those of the loop."""

    seed: int
    steps: int
    cfg: float
    noise: float
    loop: RestorationSettings


def is_video(vae: VAE) -> bool:
    """Return whether a VAE has latents with frames."""
    return getattr(vae, "latent_dim", 2) == 3


def require_matching(models: Models) -> None:
    """Raise :class:`InputError` unless MODEL and VAE share a latent space and the model can be sampled frame by frame."""
    require_prior(models.model.model)
    latent_format = models.model.get_model_object("latent_format")
    name = type(models.model.model).__name__
    if is_packed(latent_format):
        raise InputError("model", f"{name}, which samples video and sound in one", PRIORS)
    video_model = getattr(latent_format, "latent_dimensions", 2) == 3
    if video_model != is_video(models.vae):
        kinds = ("a video model with an image VAE", "use the model's own video VAE")
        kinds = kinds if video_model else ("an image model with a video VAE", "use the VAE of the image model's checkpoint")
        raise InputError("model and vae", f"{kinds[0]} ({name})", f"Load a pair of one family: {kinds[1]}.")
    channels = getattr(models.vae, "latent_channels", latent_format.latent_channels)
    if channels != latent_format.latent_channels:
        raise InputError(
            "model and vae",
            f"a model of {latent_format.latent_channels} latent channels ({name}) and a VAE of {channels}",
            "Load a pair of one family.",
        )
    if video_model and (grid := VideoVae.of(models.vae).grid).latent_format != format_name(latent_format):
        raise InputError(
            "model and vae",
            f"a model of latent format {with_family(format_name(latent_format))} and the VAE of {grid.family}",
            "Load a pair of one family.",
        )


def chosen(method: Method, models: Models, degradation: Degradation) -> Method:
    """Return the method of a run, after checking that it fits; ``auto`` is ``clip`` for a video model, ``frames`` otherwise.

    Raises:
        InputError: an image model for a whole clip, a latent mask for what is no mask, or a size that the VAE does not take.
    """
    frames, height, width = degradation.size
    video = is_video(models.vae)
    clips = makes_clips(models.model.model)
    if method == Method.AUTO:
        method = Method.CLIP if clips and frames > 1 else Method.FRAMES
    if not clips and method != Method.FRAMES:
        raise InputError("method", f"'{method.value}' with an image model", f"Choose '{Method.FRAMES}', or a video model.")
    if not video:
        cell = models.vae.spacial_compression_encode()
        if height % cell or width % cell:
            raise InputError("video", f"size {width}x{height}", f"Both sides must be multiples of {cell}: resize or crop it.")
        return method
    grid = VideoVae.of(models.vae).grid
    grid.require_frames("video", 1 if method == Method.FRAMES else frames)
    grid.require_size("video", height, width)
    if method == Method.LATENT and degradation.visible is None:
        raise InputError("method", f"'latent' with {degradation.name}", "It takes a mask alone: choose 'clip' or 'frames'.")
    return method


def restored(models: Models, degradation: Degradation, y: torch.Tensor, method: Method, run: Run) -> torch.Tensor:
    """Return the restored clip ``[F, H, W, 3]`` in 0...1, by single frames or by the whole clip.

    The host prepares model, conditioning and schedule as for any sampler; the loop calls its model with one unit at a time, and
    latents rest on the host's intermediate device in between.
    """
    frames, height, width = degradation.size
    unit = 1 if method == Method.FRAMES else frames
    signal = signal_of(models.model)
    sampling = models.model.get_model_object("model_sampling")
    sigmas = noise_levels(run.noise, run.steps, lambda percent: float(sampling.percent_to_sigma(percent)), signal)
    blank, shown = (
        empty_unit(models.vae, (unit, height, width)),
        progress_with_preview(watched(frames // unit, run.steps, run.loop)),
    )
    made: list[torch.Tensor] = []

    def sample(
        model: KSamplerX0Inpaint,
        x: torch.Tensor,
        sigmas: torch.Tensor,
        extra_args: dict[str, object] | None = None,
        callback: object = None,
        disable: bool | None = None,
    ) -> torch.Tensor:
        require_image_tokens(model.inner_model)
        denoiser = _Denoiser(model, x, extra_args or {})
        prior = Prior(
            denoiser,
            lambda clip: _encoded(models.vae, clip, model.inner_model.inner_model),
            lambda latent: _decoded(models.vae, latent, model.inner_model.inner_model),
            unit,
            signal,
            comfy.model_management.get_torch_device(),
            denoiser.without_prompt,
        )
        made.append(sample_vision_xl(prior, cancellable(degradation.operator), y, sigmas.tolist(), run.loop, run.seed, shown))
        return torch.zeros_like(x)

    comfy.sample.sample_custom(
        models.model,
        blank,
        run.cfg,
        KSAMPLER(sample),
        torch.tensor(sigmas),
        models.positive,
        models.negative,
        blank,
        disable_pbar=True,
        seed=run.seed,
    )
    return made[0]


def empty_unit(vae: VAE, size: VideoSize) -> torch.Tensor:
    """Return zeros of the shape of so many encoded frames, on the device of the host's latents."""
    if is_video(vae):
        return VideoVae.of(vae).empty(torch.empty(1).expand(*size, 3))
    cell = vae.spacial_compression_encode()
    device = comfy.model_management.intermediate_device()
    return torch.zeros(size[0], vae.latent_channels, size[1] // cell, size[2] // cell, device=device)


class _Denoiser:
    """The host's model of one run as the loop calls it, brought back to its device after the VAE has taken the place."""

    def __init__(self, model: KSamplerX0Inpaint, x: torch.Tensor, extra_args: dict[str, object]):
        self.model, self.device, self.dtype = model, x.device, x.dtype
        self.free = x
        options = comfy.model_patcher.create_model_options_clone(extra_args.get("model_options") or {})
        comfy.model_patcher.set_model_options_post_cfg_function(options, self._keep, disable_cfg1_optimization=True)
        self.extra_args = extra_args | {"model_options": options}
        # Another pack's function in this place knows more than one prompt: with it both are evaluated.
        self.free_args = extra_args | {"model_options": {CALCULATION: _negative_alone} | options}

    def _keep(self, args: dict[str, torch.Tensor]) -> torch.Tensor:
        self.free = args["uncond_denoised"]
        return args["denoised"]

    def __call__(self, z: torch.Tensor, sigma: float) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the guided and the unconditional prediction of a unit, where its latent is."""
        return self._predicted(z, sigma, self.extra_args), self.free.to(z)

    def without_prompt(self, z: torch.Tensor, sigma: float) -> torch.Tensor:
        """Return the unconditional prediction of a unit, at half the cost."""
        self._predicted(z, sigma, self.free_args)
        return self.free.to(z)

    def _predicted(self, z: torch.Tensor, sigma: float, extra_args: dict[str, object]) -> torch.Tensor:
        comfy.model_management.load_models_gpu([self.model.inner_model.model_patcher])
        x = z.to(self.device, self.dtype)
        denoised: torch.Tensor = self.model(x, x.new_full((len(x),), sigma), **extra_args)
        return denoised.to(z)


def _negative_alone(args: dict[str, Any]) -> list[torch.Tensor]:
    """Evaluate the negative prompt, and return its prediction in place of either's."""
    _, negative = args["conds"]
    found = calc_cond_batch(args["model"], [None, negative], args["input"], args["sigma"], args["model_options"])
    return [found[1], found[1]]


def _encoded(vae: VAE, clip: torch.Tensor, base: object) -> torch.Tensor:
    """Return frames ``[n, H, W, 3]`` as a latent in model space, on the host's intermediate device."""
    latent = vae.encode(clip.clamp(0, 1))
    latent = latent.to(comfy.model_management.intermediate_device(), torch.float32)
    return require_finite("vae", base.process_latent_in(latent))  # type: ignore[attr-defined]


def _decoded(vae: VAE, latent: torch.Tensor, base: object) -> torch.Tensor:
    """Return the frames ``[n, H, W, 3]`` of a latent in model space."""
    frames = vae.decode(base.process_latent_out(latent))  # type: ignore[attr-defined]
    return require_finite("vae", frames.reshape(-1, *frames.shape[-3:]).float())
