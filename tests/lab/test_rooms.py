"""The measured depth of real rooms: what the matching finds is what was shifted, and what it trusts lies on both pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lab.data import rooms


def test_two_pictures_of_known_disparity_are_matched():
    rng = np.random.default_rng(0)
    texture = cv2.resize(rng.integers(0, 255, (60, 120)).astype(np.uint8), (480, 240), interpolation=cv2.INTER_CUBIC)
    far, near = 12, 40
    left = texture[:, 60:380].copy()
    right = np.roll(texture, -far, 1)[:, 60:380].copy()
    left[80:160, 120:220] = texture[80:160, 100:200]
    right[80:160, 120 - near : 220 - near] = texture[80:160, 100:200]
    left[200:], right[200:] = 128, 128
    disparity, known = rooms.measure_disparity(left, right)
    inside, outside = known[90:150, 130:210], known[:70, 80:300]
    assert inside.mean() > 0.9 and outside.mean() > 0.9
    assert np.abs(disparity[90:150, 130:210][inside] - near).max() < 0.5
    assert np.abs(disparity[:70, 80:300][outside] - far).max() < 0.5
    assert not known[210:].any(), "a plain wall has no depth"


def test_the_rooms_are_metres_and_their_two_pictures_agree():
    if rooms.why_no_rooms():
        pytest.skip(rooms.why_no_rooms())
    room = rooms.load_room("toy")
    depth = room.depth[room.known]
    assert room.picture.shape[:2] == room.depth.shape == room.known.shape and room.known.float().mean() > 0.5
    assert 0.4 < depth.quantile(0.01) < depth.quantile(0.99) < 6, "a nursery"

    left, right = (cv2.imread(str(rooms.FOLDER / f"toy_{side}.png"), cv2.IMREAD_GRAYSCALE) for side in ("left", "right"))
    disparity, known = rooms.measure_disparity(left, right)
    y, x = np.mgrid[: left.shape[0], : left.shape[1]].astype(np.float32)
    found = cv2.remap(right, x - disparity, y, cv2.INTER_LINEAR).astype(float)
    assert np.abs(found - left)[known].mean() < 0.25 * np.abs(right.astype(float) - left)[known].mean()


def test_without_the_package_there_is_a_reason(monkeypatch, tmp_path):
    monkeypatch.setattr(rooms, "FOLDER", tmp_path)
    monkeypatch.setattr(rooms, "fetch_members", lambda *_: "stereodemo could not be downloaded")
    rooms.why_no_rooms.cache_clear()
    try:
        assert rooms.rooms() == [] and "stereodemo" in rooms.why_no_rooms()
    finally:
        rooms.why_no_rooms.cache_clear()
