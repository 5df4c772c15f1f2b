"""The scene network: its loader, and the model on the socket INVERSECRAFTER_SCENE_MODEL."""

from __future__ import annotations

from dataclasses import dataclass

import comfy.model_management
import folder_paths
import torch
from comfy.model_patcher import ModelPatcher
from comfy_api.latest import io

from ...inversecrafter_core.scene import Reconstruction, load_scene_network, reconstruct
from ..host.model_folders import SCENE_MODELS
from ..host.progress import host_progress
from ..host.schema import node_schema
from ..host.sockets import SCENE, SceneModelSocket

ACTIVATIONS = 200 * 2**20
"""Bytes for a batch of frames at the network's resolution."""


@dataclass(frozen=True)
class SceneModel:
    """A loaded scene network, whose weights are under the host's memory management."""

    patcher: ModelPatcher

    def reconstruct(self, video: torch.Tensor) -> Reconstruction:
        """Return the scene states, depth and cameras of ``video [F, H, W, 3]``, with the running node's bar and cancel."""
        comfy.model_management.load_models_gpu([self.patcher], memory_required=ACTIVATIONS)
        return reconstruct(self.patcher.model, video, host_progress())


def load_scene_model(path: str) -> SceneModel:
    """Return the scene model in a file, or raise :class:`InputError` if the file holds none."""
    patcher = ModelPatcher(
        load_scene_network(path),
        load_device=comfy.model_management.get_torch_device(),
        offload_device=comfy.model_management.unet_offload_device(),
    )
    return SceneModel(patcher)


class InverseCrafterLoadSceneModel(io.ComfyNode):
    """Node from a file to a scene model."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["reconstruction network", "4d reconstruction", "cut3r", "lavr", "scene latents"],
            node_id="InverseCrafterLoadSceneModel",
            display_name="Load Scene Model (InverseCrafter)",
            category=SCENE,
            description="Loads a reconstruction network: a clip in, the states of its scene out.",
            inputs=[
                io.Combo.Input(
                    "scene_model_name",
                    options=folder_paths.get_filename_list(SCENE_MODELS),
                    tooltip="A .safetensors file in models/scene_models, or one that ships with the pack.",
                ),
            ],
            outputs=[SceneModelSocket.Output(display_name="scene_model", tooltip="For Scene States.")],
        )

    @classmethod
    def execute(cls, scene_model_name: str) -> io.NodeOutput:
        return io.NodeOutput(load_scene_model(folder_paths.get_full_path_or_raise(SCENE_MODELS, scene_model_name)))


NODES: list[type[io.ComfyNode]] = [InverseCrafterLoadSceneModel]
