"""Casting rays through a level: the picture and the planar depth that a camera sees.

The camera stands upright, so a column of pixels is one ray in the plan. The lines that it meets, near to far, close the column
from above and below: ceiling and floor up to a line, then the step to the next sector's ceiling and floor, or a wall. Things
are pictures that face the camera, as the game shows them. Sky is at :data:`~lab.data.blender.render.SKY`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lab.data.blender.render import SKY

from .wad import FLAT, NO_SIDE, Level, Wad

SKY_FLAT, SKY_WALL = "F_SKY1", "SKY1"
DIM = 2500.0  # map units over which a light fades
SPRITES = {
    **{3004: "POSSA1", 9: "SPOSA1", 3001: "TROOA1", 3002: "SARGA1", 3003: "BOSSA1", 3005: "HEADA1", 2035: "BAR1A0"},
    **{2028: "COLUA0", 48: "ELECA0", 30: "COL1A0", 31: "COL2A0", 32: "COL3A0", 33: "COL4A0", 44: "TBLUA0", 46: "TREDA0"},
    **{43: "TRE1A0", 54: "TRE2A0", 47: "SMITA0", 2018: "ARM1A0", 2019: "ARM2A0", 2048: "AMMOA0", 2001: "SHOTA0"},
    **{85: "TLMPA0", 86: "TLP2A0", 34: "CANDA0", 35: "CBRAA0", 2012: "MEDIA0", 2011: "STIMA0", 2014: "BON1A0"},
}
"""Pictures of the commonest things, by their numbers."""


@dataclass(frozen=True)
class Camera:
    """Place ``[2]`` and eye height in map units, direction in radians from the east, tangent of half the field of view."""

    place: np.ndarray
    eye: float
    angle: float
    half: float

    @property
    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Unit vectors ahead and to the right."""
        ahead = np.array([math.cos(self.angle), math.sin(self.angle)])
        return ahead, np.array([ahead[1], -ahead[0]])


