"""A ray-cast world of textured rooms and moving things: exact depth, exact poses, any other view; and its small language."""

from .caption import VOCABULARY, caption
from .render import Clip, frame_times, render
from .scene import Scene, random_scene
from .text import Prompt, encode_prompt
from .visibility import landing, visible_from

__all__ = [
    "VOCABULARY",
    "Clip",
    "Prompt",
    "Scene",
    "caption",
    "encode_prompt",
    "frame_times",
    "landing",
    "random_scene",
    "render",
    "visible_from",
]
