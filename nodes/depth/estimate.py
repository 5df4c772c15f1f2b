"""The nodes that load a depth model and estimate a geometry."""

from __future__ import annotations

import torch
from comfy.sd import VAE
from comfy_api.latest import io

from ...inversecrafter_core.depth import KINDS, PRIOR_NAME, build_geometry
from ...inversecrafter_core.depth.convert import FAR_RATIO
from ...inversecrafter_core.preview.depth import DepthStyle
from ..host.checks import choose, require_clip
from ..host.progress import host_progress
from ..host.schema import node_schema
from ..host.sockets import DEPTH, DepthModelSocket, vae_input
from ..host.vae import grid_of
from . import imported
from .inputs import (
    STABILISE,
    LensUnit,
    far_input,
    geometry_outputs,
    geometry_result,
    lens_from,
    lens_inputs,
    preview_input,
    stabilise_input,
)
from .models import AUTO, PRECISIONS, LoadedDepthModel, found_models, load_model


class InverseCrafterLoadDepthModel(io.ComfyNode):
    """Node from a file, folder or hub id to a depth estimator."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["depth anything", "depth estimation", "moge"],
            node_id="InverseCrafterLoadDepthModel",
            display_name="Load Depth Model (InverseCrafter)",
            category=DEPTH,
            description="Loads a monocular depth model: a transformers folder or hub id, an ONNX file, or the small network "
            "of this pack.",
            inputs=[
                io.Combo.Input(
                    "model",
                    options=[AUTO, *found_models(), PRIOR_NAME],
                    default=AUTO,
                    tooltip="Files of models/geometry_estimation and models/depth_estimation, then the pack's own network. "
                    "auto takes the first that can run.",
                ),
                io.String.Input(
                    "hub_id",
                    default="",
                    optional=True,
                    tooltip="In place of the list: a Hugging Face id (downloaded on first use), or a path to a folder, an "
                    ".onnx or a .safetensors file.",
                ),
                io.Combo.Input(
                    "kind",
                    options=[AUTO, *KINDS],
                    default=AUTO,
                    optional=True,
                    tooltip="Meaning of the model's values. auto reads the configuration. ONNX files have none: choose, but "
                    "for FastDepth.",
                ),
                io.Boolean.Input(
                    "edge_aware",
                    default=True,
                    optional=True,
                    tooltip="Enlarge small depth maps so that depth edges follow image edges.",
                ),
                io.Combo.Input(
                    "precision",
                    options=[AUTO, *PRECISIONS],
                    default=AUTO,
                    optional=True,
                    tooltip="Number format of transformers weights. auto: float16 on devices that support it well.",
                ),
            ],
            outputs=[DepthModelSocket.Output(display_name="depth_model", tooltip="A depth estimator, for Estimate Depth.")],
        )

    @classmethod
    def execute(
        cls,
        model: str,
        hub_id: str = "",
        kind: str = AUTO,
        edge_aware: bool = True,
        precision: str = AUTO,
    ) -> io.NodeOutput:
        chosen = None if kind == AUTO else choose("kind", kind, {known: known for known in KINDS})
        return io.NodeOutput(load_model(model, hub_id, chosen, precision, edge_aware))


class InverseCrafterEstimateDepth(io.ComfyNode):
    """Node from a clip to its geometry."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["video depth", "depth map", "depth anything"],
            node_id="InverseCrafterEstimateDepth",
            display_name="Estimate Depth (InverseCrafter)",
            category=DEPTH,
            description="Estimates the depth of every frame, removes flicker, and makes the geometry that Warp Video needs.",
            inputs=[
                DepthModelSocket.Input("depth_model", tooltip="From Load Depth Model."),
                io.Image.Input(
                    "video",
                    tooltip="The source clip, of a length and size that the VAE takes; one photo; or the two ends of a clip.",
                ),
                *lens_inputs(),
                stabilise_input("frames_pixels"),
                far_input(),
                io.Int.Input("batch_size", default=4, min=1, max=64, tooltip="Frames at once. Lower it if memory runs out."),
                preview_input(),
                vae_input("The model's VAE: a clip that it cannot take is refused before its depth is estimated."),
            ],
            outputs=geometry_outputs(),
        )

    @classmethod
    def execute(
        cls,
        depth_model: LoadedDepthModel,
        video: torch.Tensor,
        lens: str = LensUnit.AUTO,
        lens_value: float = 55.0,
        stabilise: str = "frames_pixels",
        far_ratio: float = FAR_RATIO,
        batch_size: int = 4,
        preview: str = DepthStyle.COLOUR,
        vae: VAE | None = None,
    ) -> io.NodeOutput:
        video = require_clip("video", video, grid_of(vae), pair=True).cpu()
        source = lens_from(lens, lens_value)
        depth_model.prepare(batch_size)
        raw = depth_model.estimator.estimate(video, batch_size, host_progress())
        built = build_geometry(
            raw, video, choose("stabilise", stabilise, STABILISE), far_ratio, source.focal, source.fov, progress=host_progress()
        )
        return geometry_result(built, preview)


NODES: list[type[io.ComfyNode]] = [InverseCrafterLoadDepthModel, InverseCrafterEstimateDepth, *imported.NODES]
