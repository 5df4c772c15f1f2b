"""The one box: a KSampler that holds to a measurement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import comfy.model_management
import comfy.sample
import comfy.samplers
import comfy.utils
import latent_preview
import torch
from comfy_api.latest import io

from ..inversecrafter_core.sampling import FEW_STEPS
from .guidance import EXACT, OWN_SAMPLERS, RELATIVES, flow_sampler, patch_model, refuse_noise_mask, require_fitting
from .sockets import CATEGORY
from .solver_inputs import guidance_from, measurement_input, solver_inputs

AS_SET = "as set"
PRESETS = {"few steps": FEW_STEPS}
"""What replaces cfg, sampler_name and the settings of guidance."""
PRESET_TOOLTIP = (
    f"few steps: for 4 to 8 steps with a distilled model. Takes cfg {FEW_STEPS.cfg:g}, {FEW_STEPS.sampler}, gamma "
    f"{FEW_STEPS.proximal.gamma:g} and {FEW_STEPS.window.mode} {FEW_STEPS.window.alpha:g} whatever the widgets above say; "
    "steps, scheduler and denoise stay yours."
)


class InverseCrafterKSampler(io.ComfyNode):
    """Model, measurement and prompts to LATENT."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterKSampler",
            display_name="InverseCrafter KSampler",
            category=CATEGORY,
            description="A KSampler that generates what the measurement leaves open and holds to what it knows.",
            inputs=[
                io.Model.Input("model", tooltip="A Wan model, not yet guided."),
                measurement_input(),
                io.Conditioning.Input("positive", tooltip="What the clip shows."),
                io.Conditioning.Input("negative", tooltip="What it should not show; unused at cfg 1."),
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
                    options=[EXACT, *comfy.samplers.SAMPLER_NAMES, *RELATIVES],
                    default=EXACT,
                    tooltip="Keep dds_euler, the exact update. A stock one takes the guided model and re-derives the noise. "
                    "The last four are other papers' methods, to compare with.",
                ),
                io.Combo.Input(
                    "scheduler",
                    options=comfy.samplers.SCHEDULER_NAMES,
                    default="simple",
                    tooltip="How the noise falls; simple for Wan.",
                ),
                io.Float.Input(
                    "denoise",
                    default=1.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="Below 1 the latent is kept in part: start from the encoded warp, not from an empty latent.",
                ),
                *solver_inputs(),
                io.Latent.Input(
                    "latent_image",
                    optional=True,
                    tooltip="Where sampling starts. Without one: an empty latent of the measurement's size. It must not "
                    "carry a noise mask.",
                ),
                io.Combo.Input(
                    "preset",
                    optional=True,
                    options=[AS_SET, *PRESETS],
                    default=AS_SET,
                    tooltip=PRESET_TOOLTIP,
                ),
            ],
            outputs=[io.Latent.Output(display_name="latent", tooltip="The new clip; decode it with the VAE.")],
        )

    @classmethod
    def execute(
        cls,
        model: Any,
        measurement: Any,
        positive: Any,
        negative: Any,
        seed: int,
        steps: int,
        cfg: float,
        sampler_name: str,
        scheduler: str,
        denoise: float,
        latent_image: dict[str, Any] | None = None,
        preset: str = AS_SET,
        **settings: Any,
    ) -> io.NodeOutput:
        guidance = guidance_from(measurement, **settings)
        if preset != AS_SET:
            chosen = PRESETS[preset]
            cfg, sampler_name = chosen.cfg, chosen.sampler
            guidance = replace(guidance, proximal=chosen.proximal, window=chosen.window)
        require_fitting(model, guidance)
        latent = {"samples": empty_like(measurement.w)} if latent_image is None else latent_image
        refuse_noise_mask(latent.get("noise_mask"))
        start = comfy.sample.fix_empty_latent_channels(model, latent["samples"])
        guidance.check_shape(start.shape)
        # Our own samplers take Euler's schedule; some stock samplers drop a sigma of theirs.
        plan = comfy.samplers.KSampler(
            model,
            steps,
            model.load_device,
            "euler" if sampler_name in OWN_SAMPLERS else sampler_name,
            scheduler,
            denoise,
            model.model_options,
        )
        if sampler_name in OWN_SAMPLERS:
            sampler = flow_sampler(guidance, sampler_name)
        else:
            model, sampler = patch_model(model, guidance), comfy.samplers.sampler_object(sampler_name)
        samples = comfy.sample.sample_custom(
            model,
            comfy.sample.prepare_noise(start, seed, latent.get("batch_index")),
            cfg,
            sampler,
            plan.sigmas,
            positive,
            negative,
            start,
            callback=latent_preview.prepare_callback(model, max(1, len(plan.sigmas) - 1)),
            disable_pbar=not comfy.utils.PROGRESS_BAR_ENABLED,
            seed=seed,
        )
        return io.NodeOutput(latent | {"samples": samples})


def empty_like(w: torch.Tensor) -> torch.Tensor:
    """An empty latent the size of a measurement, one clip."""
    return torch.zeros_like(w[:1], device=comfy.model_management.intermediate_device())


NODES: list[type[io.ComfyNode]] = [InverseCrafterKSampler]
