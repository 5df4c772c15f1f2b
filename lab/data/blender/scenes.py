"""Random scenes for Blender as plain values: rooms, streets and open land, with things, materials, light and a moving camera.

Metres, z up, the camera near the origin looking along +y. A scene is a dictionary that JSON keeps, so that the part that runs
inside Blender (``in_blender.py``) only builds what it reads. The seed gives everything.

A solid is ``{"shape", "place" [3], "size" [3] half extents, "turn" [3] radians, "material"}``; a material is ``{"pattern",
"colours" [2] RGB, "scale", "rough", "metal"}``, or a photograph's ``"image"`` in place of the pattern.
"""

from __future__ import annotations

import math
import random
from typing import Any

Solid = dict[str, Any]
KINDS = ("room", "street", "land")
"""What a seed draws from; a ``wall`` is asked for by name."""
WALL = "wall"
SHAPES = ("box", "box", "sphere", "cylinder", "cone", "torus", "monkey", "rock")
PATTERNS = ("plain", "plain", "noise", "checker", "brick", "wave", "voronoi")
LENS, LONG_LENS = (35.0, 90.0), (25.0, 60.0)
"""Horizontal field of view in degrees; the long one of a camera that stands back from a wall."""
THIN = (0.01, 0.04)
"""Half width of poles, legs and bars in metres."""


