"""The benchmark of scene latents, on a small picture: its rows, its errors, its hard surfaces."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch.nn.functional import avg_pool2d

from inversecrafter_core import scene
from lab.data.scenes import hard_surfaces
from lab.data.scenes.new_views import NewView
from lab.world import random_scene
from lab.world.scene import Room

FIGURES = {"states and pose": 2.0, "without states": 0.0}
TINY = (5, 64, 96)
ROOM = next(seed for seed in range(50) if isinstance(random_scene(seed).around, Room))


@pytest.fixture(scope="module")
def compare(pack) -> Any:
    from lab.benchmarks.scene_latents import compare as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SIZE", TINY)
        patch.setattr(module, "ANGLES", (20.0,))
        patch.setattr(module, "HARD_ANGLE", 20.0)
        patch.setattr(module, "lpips", lambda: None)
        yield module


@pytest.fixture(scope="module")
def adapter(compare, tmp_path_factory) -> Any:
    """A random adapter for the embedded video model, and a scene model that sees colours."""
    from lab.models.scene_adapter import SceneModel
    from lab.models.shipped import load_dit

    path = tmp_path_factory.mktemp("weights") / "a.safetensors"
    model = scene.SceneAdapter(scene.AdapterSpec("colours", 4, 3, hidden=8, width=32, depth=1))
    changes = {"diffusion_model.blocks.0.self_attn.q.diff": torch.full((256, 256), 1e-3)}
    scene.save_scene_adapter(path, scene.AdapterFile(model, changes, load_dit().state_dict()["head.modulation"]))
    colours = SceneModel("colours", 3, lambda clip: (avg_pool2d(clip.movedim(-1, 1), 32).flatten(2).mT, clip[..., 0]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare, "load_scene_model", lambda path: colours)
        yield compare.load_adapter(path, path)


def test_every_method_is_measured_on_every_view(compare, adapter, monkeypatch):
    monkeypatch.setattr(compare, "load_adapter", lambda *files: adapter)
    found = compare.one_scene(None, None, 1, ROOM)
    assert {(key.case, key.at) for key in found} == {("arc", 20.0), ("textureless", None), ("mirror floor", None)}
    methods = {compare.GUIDED, compare.POSE, compare.STATES, compare.ALL, compare.BOTH}
    assert {key.method for key in found} == methods
    for values in found.values():
        assert {"whole PSNR", "pose error, position", "pose error, turn"} <= set(values)


def test_the_true_view_has_next_to_no_error_and_a_still_one_that_of_its_path(compare):
    view = NewView.of(ROOM, (5, 128, 192), 20.0)
    right = compare.camera_errors(view.truth, view)
    still = compare.camera_errors(view.truth[:1].expand(5, -1, -1, -1), view)
    assert right["pose error, turn"] < 1 < still["pose error, turn"]
    assert right["pose error, position"] < 0.5 * still["pose error, position"]


def test_a_linear_reader_finds_what_is_there_and_nothing_in_noise(compare):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(60, 200, generator=generator)
    wanted = inputs[:, :4] @ torch.randn(4, 3, generator=generator)
    found = compare._linear_reader(inputs, wanted)(inputs)
    assert (found - wanted).square().mean() < 0.01 * wanted.square().mean()
    noise = compare._linear_reader(inputs[:30], torch.randn(30, 3, generator=generator))(inputs[30:])
    assert noise.square().mean() < 1.5


def test_the_adapters_reconstruction_is_a_share(compare, adapter, monkeypatch):
    assert compare.explained(adapter, [ROOM, ROOM + 1, ROOM, ROOM + 1]) > 50  # the scenes it was fitted on


def test_a_mirror_floor_shows_what_stands_on_it_upside_down():
    plain = NewView.of(ROOM, (1, 64, 96), 20.0)
    view = hard_surfaces.reflective_view(ROOM, (1, 64, 96), 20.0)
    changed = (view.truth - plain.truth).abs().sum(-1) > 0.02
    floor = hard_surfaces._on_floor(plain.scene, plain.target)
    assert changed.any() and not (changed & ~floor).any()
    assert torch.equal(view.target.depth, plain.target.depth)


def test_textureless_scenes_keep_their_things():
    full = random_scene(ROOM)
    plain = hard_surfaces.textureless(full)
    assert {thing.texture.pattern for thing in plain.things} == {"plain"}
    assert [thing.centre for thing in plain.things] == [thing.centre for thing in full.things]


def test_without_a_file_nothing_is_measured(compare, tmp_path):
    (row,) = compare.rows(0, adapter=str(tmp_path / "none.safetensors"))
    assert "not measured" in row.figure


def test_arcs_of_one_scene_count_once(compare):
    from lab.benchmarks import report
    from lab.benchmarks.samples import Key, Samples

    found = Samples()
    for scene_values in ({10.0: 1.0, 40.0: 3.0}, {10.0: 5.0, 40.0: 7.0}):
        figures = {method: {angle: value + shift for angle, value in scene_values.items()} for method, shift in FIGURES.items()}
        found.add({Key(m, "arc", angle): {"whole PSNR": v} for m, values in figures.items() for angle, v in values.items()})
    assert compare.over_arcs(found)[Key(compare.ALL, "all arcs")]["whole PSNR"] == [4.0, 8.0]
    (gain, *_) = compare.table(found)
    assert (gain.value, gain.target, gain.holds) == (2.0, ">= 1", True)
    page = compare.page(json.loads(report.write(0, compare.table(found))))
    assert page[2].startswith("| all arcs: whole PSNR, states and pose above without states | 2 dB")
    assert page.index("**all arcs**") < page.index("<details>") < page.index("**arc, 10 degrees**")
    (line,) = [line for line in page[: page.index("<details>")] if line.startswith("| states and pose |")]
    assert line == "| states and pose | 6.00 ± 25.41 |"
