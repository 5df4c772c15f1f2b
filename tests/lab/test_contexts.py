"""The contexts kept beside the training clips: what other cameras see, and the box around a thing."""

import random

import numpy as np
import pytest
import torch

from lab.data import contexts, pool
from lab.world import frame_times, random_scene, render

SIZE = (64, 96)
SEEDS = range(8)


@pytest.fixture(scope="module")
def clips():
    scenes = [random_scene(seed) for seed in SEEDS]
    return [(scene, render(scene, frame_times(5), *SIZE)) for scene in scenes]


def test_a_random_view_hides_something_and_more_as_the_camera_moves_on(clips):
    views = [contexts.random_view(random.Random(seed), *clip) for seed, clip in zip(SEEDS, clips, strict=True)]
    hidden = torch.stack([1 - view.float().mean((1, 2)) for view in views])
    # At the start both cameras are the same one; only what just grazes an outline may be missed.
    assert float(hidden[:, 0].max()) < 0.01
    assert float(hidden[:, -1].mean()) > 0.1
    assert float(hidden[:, -1].max()) < 0.7
    assert float(hidden.mean(0).diff().min()) > 0


def test_what_is_shown_is_where_its_depth_is(clips):
    scene, clip = clips[0]
    shown = contexts.shown_things(scene, clip)
    assert set(shown.unique().tolist()) <= set(range(len(scene.things) + 1))
    assert float(clip.depth[shown > 0].mean()) < float(clip.depth[shown == 0].mean())


def test_a_tube_is_the_box_around_one_thing(clips):
    for seed, (scene, clip) in zip(SEEDS, clips, strict=True):
        box, shown = contexts.tube(random.Random(seed), scene, clip), contexts.shown_things(scene, clip)
        inside = [index for index in range(1, len(scene.things) + 1) if not bool(((shown == index) & ~box).any())]
        assert inside, "no thing lies in the box"
        rows, columns = box.any(2), box.any(1)
        assert torch.equal(box, rows[:, :, None] & columns[:, None, :])
        assert float(box.float().mean()) < 0.7


def test_written_contexts_are_read_back_and_seeds_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "POOL", tmp_path)
    shape = pool.Shape(5, 64, 96)
    contexts.fill(10_000, 1, shape)
    visible, box = contexts.read(10_000, shape)
    assert visible.shape == (2, *shape) and box.shape == visible.shape[1:]
    assert 0.5 < float(visible.float().mean()) < 1
    clip = pool.clip(10_000, shape)
    assert clip.dtype == np.uint8 and np.array_equal(clip, pool.render_frames(10_000, shape)), "one rendering, the same clip"
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.np*")}
    contexts.fill(10_000, 1, shape)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.np*")} == written and len(written) == 2


def test_held_out_clips_are_kept_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "POOL", tmp_path)
    assert pool.clip_path(9_999).parent.name == "heldout"
    assert pool.clip_path(10_000).parent.name == "frames"
    assert {pool.clip_path(10_000, shape).parent for shape in pool.OTHERS}.isdisjoint({pool.clip_path(10_000).parent})
