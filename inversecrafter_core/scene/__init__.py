"""Scene states, a clip as a reconstruction network remembers it, and their adapter to a video model."""

from .adapter import StateAdapter, kept_states
from .adapter_file import AdapterFile, AdapterSpec, SceneAdapter, read_scene_adapter, save_scene_adapter
from .attention import Memory, SceneContext, read_context, with_memory
from .pose_control import PoseControl, TokenCameras, source_and_target
from .states import SceneStates, read_scene_states, save_scene_states

__all__ = [
    "AdapterFile",
    "AdapterSpec",
    "Memory",
    "PoseControl",
    "SceneAdapter",
    "SceneContext",
    "SceneStates",
    "StateAdapter",
    "TokenCameras",
    "kept_states",
    "read_context",
    "read_scene_adapter",
    "read_scene_states",
    "save_scene_adapter",
    "save_scene_states",
    "source_and_target",
    "with_memory",
]