class View:
    """One picture: :attr:`colour` ``[h, w, 3]`` float in 0...255 and :attr:`depth` ``[h, w]`` in map units."""

    def __init__(self, wad: Wad, level: Level, camera: Camera, height: int, width: int):
        self.wad, self.level, self.camera = wad, level, camera
        self.colour, self.depth = np.zeros((height, width, 3)), np.full((height, width), SKY)
        self.focal = width / 2 / camera.half
        self.rise = (height / 2 - np.arange(height) - 0.5) / self.focal  # upwards, per unit of depth
        ends = level.corners[level.lines["ends"]]
        self.start, self.along = ends[:, 0], ends[:, 1] - ends[:, 0]
        self.length = np.linalg.norm(self.along, axis=1)
        self.behind = (cross(self.along, camera.place - self.start) > 0).astype(int)  # which side is seen
        ahead, right = camera.axes
        for column in range(width):
            self._column(column, ahead + right * (column + 0.5 - width / 2) / self.focal)
        for thing in level.things:
            self._thing(thing)

    def _column(self, column: int, ray: np.ndarray) -> None:
        with np.errstate(divide="ignore", invalid="ignore"):
            steep = cross(ray, self.along)
            away = self.start - self.camera.place
            distance, part = cross(away, self.along) / steep, cross(away, ray) / steep
        met = np.flatnonzero((distance > 1e-3) & (part >= 0) & (part < 1))
        top, bottom = 0, len(self.rise)
        for line in met[np.argsort(distance[met])]:
            top, bottom = self._line(column, ray, (int(line), distance[line], part[line]), (top, bottom))
            if top >= bottom:
                return

    def _line(self, column: int, ray: np.ndarray, hit: tuple[int, float, float], rows: tuple[int, int]) -> tuple[int, int]:
        """Draw what one line closes of the open ``rows``; return those still open."""
        number, distance, part = hit
        top, bottom = rows
        seen, other = self.level.lines["sides"][number][[self.behind[number], 1 - self.behind[number]]]
        if seen == NO_SIDE:
            return rows
        side = self.level.sides[seen]
        here = self.level.sectors[side["sector"]]
        high = self._plane(column, ray, here, (top, self._row(here["ceiling"], distance, rows)), ceiling=True)
        low = self._row(here["floor"], distance, (high, bottom))
        self._plane(column, ray, here, (low, bottom), ceiling=False)
        across = part if not self.behind[number] else 1 - part
        spot = distance, across * self.length[number] + side["offset"][0], int(side["offset"][1])
        if other == NO_SIDE:
            self._wall(column, (high, low), side["middle"], here, spot, here["ceiling"])
            return low, low
        there = self.level.sectors[self.level.sides[other]["sector"]]
        upper = self._row(there["ceiling"], distance, (high, low))
        if text(here["above"]) == text(there["above"]) == SKY_FLAT:
            self._sky(column, (high, upper))
        else:
            self._wall(column, (high, upper), side["upper"], here, spot, here["ceiling"])
        lower = self._row(there["floor"], distance, (upper, low))
        self._wall(column, (lower, low), side["lower"], here, spot, there["floor"])
        return upper, lower

    def _row(self, height: float, distance: float, rows: tuple[int, int]) -> int:
        """Return the first row below ``height`` at ``distance``, within the open rows."""
        middle = len(self.rise) / 2 - (float(height) - self.camera.eye) * self.focal / distance
        return int(np.clip(math.ceil(middle - 0.5), *rows))

    def _plane(self, column: int, ray: np.ndarray, sector: np.void, rows: tuple[int, int], ceiling: bool) -> int:
        """Draw a ceiling or a floor; return the row below it."""
        first, last = rows
        name = text(sector["above" if ceiling else "below"])
        if first >= last:
            return last
        if name == SKY_FLAT:
            self._sky(column, rows)
            return last
        height = float(sector["ceiling" if ceiling else "floor"]) - self.camera.eye
        distance = height / self.rise[first:last]
        point = self.camera.place + distance[:, None] * ray
        picture = or_grey(self.wad.flat(name))
        x, y = (point[:, axis].astype(int) % FLAT for axis in (0, 1))
        self._put(column, rows, picture[y, x, :3], distance, sector)
        return last

    def _wall(
        self, column: int, rows: tuple[int, int], name: bytes, sector: np.void, spot: tuple[float, float, int], edge: float
    ) -> None:
        """Draw the rows of a wall whose picture hangs down from the height ``edge``."""
        first, last = rows
        if first >= last:
            return
        distance, u, v = spot
        picture = or_grey(self.wad.texture(text(name)))
        fall = float(edge) - self.camera.eye - self.rise[first:last] * distance + v
        pixels = picture[fall.astype(int) % picture.shape[0], int(u) % picture.shape[1], :3]
        self._put(column, rows, pixels, np.full(last - first, distance), sector)

    def _sky(self, column: int, rows: tuple[int, int]) -> None:
        picture = self.wad.texture(SKY_WALL)
        if picture is None or rows[0] >= rows[1]:
            return
        turn = self.camera.angle - math.atan((column + 0.5 - self.colour.shape[1] / 2) / self.focal)
        down = (np.arange(*rows) * picture.shape[0] // len(self.rise)) % picture.shape[0]
        self.colour[slice(*rows), column] = picture[down, int(turn * 512 / math.pi) % picture.shape[1], :3]

    def _put(self, column: int, rows: tuple[int, int], pixels: np.ndarray, distance: np.ndarray, sector: np.void) -> None:
        self.colour[slice(*rows), column] = lit(pixels, distance, sector)
        self.depth[slice(*rows), column] = distance

    def _thing(self, thing: np.void) -> None:
        picture = self.wad.picture(SPRITES.get(int(thing["kind"]), ""))
        ahead, right = self.camera.axes
        away = thing["place"] - self.camera.place
        distance = float(away @ ahead)
        if picture is None or distance < 24:
            return
        sector = sector_at(self.level, thing["place"].astype(float))
        height, width = picture.shape[:2]
        scale = self.focal / distance
        left = self.colour.shape[1] / 2 + float(away @ right) * scale - width / 2 * scale
        foot = len(self.rise) / 2 - (float(sector["floor"]) - self.camera.eye) * scale
        x = ((np.arange(self.colour.shape[1]) + 0.5 - left) / scale).astype(int)
        y = ((np.arange(len(self.rise)) + 0.5 - foot) / scale + height).astype(int)
        inside = ((y >= 0) & (y < height))[:, None] & ((x >= 0) & (x < width))[None]
        inside &= (np.arange(self.colour.shape[1]) + 0.5 > left)[None]
        pixels = picture[y.clip(0, height - 1)[:, None], x.clip(0, width - 1)[None]]
        shown = inside & (pixels[..., 3] > 0) & (distance < self.depth)
        self.colour[shown] = lit(pixels[shown][:, :3], np.full(int(shown.sum()), distance), sector)
        self.depth[shown] = distance


def cross(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """Return the cross product of plane vectors ``[..., 2]``."""
    return one[..., 0] * two[..., 1] - one[..., 1] * two[..., 0]


def or_grey(picture: np.ndarray | None) -> np.ndarray:
    """Return the picture, or plain grey in place of one that the file lacks."""
    return np.full((FLAT, FLAT, 4), 90, np.uint8) if picture is None else picture


def text(name: bytes) -> str:
    """Return a lump's name as WADs look it up."""
    return bytes(name).split(b"\0")[0].decode("ascii", "replace").upper()


def lit(pixels: np.ndarray, distance: np.ndarray, sector: np.void) -> np.ndarray:
    """Return ``pixels [N, 3]`` in the sector's light, which fades with the distance."""
    return pixels * np.clip(0.25 + 0.75 * float(sector["light"]) / 255 - distance / DIM, 0.15, 1)[:, None]


def sector_at(level: Level, place: np.ndarray) -> np.void:
    """Return the sector that ``place [2]`` stands in: that of the nearest line to the east."""
    ends = level.corners[level.lines["ends"]]
    (x0, y0), (x1, y1) = ends[:, 0].T, ends[:, 1].T
    spans = (y0 > place[1]) != (y1 > place[1])
    with np.errstate(divide="ignore", invalid="ignore"):
        x = x0 + (place[1] - y0) / (y1 - y0) * (x1 - x0)
    east = np.where(spans & (x > place[0]), x, np.inf)
    line = int(east.argmin())
    along = ends[line, 1] - ends[line, 0]
    behind = int(cross(along, place - ends[line, 0]) > 0)
    side = level.lines["sides"][line][behind]
    return level.sectors[level.sides["sector"][side if side != NO_SIDE else level.lines["sides"][line][1 - behind]]]
