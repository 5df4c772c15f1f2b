"""A ray-cast world of rooms, open places and moving things: exact depth and poses, any other view; and its small language."""

from .caption import VOCABULARY, caption
from .draw import random_scene
from .render import Clip, frame_times, render
from .scene import WORLD_VERSION, Scene
from .text import Prompt, encode_prompt
from .visibility import depth_at, landing, rendered_depth_at, round_trip, sampled, visible_from

__all__ = [
    "VOCABULARY",
    "WORLD_VERSION",
    "Clip",
    "Prompt",
    "Scene",
    "caption",
    "depth_at",
    "encode_prompt",
    "frame_times",
    "landing",
    "random_scene",
    "render",
    "rendered_depth_at",
    "round_trip",
    "sampled",
    "visible_from",
]
