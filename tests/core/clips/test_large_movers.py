"""The camera of a clip in which a large thing passes before what stands still; the truth is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from inversecrafter_core.camera.rotation import pose, rotation_angle, turn_y
from inversecrafter_core.clips.consensus import FULL, Camera, cells_of, preferred, support, thinned
from inversecrafter_core.clips.pose import FoundPose
from inversecrafter_core.clips.source_camera import find_source_cameras
from lab.world import Scene, frame_times, random_scene, render
from lab.world.scene import Texture, Thing, Vector

FRAMES, HEIGHT, WIDTH, SEED = 7, 96, 144, 901
AWAY, SPEED = 1.25, 0.5


def with_large_mover(seed: int) -> Scene:
    """A scene that stands still but for a dotted panel, over a third of the picture, that passes before the camera."""
    scene = random_scene(seed)
    camera = replace(scene.camera, velocity=(0.0, 0.0, 0.0), turn=0.0)
    forward = torch.tensor(camera.target) - torch.tensor(camera.position)
    forward = forward / forward.norm()
    right = torch.tensor([float(forward[2]), 0.0, -float(forward[0])])
    start = torch.tensor(camera.position) + AWAY * forward - 0.5 * SPEED * FRAMES / 16 * right
    half = 0.25 * AWAY / camera.focal
    texture = Texture("dotted", "grey", "white", 0.4, 7)
    mover = Thing("panel", vector(start), (half, half, 0.04), 0.0, texture, velocity=vector(SPEED * right))
    still = tuple(replace(thing, velocity=(0.0, 0.0, 0.0), spin=0.0) for thing in scene.things)
    return replace(scene, camera=camera, things=(*still, mover))


def vector(values: torch.Tensor) -> Vector:
    x, y, z = values.tolist()
    return x, y, z


@pytest.mark.parametrize("degrees", [0.0, 5.0], ids=["still", "pan"])
def test_the_camera_does_not_follow_a_large_thing_that_passes(degrees):
    scene, times = with_large_mover(SEED), frame_times(FRAMES)
    turned = turn_y(math.radians(degrees) * torch.linspace(0, 1, FRAMES))
    clip = render(scene, times, HEIGHT, WIDTH, pose(turned, torch.zeros(FRAMES, 3)), samples=1)
    assert 0.3 < float((clip.depth[0] < 1.1 * AWAY).float().mean()) < 0.45
    truth = clip.geometry()
    found = find_source_cameras(clip.colour, replace(truth, camera_to_world=torch.eye(4).repeat(FRAMES, 1, 1)))
    away = found.geometry.camera_to_world[:, :3, 3].norm(dim=1) / truth.pivot_depth
    wrong = rotation_angle((torch.linalg.inv(truth.camera_to_world) @ found.geometry.camera_to_world)[:, :3, :3])
    assert float(away.max()) < 0.09 and math.degrees(float(wrong.max())) < 0.8, "followed, it would be 0.19 and 1.7"
    assert found.rivals and f"moves on its own in {len(found.rivals)} frames" in found.report()


def test_support_counts_cells_not_matches():
    cells = np.array([0] * 50 + [1, 1, 2, 2, 3])
    assert support(cells, cells == 0) == pytest.approx(1 / 3), "the cell with one match does not count"
    assert support(cells, np.zeros(len(cells), bool)) == 0 and support(cells[:1], np.ones(1, bool)) == 0
    kept = thinned(cells)
    assert np.bincount(cells[kept]).tolist() == [FULL, 2, 2, 1] and len(set(kept)) == len(kept)
    assert len(set(cells_of(np.array([[0.5, 0.5], [239.5, 0.5], [0.5, 30.5], [15.5, 15.5]]), 240))) == 3


def camera(away: float, support: float, close: float) -> Camera:
    shift = torch.eye(4)
    shift[0, 3] = away
    return Camera(FoundPose(shift, np.ones(8, bool)), support, close)


def test_of_two_cameras_that_both_explain_much_the_one_that_moves_less_is_taken():
    around, still, little = camera(0.3, 0.8, 0.5), camera(0.01, 0.45, 0.4), camera(0.0, 0.2, 0.1)
    assert preferred([around, still]) == (still.found, True, False)
    assert preferred([around, little]).found is around.found and not preferred([around, little]).rival
    assert preferred([around, camera(0.01, 0.4, 0.3)]).unsure, "the next frames need a key frame nearer by"
    assert preferred([around, camera(0.2, 0.45, 0.4)]).found is around.found, "it does not move much less"
