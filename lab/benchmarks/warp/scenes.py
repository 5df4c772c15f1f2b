"""Rendered scenes with a known answer for :mod:`lab.benchmarks.warp.compare`: a source view with exact depth, and what the
new camera sees.

Colours are means over :data:`FINE` x :data:`FINE` rays a pixel, outlines and thin things included; the depth of a source pixel
is that of the one surface that its centre shows. The warp was tuned on seeds 5, 6 and 7.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from inversecrafter_core.camera import Geometry, preset_path
from lab.world import frame_times, random_scene, render
from lab.world.render import source_intrinsics, source_poses, world_to_room
from lab.world.scene import COLOURS, PATTERNS, Light, Open, Room, Scene, SourceCamera, Texture, Thing, Vector
from lab.world.trace import trace

from .pivot_scenes import person

HEIGHT, WIDTH, FINE = 240, 416, 3
FRAMES = 17
JUDGED = (8, 16)
"""Frames of the clip that are rendered and compared: half-way and the whole amount."""
BUSY = ("checkered", "tiled", "marbled", "photographic", "dotted")


@dataclass(frozen=True)
class Answer:
    """One frame: ``source [H, W, 3]`` with its ``geometry``, and ``target [H, W, 3]`` as ``camera [4, 4]`` sees it."""

    source: torch.Tensor
    target: torch.Tensor
    geometry: Geometry
    camera: torch.Tensor


def _texture(rng: random.Random, period: float, patterns: tuple[str, ...] = PATTERNS) -> Texture:
    first, second = rng.sample(list(COLOURS), 2)
    return Texture(rng.choice(patterns), first, second, period * rng.uniform(0.8, 1.3), rng.randrange(1 << 16))


def _still(scene: Scene) -> Scene:
    camera = replace(scene.camera, velocity=(0.0, 0.0, 0.0), turn=0.0, move="still")
    return replace(scene, camera=camera, things=tuple(replace(t, velocity=(0.0, 0.0, 0.0), spin=0.0) for t in scene.things))


def _drawn(rng: random.Random, wanted: Callable[[Scene], bool]) -> Scene:
    return next(scene for scene in iter(lambda: random_scene(rng.randrange(1 << 20)), None) if wanted(scene))


def still_room(rng: random.Random) -> Scene:
    return _still(_drawn(rng, lambda scene: isinstance(scene.around, Room)))


def moving_things(rng: random.Random) -> Scene:
    scene = _drawn(rng, lambda scene: sum(any(thing.velocity) for thing in scene.things) >= 2)
    return replace(scene, camera=_still(scene).camera)


def outdoors(rng: random.Random) -> Scene:
    return _still(_drawn(rng, lambda scene: isinstance(scene.around, Open)))


def moving_source(rng: random.Random) -> Scene:
    return _drawn(rng, lambda scene: scene.camera.move in ("left", "right", "around left", "around right", "up"))


def textured_room(rng: random.Random) -> Scene:
    """Everything patterned, so that any pixel read in the wrong place shows."""
    scene = still_room(rng)
    assert isinstance(scene.around, Room)
    around = replace(scene.around, **{name: _texture(rng, 1.0, BUSY) for name in ("floor", "ceiling", "walls")})
    things = tuple(replace(thing, texture=_texture(rng, 0.6, BUSY)) for thing in scene.things)
    return replace(scene, around=around, things=things)


def _open(rng: random.Random, things: list[Thing], level: float) -> Scene:
    camera = SourceCamera(
        (0.0, 0.0, 0.0), (rng.uniform(-0.1, 0.1), 0.05, 1.0), (0.0, 0.0, 0.0), rng.uniform(0.75, 1.1), "still"
    )
    light = Light((rng.uniform(-6, 6), -9.0, rng.uniform(-4, 1)), 0.5)
    return Scene(0, Open(level, 60.0, _texture(rng, 2.0), rng.choice(("blue", "grey", "cyan"))), tuple(things), camera, light)


def _behind(rng: random.Random, level: float, count: int) -> list[Thing]:
    """Larger things in the distance."""
    found = []
    for index in range(count):
        half: Vector = (rng.uniform(0.6, 1.6), rng.uniform(0.8, 2.0), rng.uniform(0.6, 1.2))
        place = ((index + 0.5) / count - 0.5) * 11 + rng.uniform(-0.8, 0.8), rng.uniform(8.0, 14.0)
        shape = rng.choice(("box", "cylinder"))
        found.append(Thing(shape, (place[0], level - half[1], place[1]), half, rng.uniform(-1, 1), _texture(rng, 1.2)))
    return found


def fence(rng: random.Random) -> Scene:
    """Slats and two rails before a place with things in it."""
    level, near = 1.4, rng.uniform(2.6, 3.6)
    paint, top = _texture(rng, 0.3), rng.uniform(1.6, 2.2)
    things = [
        Thing("box", (x * 0.42 + rng.uniform(-0.03, 0.03), level - top / 2, near), (0.022, top / 2, 0.015), 0.0, paint)
        for x in range(-5, 6)
    ]
    things += [Thing("box", (0.0, level - height, near + 0.03), (2.6, 0.03, 0.012), 0.0, paint) for height in (0.5, top - 0.2)]
    return _open(rng, things + _behind(rng, level, 3), level)


def wires(rng: random.Random) -> Scene:
    """Poles, and wires of a pixel or two."""
    level = 1.5
    paint = Texture("plain", rng.choice(("brown", "grey", "purple")), "grey", 0.5, rng.randrange(1 << 16))
    things = []
    for x, z in ((-1.6, 3.6), (1.9, 4.6), (-2.6, 9.0)):
        half = (level + 0.2 * z) / 2  # in both pictures, top and all: what comes in from outside nobody can know
        things.append(Thing("cylinder", (x, level - half, z), (0.04, half, 0.04), 0.0, paint))
    for _ in range(5):
        z = rng.uniform(2.5, 6.0)
        height = z * rng.uniform(0.02, 0.16)
        things.append(Thing("box", (0.0, -height, z), (4.0, 0.008 * z / 3, 0.008), rng.uniform(-0.3, 0.3), paint))
    return _open(rng, things + _behind(rng, level, 2), level)


def somebody_near(rng: random.Random) -> Scene:
    """A person close to the camera in a room."""
    level, back = 1.4, rng.uniform(3.0, 4.5)
    around = Room((rng.uniform(2.0, 3.0), level, back), _texture(rng, 1.5), _texture(rng, 2.0, ("plain",)), _texture(rng, 1.4))
    near = rng.uniform(1.3, 1.9)
    body = [replace(part, texture=_texture(rng, 0.4)) for part in person(rng.uniform(-0.3, 0.3), near, level)]
    box = Thing("box", (rng.uniform(-1, 1), level - 0.5, back - 0.7), (0.5, 0.5, 0.3), 0.4, _texture(rng, 0.8))
    camera = SourceCamera((0.0, 0.0, -0.2), (0.0, 0.05, 1.0), (0.0, 0.0, 0.0), rng.uniform(0.75, 1.0), "still")
    return Scene(0, around, (*body, box), camera, Light((rng.uniform(-1, 1), -1.1, rng.uniform(-0.5, 1)), 0.2))


SCENES: dict[str, tuple[Callable[[random.Random], Scene], str]] = {
    "still room": (still_room, "arc_left"),
    "moving things": (moving_things, "arc_right"),
    "outdoors, sky": (outdoors, "arc_left"),
    "source camera moves": (moving_source, "arc_right"),
    "new camera drives forward": (still_room, "dolly"),
    "new camera rises": (outdoors, "arc_up"),
    "textured room": (textured_room, "arc_left"),
    "somebody near": (somebody_near, "arc_right"),
    "fence": (fence, "arc_left"),
    "wires": (wires, "arc_up"),
}


def _centre_depth(scene: Scene, times: torch.Tensor) -> torch.Tensor:
    """``[F, H, W]``: one ray through each pixel's centre, from the scene's own camera."""
    frames = len(times)
    v, u = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    pixels = torch.stack([u, v, torch.ones_like(u)], -1).reshape(1, -1, 3)
    pose = world_to_room(scene) @ source_poses(scene, times)
    inverse = torch.linalg.inv(source_intrinsics(scene, frames, HEIGHT, WIDTH))
    depth, _ = trace(scene, times, pose[:, :3, 3], pixels @ (pose[:, :3, :3] @ inverse).transpose(1, 2))
    return depth.reshape(frames, HEIGHT, WIDTH)


def _fine(scene: Scene, time: torch.Tensor, camera: torch.Tensor) -> torch.Tensor:
    """``[H, W, 3]`` seen by ``camera [4, 4]``."""
    lens = source_intrinsics(scene, 1, FINE * HEIGHT, FINE * WIDTH)
    colour = render(scene, time[None], FINE * HEIGHT, FINE * WIDTH, camera[None], lens, samples=1).colour
    return F.avg_pool2d(colour.movedim(-1, 1), FINE)[0].movedim(0, -1).contiguous()


def answers(name: str, seed: int) -> Iterator[Answer]:
    """The judged frames of one scene."""
    make, way = SCENES[name]
    scene, every = make(random.Random(f"warp {name} {seed}")), frame_times(FRAMES)
    times = every[list(JUDGED)]
    depth, lens = _centre_depth(scene, every[[0, *JUDGED]]), source_intrinsics(scene, 1, HEIGHT, WIDTH)
    poses = source_poses(scene, times)
    start = Geometry(depth[:1], depth[:1] > 0, lens, torch.eye(4)[None])
    path = preset_path(way, FRAMES).camera_to_world[list(JUDGED)].clone()
    path[:, :3, 3] *= start.pivot_depth
    for index, time in enumerate(times):
        own = Geometry(depth[index + 1][None], depth[index + 1][None] > 0, lens, torch.eye(4)[None])
        target = _fine(scene, time, poses[index] @ path[index])
        yield Answer(_fine(scene, time, poses[index]), target, own, path[index])
