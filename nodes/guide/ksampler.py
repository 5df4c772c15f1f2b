"""The guided KSampler: sampling under a measurement in one node, with one model or with Wan 2.2's two experts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import comfy.model_management
import comfy.sample
import comfy.samplers
import comfy.utils
import latent_preview
import torch
from comfy.model_patcher import ModelPatcher
from comfy.samplers import KSAMPLER
from comfy_api.latest import io

from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.inverse import Measurement
from ...inversecrafter_core.sampling import Guidance, GuidanceSettings, Streams, steps_above
from ..host.compat import expert_boundary, is_packed, video_latent
from ..host.noise_mask import require_whole_frames
from ..host.schema import node_schema
from ..host.sockets import GUIDE
from .patch import patch_model, percent_to_sigma, require_fitting
from .samplers import BASELINES, EXACT, OWN_SAMPLERS, flow_sampler
from .settings import guidance_from, guidance_inputs, measurement_input

Callback = Callable[[int, torch.Tensor, torch.Tensor, int], None]
Parts = list[tuple[ModelPatcher, torch.Tensor]]
"""Models, each with its slice of the schedule."""
CELLS = ("downscale_ratio_spacial", "downscale_ratio_temporal")
"""Notes of newer hosts on the cells of an empty LATENT, by which it is fitted to a model of others."""


class InverseCrafterKSampler(io.ComfyNode):
    """Node from a model, a measurement and prompts to a LATENT."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["recapture", "inverse problem", "inpaint video", "sampler"],
            node_id="InverseCrafterKSampler",
            display_name="Run Guided KSampler (InverseCrafter)",
            category=GUIDE,
            description="A KSampler that keeps to the measurement where it is known and generates the rest.",
            inputs=[
                io.Model.Input("model", tooltip="A Wan model without guidance. Of two experts, the high-noise one."),
                measurement_input(),
                io.Conditioning.Input("positive", tooltip="The prompt of what the clip shows."),
                io.Conditioning.Input("negative", tooltip="The prompt of what it should not show; unused at cfg 1."),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=0xFFFFFFFFFFFFFFFF,
                    control_after_generate=True,
                    tooltip="The seed of the noise.",
                ),
                io.Int.Input(
                    "steps",
                    default=30,
                    min=1,
                    max=10000,
                    tooltip="Sampling steps; 30 to 50 for Wan, 4 to 8 for distilled models.",
                ),
                io.Float.Input(
                    "cfg", default=6.0, min=0.0, max=100.0, step=0.1, round=0.01, tooltip="6 for Wan; 1 for distilled models."
                ),
                io.Combo.Input(
                    "sampler_name",
                    options=[EXACT, *comfy.samplers.SAMPLER_NAMES, *BASELINES],
                    default=EXACT,
                    tooltip="dds_euler is exact. Stock samplers use the guided model and re-derive the noise. The last four "
                    "are related methods, for comparison.",
                ),
                io.Combo.Input(
                    "scheduler",
                    options=comfy.samplers.SCHEDULER_NAMES,
                    default="simple",
                    tooltip="The schedule of noise levels; simple for Wan.",
                ),
                *guidance_inputs(),
                io.Latent.Input(
                    "latent_image",
                    optional=True,
                    tooltip="The latent to fill. Without it, an empty one of the measurement's size. Needed with audio.",
                ),
                io.Model.Input(
                    "low_noise_model",
                    optional=True,
                    tooltip="Wan 2.2 14B's low-noise expert, shifted like the other. It takes over below sigma 0.875, or 0.9 "
                    "for image-to-video.",
                ),
            ],
            outputs=[io.Latent.Output(display_name="latent", tooltip="The new clip; decode it with the VAE.")],
        )

    @classmethod
    def execute(
        cls,
        model: ModelPatcher,
        measurement: Measurement,
        positive: io.Conditioning.CondList,
        negative: io.Conditioning.CondList,
        seed: int,
        steps: int,
        cfg: float,
        sampler_name: str,
        scheduler: str,
        gamma: float,
        start_percent: float,
        end_percent: float,
        settings: GuidanceSettings | None = None,
        latent_image: io.Latent.LatentDict | None = None,
        low_noise_model: ModelPatcher | None = None,
    ) -> io.NodeOutput:
        guidance = guidance_from(measurement, gamma, start_percent, end_percent, settings)
        require_fitting(model, guidance)
        latent = empty_latent(model, measurement) if latent_image is None else latent_image
        cells = {key: latent[key] for key in CELLS if latent.get(key) is not None}
        start = comfy.sample.fix_empty_latent_channels(model, latent["samples"], **cells)
        video = video_latent(start)
        guidance.check_shape(video.shape)
        require_whole_frames(latent.get("noise_mask"), Streams.of(video))
        run = GuidedRun(positive, negative, seed, steps, cfg, sampler_name, scheduler)
        parts = [(model, run.sigmas(model))]
        if low_noise_model is not None:
            require_second_expert(low_noise_model, model, guidance, sampler_name)
            parts = split_at_boundary(model, low_noise_model, parts[0][1])
        samples = run.sample(guidance, parts, latent | {"samples": start})
        return io.NodeOutput({key: value for key, value in latent.items() if key not in CELLS} | {"samples": samples})


