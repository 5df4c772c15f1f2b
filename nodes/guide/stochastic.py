"""Stochastic conditioning as a SAMPLER: known tokens stay clean until a release time, with data consistency in a window."""

from __future__ import annotations

import torch
from comfy.model_patcher import ModelPatcher
from comfy.samplers import KSAMPLER, KSamplerX0Inpaint
from comfy_api.latest import io, ui

from ...inversecrafter_core.inverse import Measurement
from ...inversecrafter_core.preview.windows import WAN_SHIFT, WAN_STEPS, windows_picture
from ...inversecrafter_core.sampling import Guidance, GuidanceSettings, even_schedule, sigma_of_percent
from ...inversecrafter_core.sampling.stochastic import Release, TokenTimes, sample_stochastic
from ..host.checks import require_image_tokens
from ..host.compat import require_constant_flow, streams_of
from ..host.context_windows import with_concat_in_window
from ..host.noise_mask import require_whole_frames
from ..host.schema import node_schema
from ..host.sockets import GUIDE
from .patch import bind_to, percent_to_sigma, require_fitting
from .samplers import Callback, ExtraArgs, denoise_mask, noise_renewal
from .settings import guidance_from, guidance_inputs, measurement_input
from .token_time import Model, accepts_frame_times, choose_times, with_clean_tokens

DEFAULT = Release()


def stochastic_sampler(guidance: Guidance, release: Release, context_time: str = "auto") -> KSAMPLER:
    """Return a SAMPLER of the host that keeps the measurement's known tokens clean until ``release``."""

    def sample(
        model: KSamplerX0Inpaint,
        x: torch.Tensor,
        sigmas: torch.Tensor,
        extra_args: ExtraArgs | None = None,
        callback: Callback | None = None,
        disable: bool | None = None,
    ) -> torch.Tensor:
        base = model.inner_model.inner_model
        streams = streams_of(base, x)
        mask = denoise_mask(extra_args)
        require_whole_frames(mask, streams)
        require_image_tokens(model.inner_model)
        correct = bind_to(guidance, base, x, mask)
        require_constant_flow(base.model_sampling, "stochastic conditioning")
        times = choose_times(context_time, base)
        per_frame = times is TokenTimes.PER_FRAME and accepts_frame_times(base)

        def with_clean(cells: torch.Tensor) -> Model:
            return with_clean_tokens(model, streams.take(cells), per_frame, guidance.measurement.grid.patch)

        return sample_stochastic(
            model,
            x,
            sigmas,
            with_concat_in_window(extra_args),
            callback,
            context=release.bind(guidance, x, base.process_latent_in, times, with_clean, streams, mask),
            correct=correct,
            renew=noise_renewal(guidance, sigmas, extra_args),
        )

    return KSAMPLER(sample)


def _release_inputs() -> list[io.Input]:
    """Return the widgets of :class:`Release` and of the known tokens' times."""
    return [
        io.Float.Input(
            "release",
            default=DEFAULT.at,
            min=0.0,
            max=1.0,
            step=0.01,
            tooltip="The sigma at which known tokens are released; higher repairs more of the warp. 0 = never, 1 = no clean "
            "tokens at all.",
        ),
        io.Int.Input(
            "renoise_seed",
            default=DEFAULT.seed,
            min=0,
            max=0xFFFFFFFFFFFFFFFF,
            tooltip="Seed of the noise added to known tokens at the release; each further clip of a batch takes the next.",
        ),
        io.Float.Input(
            "known_threshold",
            default=DEFAULT.threshold,
            min=0.0,
            max=1.0,
            step=0.01,
            tooltip="A token (Wan: 2x2 latent cells) is known if the mask, averaged over channels, is at least this in every "
            "cell.",
        ),
        io.Combo.Input(
            "context_time",
            options=["auto", *TokenTimes],
            default="auto",
            tooltip="Time of known tokens. auto: as the model was trained. per_token: 0. per_frame: 0 in wholly known frames. "
            "one_time: as all others.",
        ),
        io.Boolean.Input(
            "keep_first_frame",
            default=DEFAULT.keep_first,
            tooltip="Never release the first frame, a photo or a source frame; in a further pass all that the pass before has "
            "made.",
        ),
    ]


class InverseCrafterStochasticConditioning(io.ComfyNode):
    """Node from a measurement to a SAMPLER."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["clean context", "denoise time", "inpaint video"],
            node_id="InverseCrafterStochasticConditioning",
            display_name="Select Stochastic Conditioning (InverseCrafter)",
            category=GUIDE,
            description="A sampler that keeps known tokens clean until a release time, then denoises them with the rest, to "
            "repair errors of the warp. For SamplerCustom and SamplerCustomAdvanced.",
            inputs=[
                measurement_input(),
                *_release_inputs(),
                *guidance_inputs(),
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
                io.Image.Output(display_name="preview", tooltip="Diagram of the sigmas at which context and guidance act."),
            ],
        )

    @classmethod
    def execute(
        cls,
        measurement: Measurement,
        release: float,
        renoise_seed: int,
        known_threshold: float,
        context_time: str,
        keep_first_frame: bool,
        gamma: float,
        start_percent: float,
        end_percent: float,
        settings: GuidanceSettings | None = None,
        sigmas: torch.Tensor | None = None,
        model: ModelPatcher | None = None,
    ) -> io.NodeOutput:
        guidance = guidance_from(measurement, gamma, start_percent, end_percent, settings)
        if model is not None:
            require_fitting(model, guidance)
        plan = Release(release, renoise_seed, known_threshold, keep_first_frame)
        drawn = windows_preview(plan, guidance, sigmas, model)
        return io.NodeOutput(stochastic_sampler(guidance, plan, context_time), drawn, ui=ui.PreviewImage(drawn))


def windows_preview(plan: Release, guidance: Guidance, sigmas: torch.Tensor | None, model: ModelPatcher | None) -> torch.Tensor:
    """Return a diagram ``[1, H, W, 3]`` of the steps of a schedule at which context and data consistency act."""
    schedule = even_schedule(WAN_STEPS, WAN_SHIFT) if sigmas is None or len(sigmas) < 2 else sigmas.tolist()
    to_sigma = sigma_of_percent(WAN_SHIFT) if model is None else percent_to_sigma(model.get_model_object("model_sampling"))
    window = guidance.window.resolve(to_sigma)
    return windows_picture(plan.at, window, schedule, f"{plan.share(guidance.measurement):.0%} of the clip is context")[None]


NODES: list[type[io.ComfyNode]] = [InverseCrafterStochasticConditioning]
