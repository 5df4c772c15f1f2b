"""A ray-cast world of rooms, open places and moving things: exact depth and poses, any other view; and captions."""

from .caption import caption
from .draw import random_scene
from .render import Clip, frame_times, render
from .scene import WORLD_VERSION, Scene
from .visibility import hits_at, landing, pixel_centres, sampled, visible_from

__all__ = [
    "WORLD_VERSION",
    "Clip",
    "Scene",
    "caption",
    "frame_times",
    "hits_at",
    "landing",
    "pixel_centres",
    "random_scene",
    "render",
    "sampled",
    "visible_from",
]
