"""Draw a scene from a seed, with Python's Mersenne twister alone, so that a seed names one scene on every machine."""

from __future__ import annotations

import math
import random

from .scene import (
    CAMERA_MOVES,
    COLOURS,
    PATTERNS,
    SHAPES,
    SKIES,
    Light,
    Open,
    Room,
    Scene,
    SourceCamera,
    Texture,
    Thing,
    Vector,
)

OPEN_SHARE, MOVING_SHARE, MOVING_LIGHT_SHARE = 0.4, 0.5, 0.3
SKY_RADIUS = 24.0
_CLIP_SECONDS = 1.1
_FREE_BEFORE_CAMERA = 1.5
_PLACING_TRIES = 40


def random_scene(seed: int) -> Scene:
    """Draw a scene: a room or an open place, its camera, two to four things in view, half of them moving, and a light."""
    rng = random.Random(seed)
    around = _random_open(rng) if rng.random() < OPEN_SHARE else _random_room(rng)
    camera = _random_camera(rng, around)
    things: list[Thing] = []
    for _ in range(rng.randint(2, 4)):
        things.append(_random_thing(rng, around, camera, things))
    return Scene(seed, around, tuple(things), camera, _random_light(rng, around))


def _uniform(rng: random.Random, low: float, high: float) -> float:
    return round(rng.uniform(low, high), 3)


def _random_texture(rng: random.Random, low: float, high: float) -> Texture:
    colour, second = rng.sample(list(COLOURS), 2)
    return Texture(rng.choice(PATTERNS), colour, second, _uniform(rng, low, high), rng.randrange(1 << 16))


def _random_room(rng: random.Random) -> Room:
    return Room(
        half_size=(_uniform(rng, 2.8, 4.0), _uniform(rng, 1.3, 1.7), _uniform(rng, 2.8, 4.0)),
        floor=_random_texture(rng, 1.2, 2.4),
        ceiling=Texture("plain", rng.choice(("white", "grey", "cyan")), "white", 2.0, rng.randrange(1 << 16)),
        walls=_random_texture(rng, 1.0, 2.4),
    )


def _random_open(rng: random.Random) -> Open:
    return Open(_uniform(rng, 1.2, 1.7), SKY_RADIUS, _random_texture(rng, 1.6, 3.2), rng.choice(list(SKIES)))


def _random_camera(rng: random.Random, around: Room | Open) -> SourceCamera:
    move = rng.choice(CAMERA_MOVES)
    speed = rng.uniform(0.2, 0.7)
    direction: dict[str, Vector] = {
        "left": (-speed, 0.0, 0.0),
        "right": (speed, 0.0, 0.0),
        "up": (0.0, -speed * 0.5, 0.0),
        "down": (0.0, speed * 0.5, 0.0),
        "forward": (0.0, 0.0, speed),
        "backward": (0.0, 0.0, -speed * 0.5),
    }
    turn = rng.uniform(0.1, 0.3)
    back = around.half_size[2] if isinstance(around, Room) else 3.6
    height = (0.1, 0.7) if isinstance(around, Room) else (0.0, 0.6)
    return SourceCamera(
        position=(_uniform(rng, -0.8, 0.8), _uniform(rng, -0.6, 0.3), round(-back + _uniform(rng, 0.4, 0.9), 3)),
        target=(_uniform(rng, -0.5, 0.5), _uniform(rng, *height), _uniform(rng, 0.0, 1.0)),
        velocity=direction.get(move, (0.0, 0.0, 0.0)),
        focal=_uniform(rng, 0.75, 1.1),
        move=move,
        turn=round({"around right": turn, "around left": -turn}.get(move, 0.0), 3),
    )


def _random_size(rng: random.Random, shape: str) -> Vector:
    size = _uniform(rng, 0.35, 0.75)
    if shape == "panel":
        return size, round(size * rng.uniform(0.75, 1.0), 3), 0.04
    tall = size if shape == "sphere" else _uniform(rng, 0.35, 0.9)
    return size, tall, _uniform(rng, 0.3, 0.7) if shape == "box" else size


def _in_view(camera: SourceCamera, place: tuple[float, float]) -> bool:
    """Return whether a place on the floor lies within the middle nine tenths of the first picture's width."""
    across, along = (camera.target[axis] - camera.position[axis] for axis in (0, 2))
    x, z = place[0] - camera.position[0], place[1] - camera.position[2]
    length = math.hypot(across, along)
    ahead, aside = (x * across + z * along) / length, (x * along - z * across) / length
    return ahead > 0 and abs(aside) * camera.focal < 0.45 * ahead


