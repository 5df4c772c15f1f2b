"""The nodes that load scene states from files, of other networks too, and save them."""

from __future__ import annotations

from pathlib import Path

import folder_paths
from comfy_api.latest import io

from ...inversecrafter_core.scene import SceneStates, describe_states, read_scene_states, save_scene_states
from ..host.input_files import NONE, input_file, is_there, last_change, listed_files
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import SCENE, SceneStatesSocket

ENDING = ".safetensors"


class InverseCrafterLoadSceneStates(io.ComfyNode):
    """Node from a file to scene states."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["import scene states", "cut3r", "lavr", "scene latents"],
            node_id="InverseCrafterLoadSceneStates",
            display_name="Load Scene States (InverseCrafter)",
            category=SCENE,
            description="Loads scene states that Save Scene States or a script around another reconstruction network wrote.",
            inputs=[
                io.Combo.Input(
                    "file",
                    options=[path.as_posix() for path in listed_files(ENDING)] or [NONE],
                    tooltip="A .safetensors file with states, poses and lens, in ComfyUI's input folder.",
                ),
            ],
            outputs=[
                SceneStatesSocket.Output(display_name="scene_states", tooltip="For an adapter of the same network."),
                io.String.Output(display_name="report", tooltip="Tokens, network and cameras in words."),
            ],
        )

    @classmethod
    def validate_inputs(cls, file: str | None = None) -> bool | str:
        """Refuse a file that does not exist before the run; files added since the page was loaded are accepted."""
        return is_there(file)

    @classmethod
    def fingerprint_inputs(cls, file: str, **_: object) -> float:
        """Return the time of the last change, so that a file that was replaced is loaded again."""
        return last_change(file)

    @classmethod
    def execute(cls, file: str) -> io.NodeOutput:
        states = read_scene_states(input_file(file))
        report = describe_states(states)
        return io.NodeOutput(states, report, ui=report_ui(report))


class InverseCrafterSaveSceneStates(io.ComfyNode):
    """Node from scene states to a file."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["export scene states", "scene latents"],
            node_id="InverseCrafterSaveSceneStates",
            display_name="Save Scene States (InverseCrafter)",
            category=SCENE,
            description="Saves scene states with their cameras as safetensors, to be loaded again or by a script.",
            inputs=[
                SceneStatesSocket.Input("scene_states", tooltip="The states to save."),
                io.String.Input(
                    "filename_prefix",
                    default="InverseCrafter/scene",
                    tooltip="Folder and name in ComfyUI's output folder. A counter is added; nothing is overwritten.",
                ),
                io.Boolean.Input("half_precision", default=True, tooltip="Store the states in 16 bits: half the size."),
            ],
            outputs=[io.String.Output(display_name="report", tooltip="The file that was written.")],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, scene_states: SceneStates, filename_prefix: str, half_precision: bool = True) -> io.NodeOutput:
        root = folder_paths.get_output_directory()
        folder, name, counter, *_ = folder_paths.get_save_image_path(filename_prefix, root)
        file = Path(folder) / f"{name}_{counter:05}_{ENDING}"
        save_scene_states(file, scene_states, half_precision)
        report = f"{describe_states(scene_states)} {file.relative_to(root).as_posix()}"
        return io.NodeOutput(report, ui=report_ui(report))


NODES: list[type[io.ComfyNode]] = [InverseCrafterLoadSceneStates, InverseCrafterSaveSceneStates]
