"""Guidance as a patch of a host's MODEL, for any stock sampler.

Each run binds the measurement to its own device and to model space; nothing remains after the run. The window refers to the
model's schedule, not the run's, so a run in slices is guided like a whole one.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from comfy.model_base import BaseModel
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrapperExecutor, WrappersMP

from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.sampling import BoundGuidance, Guidance, NoiseRule, Streams
from ..host.checks import require_image_tokens
from ..host.compat import ModelSampling, format_name, require_flow, require_guidable, run_scope, streams_of
from ..host.context_windows import concat_in_window
from ..host.noise_mask import require_whole_frames

KEY = "inversecrafter_guidance"


def percent_to_sigma(model_sampling: ModelSampling) -> Callable[[float], float]:
    """Return the model's ``percent -> sigma``, or raise :class:`InputError` if it is not a flow."""
    require_flow(model_sampling)
    return lambda percent: float(model_sampling.percent_to_sigma(percent))


def bind_to(
    guidance: Guidance, base_model: BaseModel, x: torch.Tensor, noise_mask: torch.Tensor | None = None
) -> BoundGuidance:
    """Return the guidance bound to a run of the host's base model that starts at ``x``, after checking the latent format.

    ``noise_mask`` is the run's, for samplers that correct after the host has applied it.
    """
    require_guidable(base_model)
    guidance.check_format(format_name(base_model.latent_format))
    to_sigma, signal = percent_to_sigma(base_model.model_sampling), require_flow(base_model.model_sampling)
    return guidance.bind(x, to_sigma, base_model.process_latent_in, streams_of(base_model, x), noise_mask, signal)


class GuidancePatch:
    """Two wrappers for a MODEL, without ``.to()``, through which the host would cast the measurement to the model's dtype."""

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
        """Wrap OUTER_SAMPLE: check the run's inputs before any model is loaded."""
        streams = Streams.of(noise, more.get("latent_shapes"))
        require_whole_frames(denoise_mask, streams)
        require_image_tokens(executor.class_obj)
        self.guidance.check_shape(streams.video)
        return executor(noise, latent_image, sampler, sigmas, denoise_mask, *rest, **more)

    def predict(
        self,
        executor: WrapperExecutor,
        x: torch.Tensor,
        timestep: torch.Tensor,
        model_options: dict[str, object] | None = None,
        seed: int | None = None,
    ) -> torch.Tensor:
        """Wrap PREDICT_NOISE: return the final prediction of any guider, corrected within the window."""
        model_options = {} if model_options is None else model_options
        denoised = executor(x, timestep, model_options, seed)
        runs = run_scope(model_options)
        key = (id(self), x.device, tuple(x.shape))
        if key not in runs:
            runs[key] = bind_to(self.guidance, executor.class_obj.inner_model, x)
        return runs[key](denoised, float(timestep.max()))


def patch_model(model: ModelPatcher, guidance: Guidance) -> ModelPatcher:
    """Return a clone of a host's MODEL that is guided under any sampler.

    Raises:
        InputError: model and measurement do not fit, or a noise rule that stock samplers do not support.
    """
    require_fitting(model, guidance)
    if guidance.noise != NoiseRule.KEEP:
        raise InputError(
            "settings",
            f"noise '{guidance.noise.value}' with a stock sampler, which has a noise rule of its own",
            "Set noise to 'keep', or sample with dds_euler or Select Guided Sampler.",
        )
    patched, patch = model.clone(), GuidancePatch(guidance)
    patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, KEY, patch.check)
    patched.add_wrapper_with_key(WrappersMP.PREDICT_NOISE, KEY, patch.predict)
    patched.add_wrapper_with_key(WrappersMP.APPLY_MODEL, KEY, concat_in_window)
    return patched


def require_fitting(model: ModelPatcher, guidance: Guidance) -> None:
    """Raise :class:`InputError` unless a host's MODEL is a flow in the measurement's latent space."""
    require_guidable(model.model)
    require_flow(model.get_model_object("model_sampling"), type(model.model).__name__)
    guidance.check_format(format_name(model.get_model_object("latent_format")))
