"""Guidance on the host's two hooks: a MODEL patch for any sampler, and a SAMPLER with the exact update.

Neither keeps anything between runs: a run binds the measurement to its device and its model space, and drops that when it
ends. The window is the model's, not the run's: a run in slices is guided as the whole one is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from comfy.patcher_extension import WrappersMP
from comfy.samplers import KSAMPLER
from comfy_api.latest import io

from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.sampling import (
    BoundGuidance,
    Guidance,
    SigmaRange,
    sample_guided_euler,
    sample_hard_paste,
    sample_lanpaint,
    sample_time_to_move,
    sample_zero4d,
)
from ..host.checks import require_image_tokens
from ..host.compat import format_name, model_channels, require_flow, run_scope
from ..host.sockets import CATEGORY
from .solver_inputs import guidance_from, measurement_input, solver_inputs

KEY = "inversecrafter_guidance"


def refuse_noise_mask(mask: Any) -> None:
    """The host blends a noise_mask hard, before and after every hook, and so undoes a soft latent mask."""
    if mask is not None:
        raise InputError(
            "latent",
            "it carries a noise_mask",
            "Give an empty latent, or the clip without 'Set Latent Noise Mask'; what is known comes in by the measurement.",
        )


def percent_to_sigma(model_sampling: Any) -> Callable[[float], float]:
    """The model's own ``percent -> sigma``; it must be a flow."""
    sampling = require_flow(model_sampling)
    return lambda percent: float(sampling.percent_to_sigma(percent))


def bind_to(guidance: Guidance, base_model: Any, x: torch.Tensor) -> BoundGuidance:
    """Bind to a run of the host's base model, whose latent format is checked."""
    guidance.check_format(format_name(base_model.latent_format))
    return guidance.bind(x, percent_to_sigma(base_model.model_sampling), base_model.process_latent_in)


def evidence_for(guidance: Guidance, base_model: Any, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, SigmaRange]:
    """What the relatives' samplers need for a run: the measurement in model space, the latent mask, when to act."""
    guidance.check_format(format_name(base_model.latent_format))
    w, h = guidance.evidence(x, base_model.process_latent_in)
    return w, h, guidance.window.resolve(percent_to_sigma(base_model.model_sampling))


class GuidancePatch:
    """Two wrappers for a MODEL. It has no ``.to()``: the host would cut the measurement to the model's dtype through it."""

    def __init__(self, guidance: Guidance):
        self.guidance = guidance

    def check(
        self,
        executor: Any,
        noise: Any,
        latent_image: Any,
        sampler: Any,
        sigmas: Any,
        denoise_mask: Any = None,
        *rest: Any,
        **more: Any,
    ) -> Any:
        """OUTER_SAMPLE: refuse what cannot work before any model is loaded."""
        refuse_noise_mask(denoise_mask)
        require_image_tokens(executor.class_obj)
        self.guidance.check_shape(noise.shape)
        return executor(noise, latent_image, sampler, sigmas, denoise_mask, *rest, **more)

    def predict(
        self,
        executor: Any,
        x: torch.Tensor,
        timestep: torch.Tensor,
        model_options: dict[str, Any] | None = None,
        seed: Any = None,
    ) -> torch.Tensor:
        """PREDICT_NOISE: the final prediction of any guider, corrected within the window."""
        model_options = {} if model_options is None else model_options
        denoised = executor(x, timestep, model_options, seed)
        runs = run_scope(model_options)
        place = (id(self), x.device, tuple(x.shape))
        if place not in runs:
            runs[place] = bind_to(self.guidance, executor.class_obj.inner_model, x)
        return runs[place](denoised, float(timestep.max()))


def patch_model(model: Any, guidance: Guidance) -> Any:
    """A clone of MODEL that is guided under any sampler. Raises :class:`InputError` when model and measurement do not
    belong together.
    """
    require_fitting(model, guidance)
    patched, patch = model.clone(), GuidancePatch(guidance)
    patched.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, KEY, patch.check)
    patched.add_wrapper_with_key(WrappersMP.PREDICT_NOISE, KEY, patch.predict)
    return patched


def require_fitting(model: Any, guidance: Guidance) -> None:
    """Raise :class:`InputError` unless a host MODEL is a flow in the measurement's latent space."""
    require_flow(model.get_model_object("model_sampling"))
    if model_channels(model) != guidance.measurement.channels:
        raise InputError(
            "model and measurement",
            f"a model of {model_channels(model)} latent channels and a measurement of {guidance.measurement.channels}",
            "Encode the measurement with the VAE that belongs to the model.",
        )
    guidance.check_format(format_name(model.get_model_object("latent_format")))


def _dds(guidance: Guidance, model: Any, x: torch.Tensor, sigmas: torch.Tensor, *rest: Any) -> torch.Tensor:
    return sample_guided_euler(model, x, sigmas, *rest, correct=bind_to(guidance, _base(model), x))


