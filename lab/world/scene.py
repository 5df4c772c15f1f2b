"""A scene as a value: frozen and comparable.

Room frame: x right, y **down**, z forward (OpenCV), scene units, origin at about the height of the eyes; the floor is the
plane ``y = around.level``. Time is in seconds; a clip has :data:`FRAMES_PER_SECOND` frames a second. Everything that
moves does so in a closed form of time, so any time can be rendered alone and in any order. :data:`WORLD_VERSION` counts the
changes after which the same seed names another picture.
"""

from __future__ import annotations

from dataclasses import dataclass

Vector = tuple[float, float, float]

WORLD_VERSION = 2
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
SKIES: dict[str, tuple[Vector, Vector]] = {  # at the horizon, overhead
    "blue": ((0.78, 0.87, 0.95), (0.27, 0.48, 0.84)),
    "grey": ((0.84, 0.84, 0.83), (0.56, 0.58, 0.62)),
    "orange": ((0.98, 0.82, 0.58), (0.62, 0.42, 0.52)),
    "cyan": ((0.88, 0.95, 0.92), (0.36, 0.72, 0.78)),
    "purple": ((0.90, 0.74, 0.78), (0.34, 0.28, 0.56)),
}
PATTERNS = ("plain", "striped", "checkered", "dotted", "tiled", "marbled", "photographic")
SHAPES = ("sphere", "box", "cylinder", "panel")
CAMERA_MOVES = ("still", "left", "right", "up", "down", "forward", "backward", "around left", "around right")


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
    """The clip's own camera: stands at ``position``, looks at ``target``; both may drift. ``focal`` is in image widths.

    ``turn``: radians a second about the vertical through the target, positive to the camera's right.
    """

    position: Vector
    target: Vector
    velocity: Vector
    focal: float
    move: str
    turn: float = 0.0


@dataclass(frozen=True)
class Light:
    """A ball of light at ``position + swing * sin(rate * t)``; the larger its ``radius``, the softer the shadows."""

    position: Vector
    radius: float
    swing: Vector = (0.0, 0.0, 0.0)
    rate: float = 0.0

    @property
    def moves(self) -> bool:
        return self.rate != 0 and any(self.swing)


@dataclass(frozen=True)
class Room:
    """A box seen from inside, centred on the origin."""

    half_size: Vector
    floor: Texture
    ceiling: Texture
    walls: Texture

    @property
    def level(self) -> float:
        """Return the floor's y."""
        return self.half_size[1]

    @property
    def textures(self) -> tuple[Texture, ...]:
        return self.floor, self.ceiling, self.walls


@dataclass(frozen=True)
class Open:
    """A ground plane at ``y = level`` that fades into a sky: a dome of finite ``radius``, so that every depth is finite."""

    level: float
    radius: float
    floor: Texture
    sky: str

    @property
    def textures(self) -> tuple[Texture, ...]:
        return (self.floor,)


@dataclass(frozen=True)
class Scene:
    """A room or an open place with things in it, a camera and a light; ``seed`` is what it was drawn from."""

    seed: int
    around: Room | Open
    things: tuple[Thing, ...]
    camera: SourceCamera
    light: Light
