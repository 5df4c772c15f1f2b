"""Training of the scene adapter: clips and their cameras, lessons, steps, resuming, the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from inversecrafter_core import scene

STATES, WIDTH = 3, 6


def read_colours(clip: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean colour as states, and the brightness as depth."""
    return clip.mean((1, 2)).repeat(1, 2 * STATES).view(-1, STATES, WIDTH), 1 + clip.mean(-1)


@pytest.fixture(scope="module")
def training(pack, tmp_path_factory) -> Any:
    """The training's modules, with a pool of their own of two scenes and one held out, 5 frames of 32x48."""
    from lab.data.pool import Shape
    from lab.models import scene_adapter as models
    from lab.training.scene_adapter import data, score, train, views

    class Modules:
        runs = tmp_path_factory.mktemp("runs")
        shape = Shape(5, 32, 48)

    Modules.data, Modules.models, Modules.score, Modules.train, Modules.views = data, models, score, train, views
    scene_model = models.SceneModel("fake", WIDTH, read_colours)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "folder", lambda kind, shape: Modules.runs / kind)
        for name, value in {"RUNS": Modules.runs, "HEIGHT": 32, "WIDTH": 48}.items():
            patch.setattr(train, name, value)
        patch.setattr(train, "load_scene_model", lambda path: scene_model)
        patch.setattr(score, "SCENES", 1)
        train.main(["views", "--count", "2", "--frames", "5"])
        yield Modules
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def scene_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "scene_model.safetensors"
    path.write_bytes(b"a file of weights")
    return path


@pytest.fixture(scope="module")
def encoded(training, scene_file) -> Any:
    training.train.main(["encode", "--frames", "5", "--scene-model", str(scene_file)])
    return training


def read(encoded, scene_file, seed: int) -> Any:
    kinds = encoded.train.kinds_of(encoded.train.parse(["train", "--scene-model", str(scene_file)]))
    return encoded.data.SceneClips.read(seed, *kinds, encoded.shape)


def test_a_scene_has_its_own_clip_and_others_from_elsewhere_at_the_same_moments(training):
    first = training.views.FIRST_SEED
    clips = training.data.colours(first, training.shape)
    assert clips.shape == (3, 5, 32, 48, 3)
    assert (clips[1:] - clips[0]).abs().flatten(1).mean(1).min() > 0.01
    drawn = training.views.render_views(first, training.shape)
    assert torch.allclose(torch.from_numpy(drawn["camera_to_world"][0, 0]), torch.eye(4), atol=1e-5)
    assert (drawn["pivot"] > 0).all()


def test_a_lesson_has_both_cameras_in_the_world_of_its_source(encoded, scene_file):
    clips = read(encoded, scene_file, encoded.views.FIRST_SEED)
    there, back = clips.lesson(0, 1), clips.lesson(1, 0)
    assert torch.allclose(there.cameras[0].camera_to_world[0], torch.eye(4), atol=1e-5)
    assert torch.allclose(back.cameras[0].camera_to_world[0], torch.eye(4), atol=1e-5)
    pivots = clips.cameras["pivot"]
    onto, home = there.cameras[1].camera_to_world[0].clone(), back.cameras[1].camera_to_world[0].clone()
    onto[:3, 3] *= pivots[0]
    home[:3, 3] *= pivots[1]
    if torch.allclose(clips.cameras["camera_to_world"][1, 0], torch.eye(4), atol=1e-5):
        onto = torch.eye(4)
    assert torch.allclose(onto @ home, torch.eye(4), atol=1e-4)
    assert torch.equal(there.target, back.source)


def test_a_cut_lesson_is_the_start_of_the_whole_one(encoded, scene_file):
    whole = read(encoded, scene_file, encoded.views.FIRST_SEED).lesson(0, 2)
    cut = whole.cut(1)
    assert cut.source.shape[1] == len(cut.states) == len(cut.cameras[0].lens) == 1
    model = scene.SceneAdapter(scene.AdapterSpec("fake", 8, WIDTH, layers=2, dim=8))
    context = whole.context(model)
    assert context.times == [0, 1, 1]  # two frames of the source, the last state
    assert whole.context(model, with_states=False).times == [0, 1]
    assert cut.context(model).times == [0, 0]


def test_a_run_learns_stops_goes_on_and_writes_a_file(encoded, scene_file, tmp_path, minute_a_step):
    common = ["--frames", "5", "--scene-model", str(scene_file), "--batch", "2", "--out", str(tmp_path / "a.safetensors")]
    for minutes in (1, 3):
        encoded.train.main(["train", *common, "--minutes", str(minutes)])
        run = torch.load(encoded.runs / "scene_adapter" / "last.pt", weights_only=True)
        assert (run["step"], run["minutes"]) == (minutes, minutes)
    rows = (encoded.runs / "scene_adapter" / "curve.csv").read_text().splitlines()
    assert {"held", "held_no_states", "held_no_pose", "held_bare"} <= set(rows[0].split(","))
    encoded.train.main(["export", *common, "--minutes", "3"])
    written = scene.read_scene_adapter(tmp_path / "a.safetensors")
    assert (written.model.spec.network, written.model.spec.state_width) == ("fake", WIDTH)
    assert len(written.changes) == 6 * (4 * 2 + 2)
    assert all(bool(change.any()) for key, change in written.changes.items() if key.endswith(".q.diff"))
    assert (tmp_path / "a.safetensors").stat().st_size <= 6e6


def test_a_run_may_start_from_an_adapter_of_other_states(encoded, scene_file, tmp_path, minute_a_step):
    options = ["--frames", "5", "--out", str(tmp_path / "a.safetensors"), "--run", "pose_alone", "--batch", "1"]
    encoded.train.main(["train", *options, "--minutes", "1"])
    encoded.train.main(["export", *options, "--minutes", "1"])
    written = scene.read_scene_adapter(tmp_path / "a.safetensors")
    more = ["--run", "with_states", "--scene-model", str(scene_file), "--start", str(tmp_path / "a.safetensors")]
    task = encoded.train.prepare(encoded.train.parse(["train", *options, *more])).task
    for key, value in written.model.pose.state_dict().items():
        assert torch.allclose(task.scene.pose.state_dict()[key], value), key
    changes = encoded.models.attention_changes(task.network, task.before)
    assert all(torch.allclose(changes[key], written.changes[key].float(), atol=1e-6) for key in changes)


def test_a_folder_of_another_vae_or_model_is_refused(encoded, tmp_path):
    with pytest.raises(ValueError, match="another VAE or model"):
        encoded.train.prepare(encoded.train.parse(["train", "--run", "pose_alone", "--frames", "9"]))


def test_a_scene_model_is_read_from_its_file_with_its_name(training, tmp_path):
    network = scene.SceneNetwork(scene.SceneNetworkSpec(width=24, heads=2, encoder=1, decoder=1, rows=2, columns=3, detail=4))
    scene.save_scene_network(tmp_path / "small.safetensors", network)
    found = training.models.load_scene_model(tmp_path / "small.safetensors")
    states = found.states_of(torch.rand(3, 32, 48, 3))
    assert found.name.startswith("small-") and states.shape == (3, 6, found.width) == (3, 6, 24)
    assert not states.is_inference()
