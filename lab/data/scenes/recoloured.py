"""Scenes whose nearest thing is repainted in one plain colour, and the colour that a picture shows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from lab.data.contexts import shown_things
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.world import Scene, frame_times, random_scene, render
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


@dataclass(frozen=True)
class ThingInView:
    """One scene: its clip, where its nearest thing is (``[F, H, W]`` bool), and the scene as a value."""

    world: Scene
    clip: torch.Tensor
    thing: torch.Tensor

    @classmethod
    def of(cls, seed: int, frames: tuple[int, ...]) -> ThingInView | None:
        """Render a scene; None where its nearest thing is not in view in all of ``frames``."""
        world = random_scene(seed)
        clip = render(world, frame_times(FRAMES), HEIGHT, WIDTH)
        thing = shown_things(world, clip) == world.things.index(named_things(world)[0]) + 1
        shown = bool((thing[list(frames)].flatten(1).float().mean(1) >= LEAST_SHOWN).all())
        return cls(world, clip.colour, thing) if shown else None

    def edited(self, colour: str) -> torch.Tensor:
        """Render the clip with the thing in one plain colour."""
        return render(recoloured(self.world, colour), frame_times(FRAMES), HEIGHT, WIDTH).colour

    def new_colour(self, choice: int = 0) -> str:
        """Return one of the probed colours that the thing has not."""
        texture = named_things(self.world)[0].texture
        others = [colour for colour in PROBED if colour not in (texture.colour, texture.second)]
        return others[choice % len(others)]
