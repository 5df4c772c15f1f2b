"""A scene as a value: frozen, comparable, printable as JSON and rebuilt from that print.

Room frame: x right, y **down**, z forward (OpenCV), scene units, origin in the middle of the room; the floor is the
plane ``y = +half_size[1]``. Time is in seconds; a clip has :data:`FRAMES_PER_SECOND` frames a second. Everything that
moves does so in a closed form of time, so any time can be rendered alone and in any order.
"""

from __future__ import annotations

import dataclasses
import json
import math
import random
from dataclasses import dataclass
from typing import Any

from ..errors import InputError

Vector = tuple[float, float, float]

FRAMES_PER_SECOND = 16.0
COLOURS: dict[str, Vector] = {
    "red": (0.80, 0.16, 0.14),
    "green": (0.20, 0.62, 0.24),
    "blue": (0.16, 0.30, 0.78),
    "yellow": (0.92, 0.78, 0.18),
    "orange": (0.92, 0.48, 0.12),
    "purple": (0.52, 0.22, 0.66),
    "cyan": (0.20, 0.72, 0.76),
    "white": (0.92, 0.91, 0.88),
    "grey": (0.50, 0.50, 0.50),
    "brown": (0.46, 0.30, 0.18),
}
PATTERNS = ("plain", "striped", "checkered", "dotted", "tiled", "marbled", "photographic")
SHAPES = ("sphere", "box", "cylinder")
CAMERA_MOVES = ("still", "left", "right", "up", "down", "forward", "backward")


@dataclass(frozen=True)
class Texture:
    """A pattern in two named colours; ``period`` is the width of one repeat in scene units."""

    pattern: str
    colour: str
    second: str
    period: float
    seed: int


@dataclass(frozen=True)
class Thing:
    """One object: ``half_size`` along its own axes, turning about the vertical, moving at a constant velocity."""

    shape: str
    centre: Vector
    half_size: Vector
    yaw: float
    texture: Texture
    velocity: Vector = (0.0, 0.0, 0.0)
    spin: float = 0.0


@dataclass(frozen=True)
class SourceCamera:
    """The clip's own camera: stands at ``position``, looks at ``target``; both may drift. ``focal`` is in image widths."""

    position: Vector
    target: Vector
    velocity: Vector
    focal: float
    move: str


@dataclass(frozen=True)
class Scene:
    """A textured room with things in it. ``str(scene)`` is JSON and ``Scene.parse(str(scene)) == scene``."""

    seed: int
    half_size: Vector
    floor: Texture
    ceiling: Texture
    walls: Texture
    things: tuple[Thing, ...]
    camera: SourceCamera
    light: Vector

    def __str__(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def parse(cls, text: str) -> Scene:
        """Rebuild a scene from its printed form; raises :class:`InputError` when the text is no printed scene."""
        try:
            raw = json.loads(text)
            values: dict[str, Any] = {name: _tuple(raw[name]) for name in ("half_size", "light")}
            values |= {name: Texture(**raw[name]) for name in ("floor", "ceiling", "walls")}
            things = tuple(_thing(item) for item in raw["things"])
            camera = SourceCamera(**{key: _tuple(value) for key, value in raw["camera"].items()})
            return cls(seed=raw["seed"], things=things, camera=camera, **values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError("scene", f"a text that is no printed scene ({error})", "Give str(scene).") from error


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _thing(raw: dict[str, Any]) -> Thing:
    values = {key: _tuple(value) for key, value in raw.items()}
    return Thing(**(values | {"texture": Texture(**raw["texture"])}))


def random_scene(seed: int) -> Scene:
    """Draw a scene: a room, two to four things on its floor (half of them moving), and a source camera.

    The same seed gives the same scene on every machine (Python's Mersenne twister, no torch state).
    """
    rng = random.Random(seed)
    half = (_uniform(rng, 2.8, 4.0), _uniform(rng, 1.3, 1.7), _uniform(rng, 2.8, 4.0))
    things: list[Thing] = []
    for _ in range(rng.randint(2, 4)):
        things.append(_random_thing(rng, half, things))
    return Scene(
        seed=seed,
        half_size=half,
        floor=_random_texture(rng, 1.2, 2.4),
        ceiling=Texture("plain", rng.choice(("white", "grey", "cyan")), "white", 2.0, rng.randrange(1 << 16)),
        walls=_random_texture(rng, 1.0, 2.4),
        things=tuple(things),
        camera=_random_camera(rng, half),
        light=(_uniform(rng, -0.6, 0.6), -1.0, _uniform(rng, -0.8, -0.2)),
    )


def _uniform(rng: random.Random, low: float, high: float) -> float:
    return round(rng.uniform(low, high), 3)


def _random_texture(rng: random.Random, low: float, high: float) -> Texture:
    colour, second = rng.sample(list(COLOURS), 2)
    return Texture(rng.choice(PATTERNS), colour, second, _uniform(rng, low, high), rng.randrange(1 << 16))


def _random_thing(rng: random.Random, half: Vector, others: list[Thing]) -> Thing:
    size = _uniform(rng, 0.35, 0.75)
    shape = rng.choice(SHAPES)
    tall = size if shape == "sphere" else _uniform(rng, 0.35, 0.9)
    place = (0.0, 0.0)
    for _ in range(20):
        place = (_uniform(rng, -1.6, 1.6), _uniform(rng, -0.8, 1.8))
        if all(math.dist(place, (o.centre[0], o.centre[2])) > size + o.half_size[0] + 0.1 for o in others):
            break
    moving = rng.random() < 0.5
    heading, speed = rng.uniform(-math.pi, math.pi), rng.uniform(0.3, 1.2) if moving else 0.0
    return Thing(
        shape=shape,
        centre=(place[0], round(half[1] - tall, 3), place[1]),
        half_size=(size, tall, size if shape != "box" else _uniform(rng, 0.3, 0.7)),
        yaw=_uniform(rng, -math.pi, math.pi),
        texture=_random_texture(rng, 0.5, 1.2),
        velocity=(round(speed * math.cos(heading), 3), 0.0, round(speed * math.sin(heading), 3)),
        spin=_uniform(rng, -1.2, 1.2) if moving else 0.0,
    )


def _random_camera(rng: random.Random, half: Vector) -> SourceCamera:
    move = rng.choice(CAMERA_MOVES)
    speed = rng.uniform(0.2, 0.7)
    direction: dict[str, Vector] = {
        "still": (0.0, 0.0, 0.0),
        "left": (-speed, 0.0, 0.0),
        "right": (speed, 0.0, 0.0),
        "up": (0.0, -speed * 0.5, 0.0),
        "down": (0.0, speed * 0.5, 0.0),
        "forward": (0.0, 0.0, speed),
        "backward": (0.0, 0.0, -speed * 0.5),
    }
    return SourceCamera(
        position=(_uniform(rng, -0.8, 0.8), _uniform(rng, -0.6, 0.3), round(-half[2] + _uniform(rng, 0.4, 0.9), 3)),
        target=(_uniform(rng, -0.5, 0.5), _uniform(rng, 0.1, 0.7), _uniform(rng, 0.0, 1.0)),
        velocity=direction[move],
        focal=_uniform(rng, 0.75, 1.1),
        move=move,
    )
