"""Stochastic conditioning as a SAMPLER: context early, release, data consistency late, each in a window of its own."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from comfy.samplers import KSAMPLER
from comfy_api.latest import io, ui

from ...inversecrafter_core.preview.windows import WAN_SHIFT, WAN_STEPS, windows_picture
from ...inversecrafter_core.sampling import Guidance, even_schedule, sigma_of_percent
from ...inversecrafter_core.sampling.stochastic import TIMES, Release, sample_stochastic
from ..host.checks import require_image_tokens
from ..host.sockets import CATEGORY
from .guidance import bind_to, percent_to_sigma, refuse_noise_mask, require_fitting
from .solver_inputs import guidance_from, measurement_input, solver_inputs
from .token_time import choose_times, model_with_clean

DEFAULT = Release()


def stochastic_sampler(guidance: Guidance, release: Release, context_time: str = "auto") -> KSAMPLER:
    """A host SAMPLER that holds to the measurement's known tokens until ``release``."""

    def sample(
        model: Any, x: torch.Tensor, sigmas: torch.Tensor, extra_args: Any = None, callback: Any = None, disable: Any = None
    ) -> torch.Tensor:
        refuse_noise_mask((extra_args or {}).get("denoise_mask"))
        require_image_tokens(model.inner_model)
        base = model.inner_model.inner_model
        correct = bind_to(guidance, base, x)
        times = choose_times(context_time, base)
        context = release.bind(guidance, x, base.process_latent_in, times)
        with_clean = partial(model_with_clean, model, per_frame=times == "per_frame")
        return sample_stochastic(
            model, x, sigmas, extra_args, callback, disable, context=context, correct=correct, with_clean=with_clean
        )

    return KSAMPLER(sample)


class InverseCrafterStochasticConditioning(io.ComfyNode):
    """MEASUREMENT in, SAMPLER out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterStochasticConditioning",
            display_name="InverseCrafter Stochastic Conditioning",
            category=CATEGORY,
            description="Known tokens stand clean beside the noise until a release time, then are re-noised and denoised with "
            "the rest, so that bad warps are repaired. With data consistency in a window of its own. For SamplerCustom and "
            "SamplerCustomAdvanced.",
            inputs=[
                measurement_input(),
                io.Float.Input(
                    "release",
                    default=DEFAULT.at,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="t*, the sigma at which the context lets go; higher repairs more, inherits less. 0: never. 1: no "
                    "context at all.",
                ),
                io.Int.Input(
                    "renoise_seed",
                    default=DEFAULT.seed,
                    min=0,
                    max=0xFFFFFFFFFFFFFFFF,
                    tooltip="Seed of the noise that known tokens get at the release; it does not depend on the batch.",
                ),
                io.Float.Input(
                    "known_threshold",
                    default=DEFAULT.threshold,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="A token (2x2 latent cells) is known when the latent mask, averaged over channels, is at least "
                    "this in all its cells.",
                ),
                io.Combo.Input(
                    "context_time",
                    options=["auto", *TIMES],
                    default="auto",
                    tooltip="How known tokens enter. per_token: clean, at time 0. per_frame: so only whole known frames. "
                    "one_time: as noisy as the rest. auto: as the model was trained.",
                ),
                io.Boolean.Input(
                    "keep_first_frame",
                    default=DEFAULT.keep_first,
                    tooltip="The first frame is never released: for a clip that starts with a photo or the source's own frame.",
                ),
                *solver_inputs(),
                io.Sigmas.Input(
                    "sigmas",
                    optional=True,
                    tooltip="For the picture only: the schedule of the run. Without it, 30 steps at shift 8 are drawn.",
                ),
                io.Model.Input(
                    "model",
                    optional=True,
                    tooltip="For the picture only: the model that will sample; its shift places the window. Without it: 8.",
                ),
            ],
            outputs=[
                io.Sampler.Output(
                    display_name="sampler", tooltip="For SamplerCustom or SamplerCustomAdvanced, with an unguided model."
                ),
                io.Image.Output(display_name="windows", tooltip="When context, nothing and data consistency hold, over sigma."),
            ],
        )

    @classmethod
    def execute(
        cls,
        measurement: Any,
        release: float,
        renoise_seed: int,
        known_threshold: float,
        context_time: str,
        keep_first_frame: bool,
        sigmas: torch.Tensor | None = None,
        model: Any = None,
        **settings: Any,
    ) -> io.NodeOutput:
        guidance = guidance_from(measurement, **settings)
        if model is not None:
            require_fitting(model, guidance)
        plan = Release(release, renoise_seed, known_threshold, keep_first_frame)
        share = float(plan.known(measurement.h, measurement.reference_frames).float().mean())
        schedule = even_schedule(WAN_STEPS, WAN_SHIFT) if sigmas is None or len(sigmas) < 2 else sigmas.tolist()
        to_sigma = sigma_of_percent(WAN_SHIFT) if model is None else percent_to_sigma(model.get_model_object("model_sampling"))
        drawn = windows_picture(release, guidance.window.resolve(to_sigma), schedule, f"{share:.0%} of the clip is context")[
            None
        ]
        return io.NodeOutput(stochastic_sampler(guidance, plan, context_time), drawn, ui=ui.PreviewImage(drawn))


NODES: list[type[io.ComfyNode]] = [InverseCrafterStochasticConditioning]
