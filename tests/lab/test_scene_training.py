"""Training of the scene network: exact data, a loss that forgives scale alone, and a run that goes on."""

from __future__ import annotations

import dataclasses
import math
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from inversecrafter_core.camera.rotation import rotation_angle
from inversecrafter_core.scene.network import CELL, Prediction, SceneNetwork, SceneNetworkSpec, cell_rays
from lab.training.loop import Plan, Run
from lab.training.scene import batch, loss, pool, train

SEEDS = range(10_000, 10_003)
STEPS = 32
SMALL = SceneNetworkSpec(width=32, heads=2, encoder=1, decoder=1, rows=2, columns=3, detail=8)


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Path:
    """A pool of a few clips."""
    folder = tmp_path_factory.mktemp("scene_pool")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "POOL", folder)
        pool.fill(9_990, 10 + len(SEEDS))
    return folder


def perfect(truth: loss.Truth, unit: float = 1.0) -> Prediction:
    """Return the prediction that is right, in another unit of length."""
    pose, log_depth = truth.camera_to_world, truth.log_depth + math.log(unit)
    own = cell_rays(truth.focal[:, None], *log_depth.shape[-2:]) * log_depth.exp()[..., None]
    offset = (unit * truth.world_points() - own) / log_depth.exp()[..., None]
    zero, focal = torch.zeros_like(log_depth), truth.focal[:, None].expand(log_depth.shape[:2])
    return Prediction(log_depth, offset, zero, zero, pose[..., :3, :3], unit * pose[..., :3, 3], focal, torch.zeros(1))


def test_held_out_seeds_never_come_into_the_pool(filled):
    assert sorted(path.stem for path in filled.glob("*.npz")) == [str(seed) for seed in SEEDS]


def test_the_cameras_of_a_clip_agree_with_its_depth(filled):
    """What frame 0 sees, seen by a later camera, has the later frame's depth, but for what is hidden or moves."""
    truth = batch.Source(filled).batch(random.Random(3), 3, 4).truth
    points = truth.world_points()[:, :1].flatten(1, 3)
    for time in range(1, 4):
        seen = torch.linalg.inv(truth.camera_to_world[:, time])[:, None] @ torch.cat(
            [points, torch.ones_like(points[..., :1])], -1
        ).unsqueeze(-1)
        x, y, z = seen[..., :3, 0].unbind(-1)
        height, width = truth.log_depth.shape[-2:]
        pixel = torch.stack([x / z, y / z], -1) * truth.focal[:, None, None]
        grid = pixel / (CELL / 2 * torch.tensor([width, height]))
        found = torch.nn.functional.grid_sample(truth.log_depth[:, time, None], grid[:, None], "nearest", align_corners=False)[
            :, 0, 0
        ]
        inside = (grid.abs() < 1).all(-1)
        assert inside.float().mean() > 0.3
        assert ((found - z.log())[inside].abs() < 0.05).float().mean() > 0.75


def test_the_cameras_of_the_pool_move():
    moved = [pool.render_clip(seed)["camera_to_world"] for seed in (10_020, 10_021)]
    assert all(np.allclose(poses[0], np.eye(4), atol=1e-6) for poses in moved)
    turned = [float(rotation_angle(torch.from_numpy(poses)[:, :3, :3]).max()) for poses in moved]
    assert max(math.degrees(angle) for angle in turned) > 3


def test_the_right_answer_in_any_unit_has_no_error_and_another_has(filled):
    truth = batch.Source(filled).batch(random.Random(0), 2, 3).truth
    for unit in (1.0, 7.0):
        errors = loss.errors_of(perfect(truth, unit), truth)
        for field in dataclasses.fields(errors):
            assert float(getattr(errors, field.name).max()) < 2e-3, field.name
    still = dataclasses.replace(perfect(truth), position=torch.zeros_like(truth.camera_to_world[..., :3, 3]))
    assert float(loss.errors_of(still, truth).shift[:, 1:].mean()) > 1e-3
    assert loss.loss_of(still, truth) > loss.loss_of(perfect(truth), truth)


def test_doubt_pays_where_the_error_is_large():
    error = torch.tensor([1.0])
    price = {log: float(loss.confident(error, torch.tensor([log]))) for log in (-3.0, math.log(loss.CAUTION), 0.0, 1.0)}
    assert min(price, key=lambda log: price[log]) == math.log(loss.CAUTION)


def test_a_batch_is_drawn_by_its_random_alone_and_has_one_window(filled):
    source = batch.Source(filled)
    one, two, other = (source.batch(random.Random(seed), 2, 3) for seed in (1, 1, 2))
    assert torch.equal(one.frames, two.frames) and torch.equal(one.truth.log_depth, two.truth.log_depth)
    assert one.frames.shape != other.frames.shape or not torch.equal(one.frames, other.frames)
    assert one.frames.shape[:3] == (2, 3, 3) and tuple(one.frames.shape[-2:]) in batch.WINDOWS
    assert one.truth.log_depth.shape == (2, 3, *(side // CELL for side in one.frames.shape[-2:]))
    torch.testing.assert_close(one.truth.camera_to_world[:, 0], torch.eye(4).expand(2, 4, 4), atol=1e-5, rtol=0)


def test_a_run_learns_and_goes_on_where_it_stopped(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(train, "POOL", filled)
    monkeypatch.setattr(train, "IN_A_BATCH", 4)
    monkeypatch.setattr(train, "TEST_SEEDS", range(7000, 7001))
    random.seed(0)
    torch.manual_seed(0)
    task = train.SceneTask(torch.device("cpu"))
    task.model = task.network = SceneNetwork(SMALL)
    run, lesson = Run(task, Plan(tmp_path, 10, 3e-3, lambda along, step: 1.0, average=0.9)), task.batch(0, 0.0)
    losses = [run.learn(lesson) for _ in range(STEPS)]
    assert losses[-1] < 0.9 * losses[0]
    assert set(task.score(run.average)) == {"within", "world", "degrees", "shift", "focal"}
    torch.save(run.state(), run.checkpoint)
    fresh = train.SceneTask(torch.device("cpu"))
    fresh.model = fresh.network = SceneNetwork(SMALL)
    resumed = Run(fresh, Plan(tmp_path, 10, 3e-3, lambda along, step: 1.0, average=0.9))
    assert resumed.step == STEPS
    torch.testing.assert_close(fresh.model.state_dict(), task.model.state_dict())
