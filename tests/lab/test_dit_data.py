"""What the video model is shown in training: clips of every length at two sizes, with contexts that fit them."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest
import torch


@pytest.fixture(scope="module")
def training(pack):
    from lab.data import contexts, pool
    from lab.training.video import data as dit_data
    from lab.training.video import train as dit

    return SimpleNamespace(contexts=contexts, dit=dit, data=dit_data, pool=pool)


@pytest.fixture
def clips(training, tmp_path, monkeypatch):
    """Clips of three small shapes with random latents and written contexts."""
    monkeypatch.setattr(training.pool, "POOL", tmp_path)
    shapes = [training.pool.Shape(*size) for size in ((9, 32, 48), (13, 32, 48), (5, 48, 64))]
    monkeypatch.setattr(training.data, "USUAL", shapes[0])
    monkeypatch.setattr(training.data, "OTHERS", dict.fromkeys(shapes[1:], 0))
    for shape in shapes:
        training.contexts.fill(20_000, 2, shape)
        for seed in (20_000, 20_001):
            training.pool.keep(
                training.pool.folder("latents", shape) / f"{seed}.pt",
                lambda file, shape=shape: torch.save(
                    torch.randn(1, 16, shape.frames // 4 + 1, shape.height // 8, shape.width // 8).half(), file
                ),
            )
    found = training.data.Clips()
    found.refresh()
    return found


def test_every_length_of_every_shape_comes_with_contexts_of_its_size(training, clips):
    random.seed(0)
    assert len(clips) == 6
    seen = set()
    for _ in range(120):
        latents, known, prompts = clips.batch(tokens=48)
        size, _, length, height, width = latents.shape
        assert known.shape == (size, length, height // 2, width // 2) and len(prompts) == size
        assert not bool(known.flatten(1).all(1).any()), "something is always left to make"
        assert size * known[0].numel() <= max(48, known[0].numel())
        seen.add((length, height, width))
    assert seen == {(n, 4, 6) for n in (1, 2, 3, 4)} | {(n, 6, 8) for n in (1, 2)}


def test_a_cut_example_is_the_shorter_clip_with_its_contexts(training):
    late = torch.zeros(3, 4, 6, dtype=torch.bool)
    late[2, 1, 1] = True
    early = late.flip(0)
    whole = training.data.Example(torch.randn(16, 3, 8, 12), "a room", [late, early], [~late])
    cut = whole.cut(2)
    assert torch.equal(cut.latent, whole.latent[:, :2]) and cut.draw_known().shape == (2, 4, 6)
    assert len(cut.tubes) == 1 and torch.equal(cut.tubes[0], early[:2]), "what only hides later frames hides nothing here"


def test_a_step_learns_from_any_of_them(training, clips):
    torch.manual_seed(0)
    random.seed(1)
    task = training.dit.VideoTask(1)
    for _ in range(3):
        loss = task.loss(clips.batch(tokens=24))
        loss.backward()
        assert 0 < float(loss.detach()) < 10
    assert float(task.model.head.head.weight.grad.abs().max()) > 0


def test_pictures_are_encoded_many_a_file_and_come_with_their_captions(training, tmp_path, monkeypatch):
    picture = training.pool.Shape(1, 32, 48)
    monkeypatch.setattr(training.pool, "POOL", tmp_path)
    monkeypatch.setattr(training.data, "PICTURE", picture)
    monkeypatch.setattr(training.data, "PICTURES_A_FILE", 2)
    training.data.encode_scenes(100_000, 4, picture)
    stored = sorted(training.pool.folder("latents", picture).glob("*.pt"))
    assert [path.stem for path in stored] == ["100000", "100002"]
    assert torch.load(stored[0], weights_only=True).shape == (2, 16, 1, 4, 6)
    examples = training.data.Examples(picture)
    examples.refresh()
    random.seed(0)
    latents, known, prompts = examples.batch(tokens=12)
    assert len(examples) == 4 and latents.shape[1:] == (16, 1, 4, 6) and len(prompts) == len(known) == len(latents)


def test_photographs_in_motion_come_without_captions_and_with_contexts_that_fit(training, tmp_path, monkeypatch):
    from lab.training.video import photographs

    monkeypatch.setattr(training.pool, "POOL", tmp_path)
    photographs._written.cache_clear()
    shape = training.pool.Shape(9, 32, 48)
    clip = photographs.photograph_clip(7, shape)
    assert clip.shape == (9, 32, 48, 3) and (clip == photographs.photograph_clip(7, shape)).all()
    training.contexts.fill(20_000, 1, shape)
    example = training.data.of_photographs(7, torch.randn(16, 3, 4, 6), shape)
    assert example.prompt == "" and len(example.warps) == 2
    assert all(mask.shape == (3, 2, 3) for mask in (*example.tubes, *example.warps))


def test_a_run_can_begin_from_a_file_of_weights(training, clips, tmp_path):
    from lab.training.records import export

    task = training.dit.VideoTask(1)
    export(task.model.state_dict(), tmp_path / "start.safetensors", {})
    other = training.dit.VideoTask(1, tmp_path / "start.safetensors")
    kept, begun = task.model.patch_embedding.weight, other.model.patch_embedding.weight
    assert torch.equal(kept.half().float(), begun)


def test_the_score_is_repeatable_and_leaves_the_run_as_it_was(training, clips, monkeypatch):
    task, weights = training.dit.VideoTask(1), training.dit.build().state_dict()
    known = torch.zeros(1, 3, 2, 3, dtype=torch.bool)
    task.held_out._batches = {"held_free": [(torch.randn(1, 16, 3, 4, 6), known, ["a red box"])]}
    kept, state = task.model.patch_embedding.weight.clone(), torch.get_rng_state()
    assert task.score(weights) == task.score(weights)
    assert torch.equal(kept, task.model.patch_embedding.weight) and torch.equal(state, torch.get_rng_state())