class Draw:
    """Random parts of a scene, all from one generator."""

    def __init__(self, seed: int, images: list[str]):
        self.rng, self.images = random.Random(f"blender {seed}"), images

    def span(self, low: float, high: float) -> float:
        return self.rng.uniform(low, high)

    def log_span(self, low: float, high: float) -> float:
        return math.exp(self.rng.uniform(math.log(low), math.log(high)))

    def colour(self) -> list[float]:
        grey = self.span(0.05, 0.9)
        return [min(1.0, max(0.02, grey + self.rng.gauss(0, 0.18))) for _ in range(3)]

    def material(self, photographs: float = 0.25) -> dict[str, Any]:
        """Draw a surface; ``photographs`` is the share of those that carry a picture."""
        surface: dict[str, Any] = {
            "pattern": self.rng.choice(PATTERNS),
            "colours": [self.colour(), self.colour()],
            "scale": self.log_span(0.5, 12),
            "rough": self.span(0.2, 1),
            "metal": float(self.rng.random() < 0.08),
        }
        if self.images and self.rng.random() < photographs:
            surface["image"] = self.rng.choice(self.images)
        return surface

    def solid(self, shape: str, place: list[float], size: list[float], turn: float = 0.0, **material: Any) -> Solid:
        """Return a solid on a turned axis; with ``material``, or a drawn one."""
        return {"shape": shape, "place": place, "size": size, "turn": [0.0, 0.0, turn], "material": material or self.material()}

    def thing(self, x: float, y: float, floor: float, size: float) -> list[Solid]:
        """Return a solid, a table, a person, a tree, a lamp post or a fence that stands at ``x, y``."""
        maker = self.rng.choice((self._lump, self._lump, self._table, self._person, self._tree, self._post, self._fence))
        return maker(x, y, floor, size)

    def _lump(self, x: float, y: float, floor: float, size: float) -> list[Solid]:
        half = [size * self.span(0.3, 1) for _ in range(3)]
        solid = self.solid(self.rng.choice(SHAPES), [x, y, floor + half[2]], half, self.span(0, 6.3))
        if self.rng.random() < 0.3:
            solid["turn"] = [self.span(0, 6.3) for _ in range(3)]
        return [solid]

    def _table(self, x: float, y: float, floor: float, size: float) -> list[Solid]:
        wide, deep, high, leg = (
            size * self.span(0.6, 1.2),
            size * self.span(0.4, 0.8),
            size * self.span(0.5, 1),
            self.span(*THIN),
        )
        material = self.material()
        top = self.solid("box", [x, y, floor + high], [wide, deep, 0.02 + leg / 2], **material)
        corners = [(sx * (wide - leg), sy * (deep - leg)) for sx in (-1, 1) for sy in (-1, 1)]
        return [
            top,
            *(self.solid("box", [x + dx, y + dy, floor + high / 2], [leg, leg, high / 2], **material) for dx, dy in corners),
        ]

    def _person(self, x: float, y: float, floor: float, size: float) -> list[Solid]:
        tall, coat, legs, turn = self.span(1.5, 1.9), self.material(0), self.material(0), self.span(0, 6.3)
        skin = self.material(0) | {"pattern": "plain", "colours": [[self.span(0.25, 0.8), self.span(0.2, 0.5), 0.2]] * 2}
        across = (math.cos(turn), math.sin(turn))
        parts = [
            self.solid("sphere", [x, y, floor + 0.93 * tall], [0.1, 0.11, 0.13], turn, **skin),
            self.solid("sphere", [x, y, floor + 0.66 * tall], [0.24, 0.15, 0.19 * tall], turn, **coat),
        ]
        for side in (-1, 1):
            for away, height, half, thick, material in ((0.12, 0.25, 0.25, 0.08, legs), (0.28, 0.62, 0.18, 0.05, coat)):
                place = [x + side * away * across[0], y + side * away * across[1], floor + height * tall]
                parts.append(self.solid("cylinder", place, [thick, thick, half * tall], turn, **material))
        return parts

    def _tree(self, x: float, y: float, floor: float, size: float) -> list[Solid]:
        high, thick = size * self.span(1.5, 3), size * self.span(0.06, 0.15)
        leaves = self.material(0) | {"pattern": "noise", "colours": [[0.05, self.span(0.15, 0.4), 0.04], [0.2, 0.3, 0.05]]}
        crown = [
            self.solid(
                "rock",
                [x + self.span(-0.5, 0.5) * size, y + self.span(-0.5, 0.5) * size, floor + high + self.span(-0.3, 0.6) * size],
                [size * self.span(0.4, 0.9)] * 3,
                self.span(0, 6.3),
                **leaves,
            )
            for _ in range(self.rng.randint(1, 4))
        ]
        return [self.solid("cylinder", [x, y, floor + high / 2], [thick, thick, high / 2]), *crown]

    def _post(self, x: float, y: float, floor: float, size: float) -> list[Solid]:
        high, thick, material = self.span(1, 4), self.span(*THIN), self.material(0)
        return [
            self.solid("cylinder", [x, y, floor + high / 2], [thick, thick, high / 2], **material),
            self.solid(self.rng.choice(("box", "sphere")), [x, y, floor + high], [0.05 + thick * 3] * 3, **self.material()),
        ]

    def _fence(self, x: float, y: float, floor: float, size: float) -> list[Solid]:
        count, gap, high, thick = self.rng.randint(4, 12), self.span(0.12, 0.5), self.span(0.6, 1.5), self.span(*THIN)
        turn, material = self.span(-0.8, 0.8), self.material(0)
        step, half = (math.cos(turn) * gap, math.sin(turn) * gap), (count - 1) / 2
        bars = [
            self.solid(
                "box",
                [x + (i - half) * step[0], y + (i - half) * step[1], floor + high / 2],
                [thick, thick, high / 2],
                turn,
                **material,
            )
            for i in range(count)
        ]
        return [*bars, self.solid("box", [x, y, floor + high], [half * gap, thick, thick], turn, **material)]


def random_scene(seed: int, frames: int, images: list[str], kind: str | None = None) -> dict[str, Any]:
    """Return the scene of a seed: ``kind``, ``solids``, ``light``, ``lens`` in radians and ``poses [frames]``.

    The seed draws the kind, one of :data:`KINDS`, unless it is given. A pose is ``{"place" [3], "look" [3]}``: where the camera
    stands and a point that it looks at.
    """
    draw = Draw(seed, images)
    drawn = draw.rng.choice(KINDS)
    kind = kind or drawn
    solids = {"room": _room, "street": _street, "land": _land, WALL: _wall}[kind](draw)
    eye = draw.span(0.4, 1.9) if kind != "land" else draw.log_span(0.3, 4)
    return {
        "seed": seed,
        "kind": kind,
        "solids": solids,
        "light": _light(draw, kind),
        "lens": math.radians(draw.span(*(LENS if kind != WALL else LONG_LENS))),
        "poses": _poses(draw, frames, eye),
    }