def _random_place(rng: random.Random, around: Room | Open, camera: SourceCamera, size: float, others: list[Thing]) -> Vector:
    """Return the floor point of a thing: before the camera, in its view, apart from the others where that can be had."""
    nearest = camera.position[2] + _FREE_BEFORE_CAMERA + size
    wide, farthest = (1.8, around.half_size[2] - size - 0.2) if isinstance(around, Room) else (3.0, 4.0)
    x = z = 0.0
    for _ in range(_PLACING_TRIES):
        x, z = _uniform(rng, -wide, wide), _uniform(rng, nearest, max(nearest + 0.5, farthest))
        apart = all(math.dist((x, z), (o.centre[0], o.centre[2])) > size + o.half_size[0] + 0.1 for o in others)
        if apart and _in_view(camera, (x, z)):
            break
    return x, around.level, z


def _velocity(rng: random.Random, around: Room | Open, camera: SourceCamera, place: Vector, size: float) -> Vector:
    """Return a heading that neither runs into the camera nor through a wall within a clip."""
    heading, speed = rng.uniform(-math.pi, math.pi), rng.uniform(0.3, 1.2)
    across, along = speed * math.cos(heading), speed * math.sin(heading)
    if isinstance(around, Room) and abs(place[0] + across * _CLIP_SECONDS) > around.half_size[0] - size:
        across = -across
    if place[2] + along * _CLIP_SECONDS < camera.position[2] + 1.0 + size:
        along = abs(along)
    if isinstance(around, Room) and place[2] + along * _CLIP_SECONDS > around.half_size[2] - size:
        along = 0.0
    return round(across, 3), 0.0, round(along, 3)


def _random_thing(rng: random.Random, around: Room | Open, camera: SourceCamera, others: list[Thing]) -> Thing:
    shape = rng.choice(SHAPES)
    half = _random_size(rng, shape)
    x, floor, z = _random_place(rng, around, camera, half[0], others)
    texture = _random_texture(rng, 0.5, 1.2)
    if shape == "panel" and texture.pattern in ("photographic", "marbled"):
        # Half a tile spans the panel: the whole photograph, once.
        texture = Texture("photographic", texture.colour, texture.second, 4 * half[0], texture.seed)
    moving = rng.random() < MOVING_SHARE
    return Thing(
        shape=shape,
        centre=(x, round(floor - half[1], 3), z),
        half_size=half,
        yaw=_uniform(rng, -0.8, 0.8) if shape == "panel" else _uniform(rng, -math.pi, math.pi),
        texture=texture,
        velocity=_velocity(rng, around, camera, (x, floor, z), half[0]) if moving else (0.0, 0.0, 0.0),
        spin=_uniform(rng, -1.2, 1.2) * (0.4 if shape == "panel" else 1.0) if moving else 0.0,
    )


def _random_light(rng: random.Random, around: Room | Open) -> Light:
    """Return a lamp under the ceiling or a low, large sun behind the camera's shoulders; some swing to and fro."""
    if isinstance(around, Room):
        wide, tall, deep = around.half_size
        position = (_uniform(rng, -0.6, 0.6) * wide, -0.8 * tall, _uniform(rng, -0.6, 0.2) * deep)
        radius, reach = _uniform(rng, 0.12, 0.3), rng.uniform(0.8, 1.4)
    else:
        azimuth, height, far = rng.uniform(-1.9, 1.9), rng.uniform(0.5, 1.0), 12.0
        flat = far * math.cos(height)
        position = (flat * math.sin(azimuth), -far * math.sin(height), -flat * math.cos(azimuth))
        radius, reach = _uniform(rng, 0.3, 0.7), rng.uniform(3.0, 5.0)
    placed = (round(position[0], 3), round(position[1], 3), round(position[2], 3))
    if rng.random() >= MOVING_LIGHT_SHARE:
        return Light(placed, radius)
    # Towards the other side, so that a lamp stays in the room.
    return Light(placed, radius, (round(math.copysign(reach, -placed[0]), 3), 0.0, 0.0), _uniform(rng, 1.2, 2.0))
