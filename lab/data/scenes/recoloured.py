"""Scenes whose nearest thing is repainted in one plain colour, and the colour that a picture shows."""

from __future__ import annotations

from dataclasses import replace

import torch

from lab.world import Scene
from lab.world.caption import named_things
from lab.world.scene import COLOURS, Texture

PROBED = ("red", "green", "blue", "yellow")
LEAST_SHOWN = 0.01
"""Share of the picture below which a thing says nothing."""


def recoloured(scene: Scene, colour: str) -> Scene:
    """Return the scene with its first named thing in one plain colour."""
    thing = named_things(scene)[0]
    painted = replace(thing, texture=Texture("plain", colour, colour, 1.0, 0))
    return replace(scene, things=tuple(painted if each is thing else each for each in scene.things))


def named_colour(colour: torch.Tensor) -> str:
    """Return the probed colour whose hue is nearest to ``colour [3]``."""
    hues = _chroma(torch.tensor([COLOURS[name] for name in PROBED]))
    return PROBED[int((hues @ _chroma(colour)).argmax())]


def _chroma(colour: torch.Tensor) -> torch.Tensor:
    """Return ``[..., 3]`` without its grey part, of length 1."""
    return torch.nn.functional.normalize(colour - colour.mean(-1, keepdim=True), dim=-1)
