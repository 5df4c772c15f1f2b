"""Surfaces on which reconstruction fails: scenes without texture, and rooms with a mirror for a floor."""

from __future__ import annotations

from dataclasses import replace

import torch

from inversecrafter_core.camera import unproject
from lab.data.scenes.new_views import NewView
from lab.world import Clip, Scene, random_scene, render
from lab.world.render import world_to_room
from lab.world.scene import Room, Texture

REFLECTED = 0.6
"""Share of what the mirror shows in the floor's colour."""
ON_FLOOR = 1e-2
"""Height above the floor, in scene units, up to which a point is on it."""


def textureless(scene: Scene) -> Scene:
    """Return the scene with every surface in its first colour."""

    def plain(texture: Texture) -> Texture:
        return replace(texture, pattern="plain", second=texture.colour)

    around = scene.around
    if isinstance(around, Room):
        around = replace(around, floor=plain(around.floor), ceiling=plain(around.ceiling), walls=plain(around.walls))
    else:
        around = replace(around, floor=plain(around.floor))
    things = tuple(replace(thing, texture=plain(thing.texture)) for thing in scene.things)
    return replace(scene, around=around, things=things)


def mirrored(scene: Scene, clip: Clip) -> Clip:
    """Return a clip of a room whose floor reflects; depth stays that of the floor, as a depth camera would have it.

    What a floor shows is what the camera sees from its mirror image below the floor.
    """
    room = world_to_room(scene)
    mirror = torch.diag(torch.tensor([1.0, -1, 1, 1]))
    mirror[1, 3] = 2 * scene.around.level
    below = torch.linalg.inv(room) @ mirror @ room @ clip.camera_to_world
    height, width = clip.depth.shape[1:]
    seen = render(scene, clip.times, height, width, below, clip.intrinsics)
    floor = _on_floor(scene, clip)[..., None]
    return replace(clip, colour=torch.where(floor, torch.lerp(clip.colour, seen.colour, REFLECTED), clip.colour))


def _on_floor(scene: Scene, clip: Clip) -> torch.Tensor:
    """Return the pixels ``[F, H, W]`` bool that show the floor."""
    in_room = world_to_room(scene) @ clip.camera_to_world
    points = torch.stack([unproject(*frame) for frame in zip(clip.depth, clip.intrinsics, in_room, strict=True)])
    return (points[..., 1] - scene.around.level).abs() < ON_FLOOR


def reflective_view(seed: int, size: tuple[int, int, int], degrees: float) -> NewView | None:
    """Return both views of a room with a mirror for a floor; None where the scene of the seed is no room."""
    scene = random_scene(seed)
    if not isinstance(scene.around, Room):
        return None
    view = NewView.of(seed, size, degrees, scene)
    return replace(view, source=mirrored(scene, view.source), target=mirrored(scene, view.target))
