"""The node that makes scene states of a clip."""

from __future__ import annotations

import torch
from comfy_api.latest import io

from ...inversecrafter_core.preview.depth import DepthStyle, depth_preview
from ...inversecrafter_core.scene import describe_states
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import SCENE, SceneModelSocket, SceneStatesSocket
from .model import SceneModel


class InverseCrafterSceneStates(io.ComfyNode):
    """Node from a clip and a scene model to the scene's states."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["reconstruct scene", "4d reconstruction", "cut3r", "lavr", "scene latents"],
            node_id="InverseCrafterSceneStates",
            display_name="Scene States (InverseCrafter)",
            category=SCENE,
            description="Reads a clip with a reconstruction network, frame by frame, into tokens that remember the scene.",
            inputs=[
                io.Image.Input("video", tooltip="The source clip."),
                SceneModelSocket.Input("scene_model", tooltip="From Load Scene Model."),
            ],
            outputs=[
                SceneStatesSocket.Output(display_name="scene_states", tooltip="For Apply Scene Latents."),
                io.Image.Output(
                    display_name="preview", tooltip="Depth as the network sees it, at its own size; near is bright."
                ),
                io.String.Output(display_name="report", tooltip="Tokens, network and cameras in words."),
            ],
        )

    @classmethod
    def execute(cls, video: torch.Tensor, scene_model: SceneModel) -> io.NodeOutput:
        found = scene_model.reconstruct(video)
        report = describe_states(found.states)
        preview = depth_preview(found.depth, style=DepthStyle.COLOUR)
        return io.NodeOutput(found.states, preview, report, ui=report_ui(report))


NODES: list[type[io.ComfyNode]] = [InverseCrafterSceneStates]
