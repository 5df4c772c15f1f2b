"""Scene states, a clip as a reconstruction network remembers it, and their adapter to a video model."""

from .adapter import StateAdapter, kept_states
from .adapter_file import AdapterFile, AdapterSpec, SceneAdapter, read_scene_adapter, save_scene_adapter
from .attention import Memory, SceneContext, read_context, with_memory
from .network import SceneNetwork, SceneNetworkSpec
from .network_file import load_scene_network, save_scene_network
from .pose_control import PoseControl, TokenCameras, source_and_target
from .reconstruction import Reconstruction, reconstruct
from .states import SceneStates, describe_states, read_scene_states, save_scene_states

__all__ = [
    "AdapterFile",
    "AdapterSpec",
    "Memory",
    "PoseControl",
    "Reconstruction",
    "SceneAdapter",
    "SceneContext",
    "SceneNetwork",
    "SceneNetworkSpec",
    "SceneStates",
    "StateAdapter",
    "TokenCameras",
    "describe_states",
    "kept_states",
    "load_scene_network",
    "read_context",
    "read_scene_adapter",
    "read_scene_states",
    "reconstruct",
    "save_scene_adapter",
    "save_scene_network",
    "save_scene_states",
    "source_and_target",
    "with_memory",
]
