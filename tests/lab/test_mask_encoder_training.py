"""Training of the mask encoder: pairs, a step, resuming."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import clips
import numpy as np
import pytest
import torch

HIGH_RATE = ["--precision", "fp32", "--rate", "2e-3"]
FILE = "inversecrafter_small_mask_encoder.safetensors"
SMALL = ["--scenes", "3", "--frames", "5", "--window", "64x64", "--windows", "2", "--kept", "3", "--reads", "marked"]


@pytest.fixture(scope="module")
def training(pack) -> Any:
    """The training's modules. The host must be up before they ask for it."""
    from lab.data import reprojections as mask_reprojections
    from lab.models import coder
    from lab.models import mask_encoder as mask_model
    from lab.models import shipped as shipped_files
    from lab.training.mask_encoder import data as mask_data
    from lab.training.mask_encoder import pairs as mask_pairs
    from lab.training.mask_encoder import train as mask_encoder
    from lab.training.mask_encoder import videos as mask_videos

    class Modules:
        data, encoder, model = mask_data, mask_encoder, mask_model
        pairs, videos = mask_pairs, mask_videos
        reprojections, spaces, shipped = mask_reprojections, coder, shipped_files

    return Modules


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def runs(training, tmp_path_factory) -> Path:
    """A folder of its own for everything that a run keeps, with two files of windows made."""
    folder = tmp_path_factory.mktemp("runs")
    patch = pytest.MonkeyPatch()
    patch.setattr(training.encoder, "RUNS", folder)
    patch.setattr(training.encoder, "HELD_OUT_SCENES", 1)
    yield folder
    patch.undo()


def run(training, runs, tmp_path, *more: str) -> dict[str, Any]:
    training.encoder.main([*SMALL, "--out", str(tmp_path / "m.safetensors"), *more])
    return torch.load(runs / "mask" / "last.pt", weights_only=True)


def test_pairs_are_the_same_every_time_and_hold_clean_pixels(training):
    one, again = (training.reprojections.synthetic_pair(12_345, size=(64, 96), frames=9) for _ in range(2))
    assert torch.equal(one.video, again.video) and torch.equal(one.visible, again.visible) and one.path == again.path
    other = training.reprojections.synthetic_pair(12_346, size=(64, 96), frames=9)
    assert not torch.equal(one.visible, other.visible)


@pytest.mark.parametrize("name", ["arc_left", "arc_right", "arc_up", "arc_down", "zoom_in", "zoom_out"])
def test_every_trajectory_tears_holes_that_grow(training, name):
    assert name in training.reprojections.TRAJECTORIES
    pair = training.reprojections.synthetic_pair(77, training.reprojections.path_of(name, 9, 2.0), frames=9, size=(64, 96))
    known = pair.visible.float().mean((1, 2))
    assert 0.3 < float(known[-1]) < 0.999, "some holes, and not only holes"
    weak = training.reprojections.synthetic_pair(77, training.reprojections.path_of(name, 9, 0.5), frames=9, size=(64, 96))
    assert float(weak.visible.float().mean()) > float(pair.visible.float().mean())
    if name != "zoom_out":  # there the whole picture stays in view: what is lost is a seam at depth edges
        assert float(known[-1]) < float(known[0]) - 0.005


def test_stored_windows_come_back(training, tmp_path):
    window = training.pairs.Window(5, (64, 64), 3)
    path = training.pairs.store(tmp_path, [11_111], window)[0]
    arrays = training.pairs.load(path)
    assert arrays["video"].shape == arrays["warp"].shape == (3, 5, 64, 64, 3) and arrays["visible"].shape == (3, 5, 64, 64)
    known = arrays["visible"]
    assert np.array_equal(arrays["video"][known], arrays["warp"][known]), "known pixels are the clip's own"
    assert not np.array_equal(arrays["video"][~known], arrays["warp"][~known]), "holes are filled, not read"
    before = path.stat().st_mtime_ns
    training.pairs.store(tmp_path, [11_111], window)
    assert path.stat().st_mtime_ns == before, "made once"


def test_the_target_is_equation_five_of_the_vae_with_the_holes_infilled(pack, training, tmp_path):
    space = training.spaces.Coder.read(training.shipped.VAE_FILE)
    pair = training.pairs.store(tmp_path, [11_112], training.pairs.Window(5, (32, 32), 2))[0]
    training.data.encode_targets([pair], space)
    wanted = np.load(training.data.target_path(pair, space))
    arrays = training.pairs.load(pair)
    video, visible = torch.from_numpy(arrays["video"]).float() / 255, torch.from_numpy(arrays["visible"])
    filled = torch.stack([pack.core("warp").fill_holes(clip, known) for clip, known in zip(video, visible, strict=True)])
    expected = 1 - torch.tanh((space.encode(video) - space.encode(filled)).abs())
    assert wanted.shape == (2, 16, 2, 4, 4) and np.allclose(wanted, expected.numpy(), atol=2e-3)


