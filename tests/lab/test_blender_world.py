"""Scenes of the second world as values, and what becomes of the files that Blender writes."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest

from inversecrafter_core.errors import InputError
from lab.data.blender import render
from lab.data.blender.scenes import KINDS, LENS, LONG_LENS, WALL, random_scene


def test_a_seed_gives_one_scene_and_another_seed_another():
    one, two, other = (random_scene(seed, 2, ["a.png"]) for seed in (3, 3, 4))
    assert one == two and one != other
    assert json.loads(json.dumps(one)) == one


@pytest.mark.parametrize("seed", range(12))
def test_every_scene_has_a_ground_a_lens_in_range_and_a_pose_a_frame(seed):
    scene = random_scene(seed, 3, [])
    assert scene["kind"] in KINDS and len(scene["poses"]) == 3 and len(scene["solids"]) > 4
    assert np.radians(LENS[0]) <= scene["lens"] <= np.radians(LENS[1])
    ground = scene["solids"][0]
    assert ground["shape"] == "box" and ground["place"][2] + ground["size"][2] == pytest.approx(0)
    assert all(len(solid[part]) == 3 for solid in scene["solids"] for part in ("place", "size", "turn"))


@pytest.mark.parametrize("seed", range(6))
def test_a_wall_lies_close_behind_what_stands_before_it(seed):
    scene = random_scene(seed, 1, [], WALL)
    assert scene["kind"] == WALL and scene["lens"] <= np.radians(LONG_LENS[1])
    ground, wall, *rest = scene["solids"]
    far = wall["place"][1]
    assert far <= 7.5 and ground["place"][2] < 0
    assert all(solid["place"][1] > far / 5 for solid in rest)
    assert random_scene(seed, 1, [])["kind"] in KINDS, "only when asked for"


def test_a_scenes_files_become_one_with_rows_from_the_top_and_a_bounded_sky(tmp_path):
    for index in range(2):
        picture = np.full((6, 8, 3), 200, np.uint8)
        picture[:3] = (10, 20, 220)  # the upper half red: cv2 writes blue first
        cv2.imwrite(str(tmp_path / f"5_{index}.png"), picture)
        rising = np.repeat(np.arange(6, dtype=np.float32)[:, None] + index, 8, 1)
        rising[5] = 1e10
        (tmp_path / f"5_{index}.depth").write_bytes(rising.tobytes())
    render._gather(tmp_path, tmp_path / "5.npz", 2)
    with np.load(tmp_path / "5.npz") as stored:
        colour, depth = stored["colour"], stored["depth"]
    assert colour.shape == (2, 6, 8, 3) and depth.shape == (2, 6, 8)
    assert colour[0, 0, 4, 0] > colour[0, 0, 4, 2] + 100, "red comes first"
    assert (depth[:, 0] == render.SKY).all() and depth[1, 5, 0] == 1 and depth[1, 1, 0] == 5


def test_without_blender_the_message_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="apt-get install blender"):
        render.render_scenes([1], tmp_path, (1, 8, 8))