@dataclass(frozen=True)
class GuidedRun:
    """Settings of a sampling run under guidance, as they stand on the KSampler."""

    positive: io.Conditioning.CondList
    negative: io.Conditioning.CondList
    seed: int
    steps: int
    cfg: float
    sampler_name: str = EXACT
    scheduler: str = "simple"

    def sigmas(self, model: ModelPatcher) -> torch.Tensor:
        """Return the decreasing schedule ``[steps + 1]`` for a model."""
        # This pack's samplers use the schedule of the host's Euler; the host drops a sigma of some stock samplers' schedules.
        name = "euler" if self.sampler_name in OWN_SAMPLERS else self.sampler_name
        device, options = model.load_device, model.model_options
        return comfy.samplers.KSampler(model, self.steps, device, name, self.scheduler, 1.0, options).sigmas

    def sample(self, guidance: Guidance, parts: Parts, latent: io.Latent.LatentDict) -> torch.Tensor:
        """Return what the models make of a LATENT, each on its slice of the schedule, one after the other."""
        given, done, mask = latent["samples"], 0, latent.get("noise_mask")
        samples, noise = given, comfy.sample.prepare_noise(given, self.seed, latent.get("batch_index"))
        total = max(1, sum(len(sigmas) - 1 for _, sigmas in parts))
        for model, sigmas in parts:
            guided, sampler = guided_run(guidance, model, self.sampler_name)
            samples = comfy.sample.sample_custom(
                guided,
                noise_in(samples, given, model, sigmas[0]) if done else noise,
                self.cfg,
                sampler,
                sigmas,
                self.positive,
                self.negative,
                given,
                noise_mask=mask,
                callback=progress(guided, done, total),
                disable_pbar=not comfy.utils.PROGRESS_BAR_ENABLED,
                seed=self.seed,
            )
            done += len(sigmas) - 1
        return samples


def noise_in(samples: torch.Tensor, given: torch.Tensor, model: ModelPatcher, sigma: torch.Tensor) -> torch.Tensor:
    """Return the noise, in model space, with which the LATENT ``given`` becomes the half-denoised ``samples`` at ``sigma``.

    So a slice continues from ``samples`` while the host still knows the given latent, which it keeps where a noise mask is 0.
    """
    sampling, none = model.get_model_object("model_sampling"), torch.zeros_like(given, dtype=torch.float32)
    noised, bare = (
        sampling.noise_scaling(sigma, none, model.model.process_latent_in(latent) if latent.any() else latent)
        for latent in (samples.to(none), given.to(none))
    )
    return (noised - bare) / sigma


def guided_run(guidance: Guidance, model: ModelPatcher, sampler_name: str) -> tuple[ModelPatcher, KSAMPLER]:
    """Return model and SAMPLER of a guided run: the bare model for this pack's samplers, the patched one for stock ones."""
    if sampler_name in OWN_SAMPLERS:
        return model, flow_sampler(guidance, sampler_name)
    return patch_model(model, guidance), comfy.samplers.sampler_object(sampler_name)


def require_second_expert(low: ModelPatcher, high: ModelPatcher, guidance: Guidance, sampler_name: str) -> None:
    """Raise :class:`InputError` unless ``low`` can take over from ``high`` in the middle of a run."""
    require_fitting(low, guidance)
    if sampler_name in BASELINES:
        raise InputError(
            "sampler_name", f"'{sampler_name}' with a low_noise_model", f"Choose {EXACT} or a stock sampler for two experts."
        )
    middles = [percent_to_sigma(expert.get_model_object("model_sampling"))(0.5) for expert in (high, low)]
    if abs(middles[0] - middles[1]) > 1e-4:
        raise InputError(
            "low_noise_model",
            f"another schedule than the model's (sigma {middles[1]:.3f} against {middles[0]:.3f} half-way)",
            "Give both models a ModelSamplingSD3 of the same shift.",
        )


def split_at_boundary(high: ModelPatcher, low: ModelPatcher, sigmas: torch.Tensor) -> Parts:
    """Return each expert with its slice of a decreasing schedule; an expert without a step is omitted."""
    first = steps_above(expert_boundary(high), sigmas.tolist())
    parts = [(high, sigmas[: first + 1]), (low, sigmas[first:])]
    return [part for part in parts if len(part[1]) > 1] or parts[:1]


def progress(model: ModelPatcher, done: int, total: int) -> Callback:
    """Return the host's callback for a slice of a run of ``total`` steps, of which ``done`` have passed."""
    show = latent_preview.prepare_callback(model, total)
    return lambda step, x0, x, count: show(done + step, x0, x, total)


def empty_latent(model: ModelPatcher, measurement: Measurement) -> io.Latent.LatentDict:
    """Return an empty LATENT of a measurement's size, with as many clips.

    Raises:
        InputError: a model of audio-video packs, whose audio has a length of its own.
    """
    if is_packed(model.get_model_object("latent_format")):
        raise InputError("latent_image", "not connected, and the model takes video and audio", "Connect its own empty latent.")
    return {"samples": torch.zeros_like(measurement.w, device=comfy.model_management.intermediate_device())}


NODES: list[type[io.ComfyNode]] = [InverseCrafterKSampler]
