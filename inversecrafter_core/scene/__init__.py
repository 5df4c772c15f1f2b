"""Scene states: a clip as a reconstruction network remembers it, a fixed number of tokens a frame."""

from .states import SceneStates, read_scene_states, save_scene_states

__all__ = [
    "SceneStates",
    "read_scene_states",
    "save_scene_states",
]