def test_the_lowest_stages_apart_answer_like_the_whole(training):
    space = training.spaces.Coder.read(training.shipped.VAE_FILE)
    spec = training.model.MaskEncoderSpec(16, 16, 16, "marked")
    warp, visible = torch.rand(2, 9, 32, 32, 3), torch.rand(2, 9, 32, 32) > 0.2
    answers = []
    for kept in range(4):
        torch.manual_seed(0)
        predictor = training.model.MaskPredictor(spec, kept)
        training.model.initialise(predictor, space, 0.9)
        with torch.no_grad():
            answers.append(predictor.mask(visible, warp))
    assert all(torch.allclose(answers[0], other, atol=1e-5) for other in answers[1:])


def test_steps_on_one_batch_bring_its_loss_down(training, runs):
    run = training.encoder.prepare(training.encoder.parse([*SMALL, "--run", "one_batch", *HIGH_RATE]))
    run.plan = replace(run.plan, schedule=lambda along, step: 1.0)
    batch = run.task.batch(0, 0.0)
    errors = [run.learn(batch) for _ in range(20)]
    assert errors[-1] < 0.8 * errors[0], errors


def test_a_stopped_run_goes_on_and_another_model_is_refused(training, runs, tmp_path, minute_a_step):
    first = run(training, runs, tmp_path, "--minutes", "2")
    second = run(training, runs, tmp_path, "--minutes", "5")
    assert [(one["step"], one["minutes"]) for one in (first, second)] == [(2, 2), (5, 5)]
    with pytest.raises(ValueError, match=r"--run: mask holds a run of another"):
        run(training, runs, tmp_path, "--minutes", "9", "--reads", "warp")
    spec, state = training.model.read_mask_encoder(tmp_path / "m.safetensors")
    assert (spec.width, spec.head_channels, spec.reads) == (16, 16, "marked")
    assert {value.dtype for value in state.values()} == {torch.float16}


def test_batches_depend_on_the_step_and_the_seed_alone(training, runs):
    options = training.encoder.parse(SMALL)
    space = training.spaces.Coder.read(options.vae)
    files, _ = training.encoder.find_pairs(options)
    training.data.encode_targets(files, space)
    predictor = training.model.MaskPredictor(training.model.MaskEncoderSpec(16, 16, 16, "mask"))
    one, two = (training.data.MaskWindows(files, space, predictor) for _ in range(2))
    one.batch(8, 0), one.batch(8, 1)
    assert all(torch.equal(a, b) for a, b in zip(one.batch(8, 7), two.batch(8, 7), strict=True))
    assert not torch.equal(one.batch(8, 7, seed=1)[0], two.batch(8, 7)[0])


def test_for_a_vae_of_another_width_the_embedded_mask_encoder_is_the_start(training):
    from lab.host.modules.wan import Wan21
    from lab.models.vae import build

    file = training.shipped.MASK_ENCODER_FILE
    predictor = training.model.MaskPredictor(training.model.MaskEncoderSpec(training.model.WIDTH, 16, 16))
    origin = training.model.initialise(predictor, training.spaces.Coder(build(8), Wan21()), 0.9)
    embedded = training.model.load_predictor(file).encoder.state_dict()
    assert origin == file.name
    found = predictor.encoder.state_dict()
    assert all(torch.equal(found[name], value) for name, value in embedded.items() if not name.startswith("head.2"))
    assert not torch.equal(found["head.2.weight"], embedded["head.2.weight"])


def test_a_folder_of_videos_gives_pairs_and_a_broken_file_is_left_out(training, tmp_path, caplog):
    clips.write_clip(tmp_path / "a.mp4", clips.moving_pattern(12, 96, 128))
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    taken, window = training.videos.Cut(5, (64, 96), 2), training.pairs.Window(5, None, 1)
    found = training.videos.videos_in(tmp_path)
    files = training.videos.store_videos(tmp_path / "pairs", found, taken, window, training.videos.estimator("prior"))
    assert len(found) == 2 and len(files) == 2 and "broken.mp4 is left out" in caplog.text
    arrays = training.pairs.load(files[0])
    assert arrays["video"].shape == (1, 5, 64, 96, 3) and 0.3 < arrays["visible"].mean() < 1
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match="no video below"):
        training.videos.videos_in(empty)


def test_the_command_trains_on_a_folder_of_videos(training, tmp_path, monkeypatch, minute_a_step):
    monkeypatch.setattr(training.encoder, "RUNS", tmp_path / "runs")
    videos = tmp_path / "videos"
    videos.mkdir()
    for seed in range(3):
        clips.write_clip(videos / f"{seed}.mp4", clips.moving_pattern(9, 64, 96, seed))
    out = tmp_path / "own.safetensors"
    command = ["--videos", str(videos), "--size", "64x96", "--frames", "5", "--minutes", "3", "--kept", "3", "--batch", "1"]
    training.encoder.main([*command, "--out", str(out)])
    state = torch.load(tmp_path / "runs" / "mask" / "last.pt", weights_only=True)
    assert out.exists() and state["step"] == 3
