"""Varied scenes for :mod:`lab.benchmarks.warp.pivot`: depth and lens only, ray-cast; units are metres."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

import torch

from inversecrafter_core.camera import Geometry
from lab.world import random_scene
from lab.world.render import source_intrinsics, source_poses, world_to_room
from lab.world.scene import Light, Open, Room, Scene, SourceCamera, Texture, Thing
from lab.world.trace import trace

HEIGHT, WIDTH = 120, 208
LENSES = (35.0, 90.0)
"""Horizontal angles of view in degrees, drawn evenly."""
PAINT = Texture("plain", "grey", "white", 1.0, 0)
LAMP = Light((0.0, -1.0, 0.0), 0.2)
FAR_SKY = 1000.0


def _box(x: float, z: float, half: tuple[float, float, float], level: float, shape: str = "box") -> Thing:
    return Thing(shape, (x, level - half[1], z), half, 0.0, PAINT)


def person(x: float, z: float, level: float, tall: float = 1.7) -> list[Thing]:
    """A body and a head standing on ``y = level``."""
    head = 0.13 * tall / 1.7
    body = _box(x, z, (0.26, tall / 2 - head, 0.18), level, "cylinder")
    return [body, Thing("sphere", (x, level - tall + head, z), (head,) * 3, 0.0, PAINT)]


def _camera(rng: random.Random, tilt: float = 0.0) -> SourceCamera:
    return SourceCamera((0.0, 0.0, 0.0), (rng.uniform(-0.1, 0.1), tilt, 1.0), (0.0, 0.0, 0.0), 1.0, "still")


def room(rng: random.Random) -> Scene:
    """A room of the ray-cast world."""
    return next(scene for scene in _worlds(rng) if isinstance(scene.around, Room))


def place(rng: random.Random) -> Scene:
    """An open place of the ray-cast world, its sky 24 units away."""
    return next(scene for scene in _worlds(rng) if isinstance(scene.around, Open))


def _worlds(rng: random.Random) -> list[Scene]:
    return [random_scene(rng.randrange(1 << 20)) for _ in range(32)]


def street(rng: random.Random) -> Scene:
    """A street between houses to the horizon, a person near, not always in the middle, others farther away."""
    level, half = rng.uniform(1.3, 1.7), rng.uniform(3.5, 9.0)
    things, z = [], rng.uniform(0.0, 6.0)
    while z < 70:
        deep = rng.uniform(4.0, 9.0)
        for side in (-1, 1):
            things.append(_box(side * (half + 4), z + deep, (4.0, rng.uniform(2.0, 7.0), deep - rng.uniform(0, 1)), level))
        z += 2 * deep
    near = rng.uniform(1.8, 4.5)
    things += person(rng.uniform(-0.35, 0.35) * near, near, level)
    for _ in range(rng.randint(0, 3)):
        things += person(rng.uniform(-half + 1, half - 1), rng.uniform(6.0, 25.0), level)
    return Scene(0, Open(level, FAR_SKY, PAINT, "blue"), tuple(things), _camera(rng), LAMP)


def field(rng: random.Random) -> Scene:
    """Grass to the horizon, trees, and sometimes a person or a dog near."""
    level = rng.uniform(1.2, 1.8)
    things: list[Thing] = []
    for _ in range(rng.randint(2, 8)):
        far, tall = rng.uniform(5.0, 40.0), rng.uniform(1.5, 4.0)
        x = rng.uniform(-0.6, 0.6) * far
        crown = rng.uniform(0.8, 2.0)
        things += [
            _box(x, far, (0.2, tall / 2, 0.2), level, "cylinder"),
            Thing("sphere", (x, level - tall, far), (crown,) * 3, 0.0, PAINT),
        ]
    if rng.random() < 0.7:
        near = rng.uniform(2.0, 6.0)
        things += person(rng.uniform(-0.3, 0.3) * near, near, level, rng.choice((0.6, 1.2, 1.75)))
    return Scene(0, Open(level, FAR_SKY, PAINT, "blue"), tuple(things), _camera(rng, rng.uniform(-0.05, 0.15)), LAMP)


def portrait(rng: random.Random) -> Scene:
    """Somebody close to the camera in a room."""
    level, back = rng.uniform(1.3, 1.6), rng.uniform(2.5, 6.0)
    around = Room((rng.uniform(1.8, 3.5), level, back), PAINT, PAINT, PAINT)
    near = rng.uniform(0.9, 1.6)
    things = person(rng.uniform(-0.2, 0.2) * near, near, level, rng.uniform(1.3, 1.7))
    things.append(_box(rng.uniform(-1.2, 1.2), back - 0.6, (0.5, rng.uniform(0.4, 0.9), 0.4), level))
    return Scene(0, around, tuple(things), _camera(rng), LAMP)


def corridor(rng: random.Random) -> Scene:
    """A long passage with a few things along its walls."""
    level, half, back = rng.uniform(1.2, 1.6), rng.uniform(1.0, 2.2), rng.uniform(8.0, 25.0)
    things = [
        _box(rng.choice((-1, 1)) * (half - 0.25), rng.uniform(2.0, 0.8 * back), (0.25, rng.uniform(0.4, 1.0), 0.4), level)
        for _ in range(rng.randint(1, 4))
    ]
    if rng.random() < 0.5:
        near = rng.uniform(2.0, 5.0)
        things += person(rng.uniform(-0.5, 0.5) * half, near, level)
    return Scene(0, Room((half, level, back), PAINT, PAINT, PAINT), tuple(things), _camera(rng), LAMP)


KINDS: dict[str, Callable[[random.Random], Scene]] = {
    "room": room,
    "open place": place,
    "street, person near": street,
    "field": field,
    "portrait": portrait,
    "corridor": corridor,
}


def draw(kind: str, seed: int) -> tuple[Scene, float]:
    """A scene and its lens in degrees."""
    rng = random.Random(f"pivot {kind} {seed}")
    scene, lens = KINDS[kind](rng), rng.uniform(*LENSES)
    return replace(scene, camera=replace(scene.camera, focal=0.5 / math.tan(math.radians(lens) / 2))), lens


def geometry(scene: Scene) -> Geometry:
    """Frame 0, exact."""
    times, lens = torch.zeros(1), source_intrinsics(scene, 1, HEIGHT, WIDTH)
    v, u = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    pixels = torch.stack([u, v, torch.ones_like(u)], -1).reshape(1, -1, 3)
    pose = world_to_room(scene) @ source_poses(scene, times)
    depth, _ = trace(scene, times, pose[:, :3, 3], pixels @ (pose[:, :3, :3] @ torch.linalg.inv(lens)).transpose(1, 2))
    depth = depth.reshape(1, HEIGHT, WIDTH)
    return Geometry(depth, depth > 0, lens, torch.eye(4)[None])
