"""Depth nodes: a model in; GEOMETRY, a picture of it and a report out."""

from __future__ import annotations

import math

import torch
from comfy_api.latest import io

from ...inversecrafter_core.depth import KINDS, PRIOR_NAME, build_geometry
from ...inversecrafter_core.depth.convert import FAR_RATIO
from ...inversecrafter_core.depth.pipeline import Stabilisation
from ...inversecrafter_core.errors import require_video
from ..host.progress import host_progress
from ..host.sockets import CATEGORY, DepthModelSocket
from . import imported as geometry
from .inputs import far_input, fov_input, geometry_answer, geometry_outputs, preview_input, stabilise_input
from .models import AUTOMATIC, PRECISIONS, LoadedDepthModel, found_models, load_model

AUTOMATIC_KIND = "automatic"


class InverseCrafterLoadDepthModel(io.ComfyNode):
    """Choose and load a depth estimator."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterLoadDepthModel",
            display_name="InverseCrafter Load Depth Model",
            category=CATEGORY,
            description="Loads a monocular depth model: a transformers folder or hub id, or an ONNX file "
            "from models/geometry_estimation. The pack brings a small network of its own.",
            inputs=[
                io.Combo.Input(
                    "model",
                    options=[AUTOMATIC, *found_models(), PRIOR_NAME],
                    default=AUTOMATIC,
                    tooltip="Models found in models/geometry_estimation and models/depth_estimation "
                    "(transformers folders, .onnx files), then the small network that comes with the pack. "
                    "Automatic takes the first that can run. The prior looks at no pixel.",
                ),
                io.String.Input(
                    "hub_id",
                    default="",
                    optional=True,
                    tooltip="Overrides the list: a hub id such as "
                    "depth-anything/Depth-Anything-V2-Small-hf (downloaded on first use), "
                    "or a path to a folder, an .onnx file or a small network's .safetensors file.",
                ),
                io.Combo.Input(
                    "kind",
                    options=[AUTOMATIC_KIND, *KINDS],
                    default=AUTOMATIC_KIND,
                    optional=True,
                    tooltip="What the model's values are. Automatic reads it from the configuration; an "
                    "ONNX file counts as metric depth, the pack's small network gives relative depth.",
                ),
                io.Boolean.Input(
                    "edge_aware",
                    default=True,
                    optional=True,
                    tooltip="Bring small depth maps to the video's size so that depth edges follow image edges.",
                ),
                io.Combo.Input(
                    "precision",
                    options=["automatic", *PRECISIONS],
                    default="automatic",
                    optional=True,
                    tooltip="Of the weights of transformers models. Automatic: float16 where the device is fast at it.",
                ),
            ],
            outputs=[DepthModelSocket.Output(display_name="depth_model", tooltip="A depth estimator, for Estimate Depth.")],
        )

    @classmethod
    def execute(
        cls,
        model: str,
        hub_id: str = "",
        kind: str = AUTOMATIC_KIND,
        edge_aware: bool = True,
        precision: str = "automatic",
    ) -> io.NodeOutput:
        chosen = next((known for known in KINDS if known == kind), None)
        return io.NodeOutput(load_model(model, hub_id, chosen, precision, edge_aware))


class InverseCrafterEstimateDepth(io.ComfyNode):
    """Estimate a clip's depth and make a geometry of it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterEstimateDepth",
            display_name="InverseCrafter Estimate Depth",
            category=CATEGORY,
            description="Estimates the depth of every frame, takes the flicker out, and makes the geometry "
            "that Warp Video needs.",
            inputs=[
                DepthModelSocket.Input("depth_model", tooltip="From Load Depth Model."),
                io.Image.Input("images", tooltip="The source clip, RGB without alpha; one frame is enough."),
                fov_input(),
                stabilise_input("frames and pixels"),
                far_input(),
                io.Int.Input("batch_size", default=4, min=1, max=64, tooltip="Frames at once. Lower it when memory runs out."),
                preview_input(),
            ],
            outputs=geometry_outputs(),
        )

    @classmethod
    def execute(
        cls,
        depth_model: LoadedDepthModel,
        images: torch.Tensor,
        fov: float = 0.0,
        stabilise: Stabilisation = "frames and pixels",
        far_ratio: float = FAR_RATIO,
        batch_size: int = 4,
        preview: str = "colour",
    ) -> io.NodeOutput:
        video = require_video("images", images).cpu()
        depth_model.prepare(batch_size)
        raw = depth_model.estimator.estimate(video, batch_size, host_progress())
        angle = math.radians(fov) if fov > 0 else None
        return geometry_answer(build_geometry(raw, video, stabilise, far_ratio, fov=angle, progress=host_progress()), preview)


NODES: list[type[io.ComfyNode]] = [InverseCrafterLoadDepthModel, InverseCrafterEstimateDepth, *geometry.NODES]
