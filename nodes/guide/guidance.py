"""The two guidance nodes: a guided MODEL for stock samplers, and a SAMPLER with the exact update."""

from __future__ import annotations

from comfy.model_patcher import ModelPatcher
from comfy_api.latest import io

from ...inversecrafter_core.inverse import Measurement
from ...inversecrafter_core.sampling import GuidanceSettings
from ..host.schema import node_schema
from ..host.sockets import GUIDE
from .patch import patch_model
from .samplers import flow_sampler
from .settings import guidance_from, guidance_inputs, measurement_input


class InverseCrafterApplyGuidance(io.ComfyNode):
    """Node from a MODEL to a guided MODEL."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["recapture", "inverse problem", "data consistency", "inpaint video", "patch model"],
            node_id="InverseCrafterApplyGuidance",
            display_name="Apply Guidance (InverseCrafter)",
            category=GUIDE,
            description="Pulls every prediction of the model towards the measurement, under any stock sampler and guider. "
            "Select Guided Sampler is exact; this approximates it, since a stock sampler re-derives the noise.",
            inputs=[
                io.Model.Input("model", tooltip="A Wan model, LoRAs and ModelSamplingSD3 included."),
                measurement_input(),
                *guidance_inputs(),
            ],
            outputs=[io.Model.Output(display_name="model", tooltip="The guided model; the input is unchanged.")],
        )

    @classmethod
    def execute(
        cls,
        model: ModelPatcher,
        measurement: Measurement,
        gamma: float,
        start_percent: float,
        end_percent: float,
        settings: GuidanceSettings | None = None,
    ) -> io.NodeOutput:
        return io.NodeOutput(patch_model(model, guidance_from(measurement, gamma, start_percent, end_percent, settings)))


class InverseCrafterSampler(io.ComfyNode):
    """Node from a measurement to a guided SAMPLER."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["recapture", "inverse problem", "data consistency", "inpaint video", "ksampler select"],
            node_id="InverseCrafterSampler",
            display_name="Select Guided Sampler (InverseCrafter)",
            category=GUIDE,
            description="Euler steps with the exact data-consistent update: the prediction is corrected and the noise estimate "
            "stays. For SamplerCustom and SamplerCustomAdvanced.",
            inputs=[measurement_input(), *guidance_inputs()],
            outputs=[
                io.Sampler.Output(
                    display_name="sampler", tooltip="For SamplerCustom or SamplerCustomAdvanced, with an unguided model."
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        measurement: Measurement,
        gamma: float,
        start_percent: float,
        end_percent: float,
        settings: GuidanceSettings | None = None,
    ) -> io.NodeOutput:
        return io.NodeOutput(flow_sampler(guidance_from(measurement, gamma, start_percent, end_percent, settings)))


NODES: list[type[io.ComfyNode]] = [InverseCrafterApplyGuidance, InverseCrafterSampler]