def _poses(draw: Draw, frames: int, eye: float) -> list[dict[str, list[float]]]:
    """Return a camera that drifts a little a frame, looking ahead, up or down, tilted seldom."""
    look = [draw.span(-2, 2), draw.span(4, 7), eye + draw.rng.gauss(-0.4, 0.8)]
    drift, turn = ([draw.rng.gauss(0, size) for size in (0.05, 0.05, 0.02)] for _ in range(2))
    return [
        {
            "place": [t * d + o for d, o in zip(drift, (0, 0, eye), strict=True)],
            "look": [t * d + o for d, o in zip(turn, look, strict=True)],
        }
        for t in range(frames)
    ]


def _light(draw: Draw, kind: str) -> dict[str, Any]:
    sun = {"height": draw.span(0.15, 1.3), "around": draw.span(0, 6.3), "strength": draw.log_span(0.7, 4)}
    sky = {"pattern": draw.rng.choice(("sky", "gradient", "plain")), "colours": [draw.colour(), [0.4, 0.55, draw.span(0.6, 1)]]}
    lamps = [
        [draw.span(-2, 2), draw.span(0, 6), draw.span(2, 2.4), draw.log_span(60, 300)] for _ in range(draw.rng.randint(1, 3))
    ]
    return {"sun": sun, "sky": sky, "lamps": lamps if kind in ("room", WALL) else []}


def _room(draw: Draw) -> list[Solid]:
    """Return floor, walls, perhaps a ceiling, shelves, and things between the camera and the far wall."""
    wide, deep, high = draw.span(1.5, 4), draw.log_span(3, 12), draw.span(2.3, 3.5)
    middle, wall = deep / 2 - 1.5, draw.material()
    solids = [
        draw.solid("box", [0, middle, -0.05], [wide, deep / 2 + 1.5, 0.05], **draw.material(0.4)),
        draw.solid("box", [0, deep, high / 2], [wide, 0.05, high / 2]),
        *(draw.solid("box", [side * wide, middle, high / 2], [0.05, deep / 2 + 1.5, high / 2], **wall) for side in (-1, 1)),
    ]
    if draw.rng.random() < 0.8:
        solids.append(draw.solid("box", [0, middle, high + 0.05], [wide, deep / 2 + 1.5, 0.05], **draw.material(0)))
    for _ in range(draw.rng.randint(0, 3)):  # shelves and pictures on the walls
        side = draw.rng.choice((-1, 1))
        place = [side * (wide - 0.2), draw.span(1, deep - 0.5), draw.span(0.5, high - 0.4)]
        solids.append(draw.solid("box", place, [draw.span(0.02, 0.25), draw.span(0.2, 0.8), draw.span(0.02, 0.9)]))
    for _ in range(draw.rng.randint(2, 8)):
        x, y = draw.span(-wide + 0.4, wide - 0.4), draw.log_span(1.0, deep - 0.4)
        solids += draw.thing(x, y, 0.0, draw.log_span(0.12, 0.7))
    return solids


