"""Views of a game's levels: a level of two rooms, written here byte by byte, has the depth that its plan says."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest

from inversecrafter_core.errors import InputError
from lab.data.blender.render import SKY
from lab.data.levels import clips
from lab.data.levels.view import Camera, View, sector_at
from lab.data.levels.wad import NO_SIDE, Wad

CORNERS = [(0, 0), (0, 256), (256, 256), (256, 0), (512, 256), (512, 0)]
LINES = [  # ends, and the sides on the right and on the left: the way round that has the room on the right
    *((0, 1, 0, NO_SIDE), (1, 2, 0, NO_SIDE), (3, 0, 0, NO_SIDE)),
    *((2, 4, 1, NO_SIDE), (4, 5, 1, NO_SIDE), (5, 3, 1, NO_SIDE)),
    (2, 3, 0, 1),  # between the rooms: the second one lies to the east, a step higher and under the sky
]
SECTORS = [(0, 128, b"STONE", b"STONE"), (24, 200, b"STONE", b"F_SKY1")]
TREE, WIDTH, HEIGHT = 43, 64, 48


def name(text):
    return text.encode().ljust(8, b"\0")


def picture(width, height, number):
    """A picture whose columns are one run of one colour each."""
    column = bytes([0, height, 0]) + bytes([number]) * height + bytes([0, 255])
    ways = struct.pack(f"<{width}i", *(8 + 4 * width + x * len(column) for x in range(width)))
    return struct.pack("<4h", width, height, 0, 0) + ways + column * width


def wall(width, height):
    """One wall picture made of two patches, the second in its right half."""
    patches = struct.pack("<5h", 0, 0, 0, 0, 0) + struct.pack("<5h", width // 2, 0, 1, 0, 0)
    return struct.pack("<ii", 1, 8) + name("WALL") + struct.pack("<ihhih", 0, width, height, 0, 2) + patches


def lumps(things):
    palette = bytes(value for index in range(256) for value in (index, 255 - index, 7))
    side = [struct.pack("<hh8s8s8sH", 0, 0, name("WALL"), name("WALL"), name("WALL"), sector) for sector in (0, 1)]
    yield "PLAYPAL", palette
    yield "PNAMES", struct.pack("<i", 2) + name("LEFT") + name("RIGHT")
    yield "TEXTURE1", wall(64, 64)
    yield "LEFT", picture(32, 64, 200)
    yield "RIGHT", picture(32, 64, 100)
    yield "TRE1A0", picture(40, 60, 50)
    yield "STONE", bytes([30]) * 4096
    yield "E1M1", b""
    yield "THINGS", b"".join(struct.pack("<5h", x, y, 0, kind, 7) for x, y, kind in things)
    yield "LINEDEFS", b"".join(struct.pack("<HHHhhHH", a, b, 0, 0, 0, right, left) for a, b, right, left in LINES)
    yield "SIDEDEFS", b"".join(side)
    yield "VERTEXES", b"".join(struct.pack("<hh", *corner) for corner in CORNERS)
    for empty in ("SEGS", "SSECTORS", "NODES"):
        yield empty, b""
    yield "SECTORS", b"".join(struct.pack("<hh8s8shhh", a, b, below, above, 255, 0, 0) for a, b, below, above in SECTORS)


@pytest.fixture
def wad(tmp_path):
    body, table = b"", b""
    entries = list(lumps([(128, 128, 1), (200, 100, TREE)]))
    for label, data in entries:
        table += struct.pack("<ii8s", 12 + len(body), len(data), name(label))
        body += data
    path = tmp_path / "small.wad"
    path.write_bytes(b"PWAD" + struct.pack("<ii", len(entries), 12 + len(body)) + body + table)
    return Wad(path)


def look(wad, angle, place=(128.0, 128.0)):
    return View(wad, wad.level("E1M1"), Camera(np.array(place), 41.0, angle, 1.0), HEIGHT, WIDTH)


def test_a_wall_a_floor_and_a_ceiling_are_where_the_plan_has_them(wad):
    view = look(wad, math.pi)  # to the west: a plain wall 128 units away
    rise = (HEIGHT / 2 - np.arange(HEIGHT) - 0.5) / (WIDTH / 2)
    truth = np.minimum(128.0, np.where(rise > 0, (128 - 41) / np.abs(rise), 41 / np.abs(rise)))
    np.testing.assert_allclose(view.depth, np.repeat(truth[:, None], WIDTH, 1), rtol=1e-9)


def test_a_doorway_shows_the_higher_room_and_its_sky(wad):
    view = look(wad, 0.0)
    assert (view.depth >= SKY).any() and view.depth[0].max() < SKY, "the near room has a ceiling"
    middle = view.depth[:, WIDTH // 2]
    assert np.isclose(middle, 128).any(), "the step up into the second room"
    assert np.isclose(middle, 384).any(), "the far wall"


def test_walls_floors_and_things_have_their_pictures(wad):
    west = look(wad, math.pi).colour
    assert {200, 100} <= {round(value) for value in np.unique(wad.texture("WALL")[..., 0])}
    assert wad.flat("STONE")[0, 0, 0] == 30 and wad.texture("NONE") is None
    shares = np.unique((west[HEIGHT // 2, :, 0] / west[HEIGHT // 2, :, 1]).round(2))
    assert len(shares) == 2, "both patches of the wall are seen"
    place = np.array([200.0, 100.0]) - (128.0, 128.0)
    view = look(wad, math.atan2(place[1], place[0]))
    assert np.isclose(view.depth[:, WIDTH // 2], np.linalg.norm(place)).sum() > 10, "the tree"


def test_a_place_is_in_the_room_around_it(wad):
    level = wad.level("E1M1")
    assert [int(sector_at(level, np.array(place))["floor"]) for place in ((10.0, 9.0), (300.0, 9.0))] == [0, 24]


def test_a_clip_is_drawn_by_its_seed_in_metres_and_not_dark(wad, monkeypatch):
    monkeypatch.setattr(clips, "wads", lambda: (wad,))
    monkeypatch.setattr(clips, "OPEN", 100.0)
    colour, depth = clips.level_clip(3, HEIGHT, WIDTH)
    again, _ = clips.level_clip(3, HEIGHT, WIDTH)
    assert (colour == again).all() and colour.shape == (2, HEIGHT, WIDTH, 3) and colour.dtype == np.uint8
    assert colour.mean() > 60
    assert depth.dtype == np.float32 and (depth[depth < SKY] < 600 / clips.UNITS).all()
    assert not (depth[0] == depth[1]).all(), "the second frame is a step ahead"


def test_without_the_files_the_message_says_how_to_get_them(monkeypatch):
    monkeypatch.setattr(clips, "asset", lambda key: None)
    monkeypatch.setattr(clips, "why_missing", lambda key: "no network")
    clips.wads.cache_clear()
    with pytest.raises(InputError, match="freedoom"):
        clips.wads()
