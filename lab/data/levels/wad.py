"""Reading a WAD, the file of Doom and of the free game Freedoom: levels, textures and pictures of things, as arrays.

A WAD is a list of named lumps. A level is a plan: lines between corners, each with a sector (its floor and its ceiling) on one
or both sides. Heights and places are in map units. The format is described in "The Unofficial Doom Specs" (Fell, 1994).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

THING = np.dtype([("place", "<i2", 2), ("angle", "<i2"), ("kind", "<i2"), ("flags", "<i2")])
LINE = np.dtype([("ends", "<u2", 2), ("flags", "<u2"), ("special", "<i2"), ("tag", "<i2"), ("sides", "<u2", 2)])
SIDE = np.dtype([("offset", "<i2", 2), ("upper", "S8"), ("lower", "S8"), ("middle", "S8"), ("sector", "<u2")])
SECTOR = np.dtype(
    [("floor", "<i2"), ("ceiling", "<i2"), ("below", "S8"), ("above", "S8"), ("light", "<i2"), ("rest", "<i2", 2)]
)
NO_SIDE = 0xFFFF
PARTS = ("THINGS", "LINEDEFS", "SIDEDEFS")
FLAT = 64
"""Side of a floor's or ceiling's picture, in pixels and map units."""


@dataclass(frozen=True)
class Level:
    """A level's ``things``, ``lines``, ``sides`` and ``sectors`` as structured arrays, and its ``corners [N, 2]``."""

    things: np.ndarray
    lines: np.ndarray
    sides: np.ndarray
    corners: np.ndarray
    sectors: np.ndarray


class Wad:
    """One file. Pictures are ``[h, w, 4]`` uint8, the last channel 255 where there is something."""

    def __init__(self, path: Path):
        self._bytes = path.read_bytes()
        _, count, start = np.frombuffer(self._bytes, "<i4", 3)
        table = np.frombuffer(self._bytes, np.dtype([("at", "<i4"), ("size", "<i4"), ("name", "S8")]), count, start)
        self._entries = [(int(at), int(size), name.decode("ascii", "replace").upper()) for at, size, name in table]
        self._places = {name: index for index, (_, _, name) in enumerate(self._entries)}
        self._pictures: dict[str, np.ndarray | None] = {}

    def lump(self, index: int | str) -> bytes:
        """Return a lump's bytes, by its name or its number."""
        at, size, _ = self._entries[self._places[index] if isinstance(index, str) else index]
        return self._bytes[at : at + size]

    @property
    def levels(self) -> list[str]:
        """Names of the levels in the file's order."""
        return [name for index, (_, _, name) in enumerate(self._entries[:-1]) if self._entries[index + 1][2] == PARTS[0]]

    def level(self, name: str) -> Level:
        """Read one level."""
        first = self._places[name] + 1
        parts = {self._entries[index][2]: self.lump(index) for index in range(first, min(first + 10, len(self._entries)))}
        corners = np.frombuffer(parts["VERTEXES"], "<i2").reshape(-1, 2).astype(np.float64)
        things, lines, sides = (np.frombuffer(parts[part], kind) for part, kind in zip(PARTS, (THING, LINE, SIDE), strict=True))
        return Level(things, lines, sides, corners, np.frombuffer(parts["SECTORS"], SECTOR))

    def flat(self, name: str) -> np.ndarray | None:
        """Return the picture of a floor or a ceiling, or None."""
        key = f"flat {name}"
        if key not in self._pictures:
            found = self.lump(name)[: FLAT * FLAT] if name in self._places else b""
            whole = len(found) == FLAT * FLAT
            self._pictures[key] = self._coloured(np.frombuffer(found, np.uint8).reshape(FLAT, FLAT)) if whole else None
        return self._pictures[key]

    def picture(self, name: str) -> np.ndarray | None:
        """Return a thing's picture, or None: columns of runs of pixels."""
        if name not in self._pictures:
            self._pictures[name] = self._drawn(self.lump(name)) if name in self._places else None
        return self._pictures[name]

    def texture(self, name: str) -> np.ndarray | None:
        """Return a wall's picture, laid together from its patches, or None."""
        key = f"wall {name}"
        if key not in self._pictures:
            self._pictures[key] = self._laid(name) if name in self._textures else None
        return self._pictures[key]

    @cached_property
    def _textures(self) -> dict[str, tuple[int, int, np.ndarray]]:
        """Width, height and patches (left, top, number) of every wall picture."""
        found = {}
        for lump in (name for name in ("TEXTURE1", "TEXTURE2") if name in self._places):
            data = self.lump(lump)
            count = int(np.frombuffer(data, "<i4", 1)[0])
            for start in np.frombuffer(data, "<i4", count, 4):
                name = data[start : start + 8].rstrip(b"\0").decode("ascii").upper()
                width, height = (int(side) for side in np.frombuffer(data, "<i2", 2, start + 12))
                patches = int(np.frombuffer(data, "<i2", 1, start + 20)[0])
                found[name] = width, height, np.frombuffer(data, "<i2", 5 * patches, start + 22).reshape(-1, 5)[:, :3]
        return found

    @cached_property
    def _patch_names(self) -> list[str]:
        data = self.lump("PNAMES")
        return [data[at : at + 8].split(b"\0")[0].decode("ascii").upper() for at in range(4, len(data) - 7, 8)]

    def _laid(self, name: str) -> np.ndarray:
        width, height, patches = self._textures[name]
        whole = np.zeros((height, width, 4), np.uint8)
        for left, top, number in patches:
            patch = self.picture(self._patch_names[number])
            if patch is None:
                continue
            y, x = max(0, top), max(0, left)
            part = patch[y - top : height - top, x - left : width - left]
            into = whole[y : y + part.shape[0], x : x + part.shape[1]]
            into[part[..., 3] > 0] = part[part[..., 3] > 0]
        return whole

    def _drawn(self, data: bytes) -> np.ndarray:
        width, height = (int(side) for side in np.frombuffer(data, "<i2", 2))
        numbers, there = np.zeros((height, width), np.uint8), np.zeros((height, width), bool)
        for x, at in enumerate(np.frombuffer(data, "<i4", width, 8).tolist()):
            while data[at] != 255:
                top, length = data[at], data[at + 1]
                run = np.frombuffer(data, np.uint8, length, at + 3)[: max(0, height - top)]
                numbers[top : top + len(run), x], there[top : top + len(run), x] = run, True
                at += length + 4
        return np.where(there[..., None], self._coloured(numbers), 0).astype(np.uint8)

    @cached_property
    def _palette(self) -> np.ndarray:
        return np.frombuffer(self.lump("PLAYPAL"), np.uint8, 768).reshape(256, 3)

    def _coloured(self, numbers: np.ndarray) -> np.ndarray:
        return np.concatenate([self._palette[numbers], np.full((*numbers.shape, 1), 255, np.uint8)], -1)