def _wall(draw: Draw) -> list[Solid]:
    """Return a wall with shelves, cases and pictures, a ground, and a few large things shortly before it: little depth in all.

    So are most pictures of a person, a machine or goods taken: from some way off, with what is behind them close behind.
    """
    far, high = draw.span(3.5, 7.5), draw.span(2.4, 5)
    solids = [
        draw.solid("box", [0, far / 2, -0.05], [12, far + 2, 0.05], **draw.material(0.3)),
        draw.solid("box", [0, far, high / 2], [12, 0.05, high / 2], draw.rng.gauss(0, 0.15), **draw.material(0.3)),
    ]
    for _ in range(draw.rng.randint(0, 4)):  # cupboards, doors, pictures and windows
        size = [draw.span(0.2, 1.0), draw.span(0.02, 0.25), draw.span(0.2, 1.0)]
        solids.append(draw.solid("box", [draw.span(-3, 3), far - 0.1, draw.span(0.2, high - 0.3)], size))
    for _ in range(draw.rng.randint(0, 3)):  # shelves, with goods on them
        x, z, half, deep = draw.span(-2.5, 2.5), draw.span(0.4, 2.2), draw.span(0.4, 1.4), draw.span(0.12, 0.3)
        solids.append(draw.solid("box", [x, far - deep, z], [half, deep, 0.02]))
        for _ in range(draw.rng.randint(2, 8)):
            size = [draw.span(0.05, 0.2), draw.span(0.05, deep), draw.span(0.06, 0.25)]
            place = [x + draw.span(-half, half), far - deep, z + 0.02 + size[2]]
            solids.append(draw.solid(draw.rng.choice(("box", "box", "cylinder", "sphere")), place, size))
    for _ in range(draw.rng.randint(1, 4)):
        solids += draw.thing(draw.span(-1.8, 1.8), far * draw.span(0.45, 0.9), 0.0, draw.log_span(0.3, 0.9))
    return solids


def _street(draw: Draw) -> list[Solid]:
    """Return a ground, houses on both sides with windows, and people, posts and cars along it."""
    half, far = draw.span(2.5, 7), draw.log_span(20, 80)
    solids = [
        draw.solid("box", [0, far / 2 - 3, -0.05], [60, far, 0.05], **draw.material(0.3) | {"scale": draw.log_span(4, 40)})
    ]
    for side in (-1, 1):
        y = draw.span(-2, 3)
        while y < far and draw.rng.random() < 0.93:
            long, high, deep = draw.span(2, 8), draw.log_span(2.5, 14), draw.span(2, 5)
            place = [side * (half + deep), y + long / 2, high / 2]
            solids.append(draw.solid("box", place, [deep, long / 2, high / 2]))
            solids += _windows(draw, side * half, y, long, high)
            y += long + (draw.span(0.5, 5) if draw.rng.random() < 0.4 else 0)
    for _ in range(draw.rng.randint(3, 12)):
        solids += draw.thing(draw.span(-half, half), draw.log_span(1.3, far), 0.0, draw.log_span(0.3, 1.3))
    if draw.rng.random() < 0.5:
        solids.append(draw.solid("box", [draw.span(-8, 8), far, 4], [draw.span(3, 10), 1, draw.span(3, 10)]))
    return solids


def _windows(draw: Draw, x: float, y: float, long: float, high: float) -> list[Solid]:
    if draw.rng.random() < 0.4:
        return []
    pane, size = draw.material(0) | {"rough": 0.2}, draw.span(0.3, 0.6)
    columns, rows = max(1, int(long / (3 * size))), max(1, int(high / (3.5 * size)))
    places = [(y + long * (i + 0.5) / columns, high * (j + 0.5) / rows) for i in range(columns) for j in range(min(rows, 5))]
    return [draw.solid("box", [x, *place], [0.06, size, size * 1.3], **pane) for place in places[:24]]


def _land(draw: Draw) -> list[Solid]:
    """Return a wide ground with hills behind, and things from near to far under the sky."""
    ground = draw.material(0.2) | {"scale": draw.log_span(2, 60)}
    solids = [draw.solid("box", [0, 100, -0.05], [400, 400, 0.05], **ground)]
    for _ in range(draw.rng.randint(0, 6)):
        size = draw.log_span(5, 60)
        solids.append(draw.solid("rock", [draw.span(-150, 150), draw.span(60, 250), 0], [size * 2, size * 2, size * 0.5]))
    for _ in range(draw.rng.randint(4, 16)):
        y = draw.log_span(1.3, 45)
        solids += draw.thing(draw.span(-0.8, 0.8) * y, y, 0.0, draw.log_span(0.15, 1.5))
    return solids