def _hard_paste(guidance: Guidance, model: Any, x: torch.Tensor, sigmas: torch.Tensor, *rest: Any) -> torch.Tensor:
    w, h, active = evidence_for(guidance, _base(model), x)
    return sample_hard_paste(model, x, sigmas, *rest, w=w, known=h >= 0.5, noise=model.noise, active=active)


def _zero4d(guidance: Guidance, model: Any, x: torch.Tensor, sigmas: torch.Tensor, *rest: Any) -> torch.Tensor:
    w, h, active = evidence_for(guidance, _base(model), x)
    # The run's own seed would draw the run's own noise again.
    generator = torch.Generator().manual_seed(((rest[0] or {}).get("seed") or 0) + 1)
    return sample_zero4d(model, x, sigmas, *rest, w=w, m=h, active=active, generator=generator)


def _lanpaint(guidance: Guidance, model: Any, x: torch.Tensor, sigmas: torch.Tensor, *rest: Any) -> torch.Tensor:
    w, h, active = evidence_for(guidance, _base(model), x)
    generator = torch.Generator().manual_seed(((rest[0] or {}).get("seed") or 0) + 1)
    given = {"known": h >= 0.5, "noise": model.noise, "active": active, "generator": generator}
    return sample_lanpaint(model, x, sigmas, *rest, w=w, **given)


CLOCKS = (0.04, 0.1)
"""Time-to-Move's, for a moving camera, as shares of the schedule."""


def _time_to_move(guidance: Guidance, model: Any, x: torch.Tensor, sigmas: torch.Tensor, *rest: Any) -> torch.Tensor:
    w, h, _ = evidence_for(guidance, _base(model), x)
    t_weak, t_strong = map(percent_to_sigma(_base(model).model_sampling), CLOCKS)
    given = {"known": h >= 0.5, "noise": model.noise, "t_weak": t_weak, "t_strong": t_strong}
    return sample_time_to_move(model, x, sigmas, *rest, w=w, **given)


def _base(model: Any) -> Any:
    """The host's base model inside what it hands to a sampler function."""
    return model.inner_model.inner_model


EXACT = "dds_euler"
RELATIVES = {
    "hard_paste_euler": _hard_paste,
    "zero4d_euler": _zero4d,
    "lanpaint_euler": _lanpaint,
    "time_to_move_euler": _time_to_move,
}
OWN_SAMPLERS = {EXACT: _dds} | RELATIVES
"""By the name under which the KSampler offers them."""


def flow_sampler(guidance: Guidance, name: str = EXACT) -> KSAMPLER:
    """A host SAMPLER that runs one of :data:`OWN_SAMPLERS`."""

    def sample(
        model: Any, x: torch.Tensor, sigmas: torch.Tensor, extra_args: Any = None, callback: Any = None, disable: Any = None
    ) -> torch.Tensor:
        refuse_noise_mask((extra_args or {}).get("denoise_mask"))
        require_image_tokens(model.inner_model)
        return OWN_SAMPLERS[name](guidance, model, x, sigmas, extra_args, callback, disable)

    return KSAMPLER(sample)


class InverseCrafterApplyGuidance(io.ComfyNode):
    """MODEL in, guided MODEL out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterApplyGuidance",
            display_name="InverseCrafter Apply Guidance",
            category=CATEGORY,
            description="Holds every prediction of the model to the measurement. Works under any stock sampler and guider. An "
            "approximation: a stock sampler re-derives the noise from the corrected prediction; InverseCrafter Sampler "
            "keeps it.",
            inputs=[
                io.Model.Input("model", tooltip="A Wan model, LoRAs and ModelSamplingSD3 included."),
                measurement_input(),
                *solver_inputs(),
            ],
            outputs=[io.Model.Output(display_name="model", tooltip="The guided model; the input is unchanged.")],
        )

    @classmethod
    def execute(cls, model: Any, measurement: Any, **settings: Any) -> io.NodeOutput:
        return io.NodeOutput(patch_model(model, guidance_from(measurement, **settings)))


class InverseCrafterSampler(io.ComfyNode):
    """MEASUREMENT in, SAMPLER out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterSampler",
            display_name="InverseCrafter Sampler",
            category=CATEGORY,
            description="Euler steps with the exact data-consistent update: the prediction is corrected and the old "
            "noise is kept. "
            "For SamplerCustom and SamplerCustomAdvanced.",
            inputs=[measurement_input(), *solver_inputs()],
            outputs=[
                io.Sampler.Output(
                    display_name="sampler", tooltip="For SamplerCustom or SamplerCustomAdvanced, with an unguided model."
                )
            ],
        )

    @classmethod
    def execute(cls, measurement: Any, **settings: Any) -> io.NodeOutput:
        return io.NodeOutput(flow_sampler(guidance_from(measurement, **settings)))


NODES: list[type[io.ComfyNode]] = [InverseCrafterApplyGuidance, InverseCrafterSampler]
