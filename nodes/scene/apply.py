"""Scene latents and pose control for a MODEL."""

from __future__ import annotations

import folder_paths
import torch
from comfy.model_patcher import ModelPatcher
from comfy_api.latest import io

from ...inversecrafter_core.camera import CameraPath, Geometry
from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.scene import SceneStates, read_scene_adapter
from ..host.model_folders import SCENE_ADAPTERS
from ..host.schema import node_schema
from ..host.sockets import SCENE, CameraPathSocket, GeometrySocket, SceneStatesSocket
from .patch import Inputs, patch_model


class InverseCrafterApplySceneLatents(io.ComfyNode):
    """Node from a MODEL to one that sees a source clip's scene and follows a camera path."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["lavr", "camera control", "scene latents", "novel view", "recapture without depth"],
            node_id="InverseCrafterApplySceneLatents",
            display_name="Apply Scene Latents (InverseCrafter)",
            category=SCENE,
            description="Conditions a video model on a source clip, the scene states of a reconstruction network and both "
            "cameras: a new view without a depth map. Works alone and under every guidance node.",
            inputs=[
                io.Model.Input("model", tooltip="The video model that the adapter was trained with."),
                io.Latent.Input("source_latent", tooltip="The source clip, encoded with 'VAE Encode' at the size to sample."),
                CameraPathSocket.Input("camera_path", tooltip="Target cameras, one for each frame of the source clip."),
                io.Combo.Input(
                    "scene_adapter_name",
                    options=folder_paths.get_filename_list(SCENE_ADAPTERS),
                    tooltip="A .safetensors file in models/scene_adapters, or one that ships with the pack.",
                ),
                SceneStatesSocket.Input(
                    "scene_states",
                    optional=True,
                    tooltip="States of the source clip, from Scene States. Without them the cameras alone condition the model.",
                ),
                GeometrySocket.Input(
                    "geometry",
                    optional=True,
                    tooltip="Source cameras of a geometry in place of the states' own, so that a warp and the model agree.",
                ),
            ],
            outputs=[io.Model.Output(display_name="model", tooltip="The conditioned model; the input is unchanged.")],
        )

    @classmethod
    def execute(
        cls,
        model: ModelPatcher,
        source_latent: dict[str, torch.Tensor],
        camera_path: CameraPath,
        scene_adapter_name: str,
        scene_states: SceneStates | None = None,
        geometry: Geometry | None = None,
    ) -> io.NodeOutput:
        cameras = scene_states if geometry is None else geometry
        if cameras is None:
            raise InputError(
                "scene_states and geometry",
                "neither, so the camera path has no source pose",
                "Connect one of them: both know the source cameras.",
            )
        file = read_scene_adapter(folder_paths.get_full_path_or_raise(SCENE_ADAPTERS, scene_adapter_name))
        inputs = Inputs(source_latent["samples"], cameras, camera_path, scene_states)
        return io.NodeOutput(patch_model(model, file, inputs))


NODES: list[type[io.ComfyNode]] = [InverseCrafterApplySceneLatents]
