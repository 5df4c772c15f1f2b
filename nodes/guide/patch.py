"""Guidance as a patch of a host MODEL, which any stock sampler runs.

Nothing is kept between runs: a run binds the measurement to its device and its model space, and drops that when it ends. The
window is the model's, not the run's: a run in slices is guided as the whole one is.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from comfy.model_base import BaseModel
from comfy.model_patcher import ModelPatcher
from comfy.model_sampling import CONST
from comfy.patcher_extension import WrapperExecutor, WrappersMP

from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.sampling import BoundGuidance, Guidance, NoiseRule
from ..host.checks import require_image_tokens
from ..host.compat import format_name, model_channels, require_flow, run_scope

KEY = "inversecrafter_guidance"


def refuse_noise_mask(mask: object) -> None:
    """Raise :class:`InputError` for a noise mask: the host blends it hard around every hook and undoes a soft latent mask."""
    if mask is not None:
        raise InputError(
            "latent",
            "it carries a noise_mask",
            "Give an empty latent, or the clip without 'Set Latent Noise Mask'; the measurement brings what is known.",
        )


def percent_to_sigma(model_sampling: CONST) -> Callable[[float], float]:
    """Return the model's own ``percent -> sigma``; it must be a flow."""
    sampling = require_flow(model_sampling)
    return lambda percent: float(sampling.percent_to_sigma(percent))


def bind_to(guidance: Guidance, base_model: BaseModel, x: torch.Tensor) -> BoundGuidance:
    """Bind to a run of the host's base model, whose latent format is checked."""
    guidance.check_format(format_name(base_model.latent_format))
    return guidance.bind(x, percent_to_sigma(base_model.model_sampling), base_model.process_latent_in)


class GuidancePatch:
    """Two wrappers for a MODEL. It has no ``.to()``: the host would cut the measurement to the model's dtype through it."""

    def __init__(self, guidance: Guidance):
        self.guidance = guidance

    def check(
        self,
        executor: WrapperExecutor,
        noise: torch.Tensor,
        latent_image: torch.Tensor,
        sampler: object,
        sigmas: torch.Tensor,
        denoise_mask: torch.Tensor | None = None,
        *rest: object,
        **more: object,
    ) -> torch.Tensor:
        """OUTER_SAMPLE: refuse what cannot work before any model is loaded."""
        refuse_noise_mask(denoise_mask)
        require_image_tokens(executor.class_obj)
        self.guidance.check_shape(noise.shape)
        return executor(noise, latent_image, sampler, sigmas, denoise_mask, *rest, **more)

    def predict(
        self,
        executor: WrapperExecutor,
        x: torch.Tensor,
        timestep: torch.Tensor,
        model_options: dict[str, object] | None = None,
        seed: int | None = None,
    ) -> torch.Tensor:
        """PREDICT_NOISE: the final prediction of any guider, corrected within the window."""
        model_options = {} if model_options is None else model_options
        denoised = executor(x, timestep, model_options, seed)
        runs = run_scope(model_options)
        place = (id(self), x.device, tuple(x.shape))
        if place not in runs:
            runs[place] = bind_to(self.guidance, executor.class_obj.inner_model, x)
        return runs[place](denoised, float(timestep.max()))


def patch_model(model: ModelPatcher, guidance: Guidance) -> ModelPatcher:
    """Return a clone of MODEL that is guided under any sampler.

    Raises:
        InputError: model and measurement do not belong together, or a noise rule that a stock sampler cannot follow.
    """
    require_fitting(model, guidance)
    if guidance.noise is not NoiseRule.KEEP:
        raise InputError(
            "settings",
            f"noise '{guidance.noise.value}' with a stock sampler, which has a noise rule of its own",
            "Set noise to 'keep', or sample with dds_euler or Select Guided Sampler.",
        )
    patched, patch = model.clone(), GuidancePatch(guidance)
    patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, KEY, patch.check)
    patched.add_wrapper_with_key(WrappersMP.PREDICT_NOISE, KEY, patch.predict)
    return patched


def require_fitting(model: ModelPatcher, guidance: Guidance) -> None:
    """Raise :class:`InputError` unless a host MODEL is a flow in the measurement's latent space."""
    require_flow(model.get_model_object("model_sampling"))
    if model_channels(model) != guidance.measurement.channels:
        raise InputError(
            "model and measurement",
            f"a model of {model_channels(model)} latent channels and a measurement of {guidance.measurement.channels}",
            "Encode the measurement with the VAE that belongs to the model.",
        )
    guidance.check_format(format_name(model.get_model_object("latent_format")))
