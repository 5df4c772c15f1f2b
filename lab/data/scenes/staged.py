"""Scenes staged for the warp's benchmarks: places of every depth for the pivot, and pictures that are hard to warp.

Units are metres. The pivot looks at depth alone, so its things share one paint.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from inversecrafter_core.camera import Geometry, preset_path
from lab.world import frame_times, hits_at, pixel_centres, random_scene, render
from lab.world.render import source_intrinsics, source_poses
from lab.world.scene import COLOURS, PATTERNS, Light, Open, Room, Scene, SourceCamera, Texture, Thing, Vector

PICTURE_SIZE, CLIP, FINE = (240, 416), 17, 3
"""Size of the rendered scenes, frames of their clips, rays a side of a pixel."""
JUDGED = [8, 16]
"""Frames of a clip that are rendered and compared: half-way and the whole amount."""
LENSES = (35.0, 90.0)
"""Horizontal angles of view in degrees, drawn evenly."""
BUSY = ("checkered", "tiled", "marbled", "photographic", "dotted")
PAINT = Texture("plain", "grey", "white", 1.0, 0)
LAMP = Light((0.0, -1.0, 0.0), 0.2)
FAR_SKY = 1000.0


def _box(x: float, z: float, half: tuple[float, float, float], level: float, shape: str = "box") -> Thing:
    return Thing(shape, (x, level - half[1], z), half, 0.0, PAINT)


def person(x: float, z: float, level: float, tall: float = 1.7) -> list[Thing]:
    """Return a body and a head standing on ``y = level``."""
    head = 0.13 * tall / 1.7
    body = _box(x, z, (0.26, tall / 2 - head, 0.18), level, "cylinder")
    return [body, Thing("sphere", (x, level - tall + head, z), (head,) * 3, 0.0, PAINT)]


def _camera(rng: random.Random, tilt: float = 0.0) -> SourceCamera:
    return SourceCamera((0.0, 0.0, 0.0), (rng.uniform(-0.1, 0.1), tilt, 1.0), (0.0, 0.0, 0.0), 1.0, "still")


def room(rng: random.Random) -> Scene:
    """Return a room of the ray-cast world."""
    return next(scene for scene in _worlds(rng) if isinstance(scene.around, Room))


def place(rng: random.Random) -> Scene:
    """Return an open place of the ray-cast world, its sky 24 units away."""
    return next(scene for scene in _worlds(rng) if isinstance(scene.around, Open))


def _worlds(rng: random.Random) -> list[Scene]:
    return [random_scene(rng.randrange(1 << 20)) for _ in range(32)]


def street(rng: random.Random) -> Scene:
    """Return a street between houses to the horizon, a person near, not always in the middle, others farther away."""
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
    """Return a long passage with a few things along its walls."""
    level, half, back = rng.uniform(1.2, 1.6), rng.uniform(1.0, 2.2), rng.uniform(8.0, 25.0)
    things = [
        _box(rng.choice((-1, 1)) * (half - 0.25), rng.uniform(2.0, 0.8 * back), (0.25, rng.uniform(0.4, 1.0), 0.4), level)
        for _ in range(rng.randint(1, 4))
    ]
    if rng.random() < 0.5:
        near = rng.uniform(2.0, 5.0)
        things += person(rng.uniform(-0.5, 0.5) * half, near, level)
    return Scene(0, Room((half, level, back), PAINT, PAINT, PAINT), tuple(things), _camera(rng), LAMP)


PLACES: dict[str, Callable[[random.Random], Scene]] = {
    "room": room,
    "open place": place,
    "street, person near": street,
    "field": field,
    "portrait": portrait,
    "corridor": corridor,
}


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
    floor, ceiling, walls = (_texture(rng, 1.0, BUSY) for _ in range(3))
    around = replace(scene.around, floor=floor, ceiling=ceiling, walls=walls)
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
    """Return a person close to the camera in a room."""
    level, back = 1.4, rng.uniform(3.0, 4.5)
    around = Room((rng.uniform(2.0, 3.0), level, back), _texture(rng, 1.5), _texture(rng, 2.0, ("plain",)), _texture(rng, 1.4))
    near = rng.uniform(1.3, 1.9)
    body = [replace(part, texture=_texture(rng, 0.4)) for part in person(rng.uniform(-0.3, 0.3), near, level)]
    box = Thing("box", (rng.uniform(-1, 1), level - 0.5, back - 0.7), (0.5, 0.5, 0.3), 0.4, _texture(rng, 0.8))
    camera = SourceCamera((0.0, 0.0, -0.2), (0.0, 0.05, 1.0), (0.0, 0.0, 0.0), rng.uniform(0.75, 1.0), "still")
    return Scene(0, around, (*body, box), camera, Light((rng.uniform(-1, 1), -1.1, rng.uniform(-0.5, 1)), 0.2))


PICTURES: dict[str, tuple[Callable[[random.Random], Scene], str]] = {
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
"""Scene and path by name; the warp was tuned on seeds 5, 6 and 7."""


def staged_place(kind: str, seed: int) -> tuple[Scene, float]:
    """Return a scene of :data:`PLACES` and the angle of its lens in degrees."""
    rng = random.Random(f"pivot {kind} {seed}")
    scene, lens = PLACES[kind](rng), rng.uniform(*LENSES)
    return replace(scene, camera=replace(scene.camera, focal=0.5 / math.tan(math.radians(lens) / 2))), lens


def centre_geometry(scene: Scene, times: torch.Tensor, height: int, width: int) -> Geometry:
    """Return the depth of the one surface that each pixel's centre shows, in the scene's own camera, as still as that is.

    Every frame has its own camera as the world's origin.
    """
    frames, centres = len(times), pixel_centres(height, width).expand(len(times), -1, -1, -1)
    lens = source_intrinsics(scene, frames, height, width)
    depth, _ = hits_at(scene, times, centres, source_poses(scene, times), lens)
    return Geometry(depth, depth > 0, lens, torch.eye(4).expand(frames, 4, 4))


@dataclass(frozen=True)
class Frame:
    """One frame of a rendered scene: ``source [H, W, 3]``, and ``target [H, W, 3]`` as ``camera [4, 4]`` sees it."""

    source: torch.Tensor
    target: torch.Tensor
    geometry: Geometry
    camera: torch.Tensor


def frames_of(name: str, seed: int) -> Iterator[Frame]:
    """Render the judged frames of one scene."""
    make, preset = PICTURES[name]
    scene, every = make(random.Random(f"warp {name} {seed}")), frame_times(CLIP)
    times, start = every[JUDGED], centre_geometry(scene, every[:1], *PICTURE_SIZE)
    space, poses = centre_geometry(scene, times, *PICTURE_SIZE), source_poses(scene, times)
    path = preset_path(preset, CLIP).camera_to_world[JUDGED].clone()
    path[:, :3, 3] *= start.pivot_depth
    for index, moment in enumerate(times):
        target = fine(scene, moment, poses[index] @ path[index])
        yield Frame(fine(scene, moment, poses[index]), target, space[index : index + 1], path[index])


def fine(scene: Scene, when: torch.Tensor, camera: torch.Tensor) -> torch.Tensor:
    """Render ``[H, W, 3]`` as ``camera [4, 4]`` sees it, outlines and thin things blended: a mean over rays a pixel."""
    height, width = (FINE * side for side in PICTURE_SIZE)
    lens = source_intrinsics(scene, 1, height, width)
    colour = render(scene, when[None], height, width, camera[None], lens, samples=1).colour
    return F.avg_pool2d(colour.movedim(-1, 1), FINE)[0].movedim(0, -1).contiguous()
