"""Adapter and pose control: shapes, geometry of the rays, the file."""

from __future__ import annotations

import math

import pytest
import scene_kit
import torch
from safetensors.torch import load_file, save_file

from inversecrafter_core import scene
from inversecrafter_core.camera import CameraPath, Geometry, RelativeTo, preset_path
from inversecrafter_core.errors import InputError
from inversecrafter_core.scene.pose_control import FEATURES, OCTAVES

SIGNATURE = torch.randn(1, 2, 128, generator=torch.Generator().manual_seed(3))


def rays(cameras: scene.TokenCameras, rows: int, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return direction and moment of every token, ``[T', rows columns, 3]`` each."""
    features = cameras.features(rows, columns)
    assert features.shape[1] == FEATURES == 12 + 2 + 6 + 12 * OCTAVES
    return tuple(features[:, 14:20].unflatten(0, (-1, rows * columns)).split(3, -1))  # type: ignore[return-value]


def cameras_of(frames: int, rho: float = 2.0) -> tuple[scene.TokenCameras, scene.TokenCameras]:
    geometry = Geometry(
        torch.full((frames, 16, 24), rho),
        torch.ones(frames, 16, 24, dtype=torch.bool),
        torch.tensor([[20.0, 0, 12], [0, 20, 8], [0, 0, 1]]).repeat(frames, 1, 1),
        torch.eye(4).repeat(frames, 1, 1),
    )
    path = preset_path("arc_right", frames, math.radians(30))
    return scene.source_and_target(geometry, path, list(range(frames)))


def test_rays_of_the_centres_meet_at_the_pivot_of_an_arc():
    source, target = cameras_of(5)
    pivot = torch.tensor([0.0, 0, 1])  # in multiples of rho
    for cameras in (source, target):
        direction, moment = rays(cameras, 1, 1)
        assert torch.allclose(moment, torch.linalg.cross(pivot.expand_as(direction), direction), atol=1e-5)
        assert torch.allclose(direction.norm(dim=-1), torch.ones(5, 1))


def test_features_do_not_depend_on_the_scale_of_the_scene():
    for one, other in zip(cameras_of(3, rho=2.0), cameras_of(3, rho=6.0), strict=True):
        assert torch.allclose(one.features(2, 3), other.features(2, 3), atol=1e-5)


def test_a_longer_lens_gives_narrower_rays():
    source, _ = cameras_of(2)
    longer = scene.TokenCameras(source.camera_to_world, source.lens * torch.tensor([2.0, 2, 1, 1]))
    spread = [float(rays(cameras, 1, 2)[0][0, :, 0].diff()) for cameras in (source, longer)]
    assert 0 < spread[1] < 0.6 * spread[0]


def test_states_are_placed_with_their_own_cameras():
    found = scene_kit.states(scene, 5, (32, 48))
    path = CameraPath(torch.eye(4).repeat(5, 1, 1), torch.ones(5), RelativeTo.SOURCE)
    source, target = scene.source_and_target(found, path, [0, 4])
    assert torch.allclose(source.camera_to_world[1, :3, 3], torch.tensor([0.15, 0, 0.05]))
    assert torch.equal(source.camera_to_world, target.camera_to_world)
    assert torch.allclose(source.lens[0], torch.tensor([0.9, 0.9 * 1.5, 0.5, 0.5]))


def test_an_untrained_pose_control_adds_nothing_and_tells_states_from_the_clip_once_it_is_trained():
    control = scene.PoseControl(2, 8, hidden=4)
    tokens = torch.randn(6, FEATURES)
    assert control.of_target(tokens).shape == (2, 6, 8)
    assert not control.of_source(tokens, of_states=False).any()
    torch.nn.init.normal_(control.source[-1].weight)
    assert not torch.equal(control.of_source(tokens, of_states=False), control.of_source(tokens, of_states=True))


@pytest.mark.parametrize(("frames", "kept"), [(17, [0, 8, 16]), (13, [4, 12]), (5, [4]), (1, [0])])
def test_the_last_state_is_always_used(frames: int, kept: list[int]):
    assert scene.kept_states(frames, 8) == kept


def test_the_adapter_answers_for_any_size_and_for_each_frame_by_itself():
    adapter = scene.StateAdapter(12, 16, width=32, depth=1)
    states = torch.randn(3, 7, 12)
    latents = adapter(states, 4, 6)
    assert latents.shape == (3, 16, 4, 6)
    assert torch.allclose(adapter(states[1:2], 4, 6), latents[1:2], atol=1e-5)
    assert adapter(states, 2, 10).shape == (3, 16, 2, 10)
    shuffled = states[:, torch.randperm(7)]
    assert torch.allclose(adapter(shuffled, 4, 6), latents, atol=1e-4)


def test_a_file_returns_what_was_written(tmp_path):
    written = scene_kit.adapter_file(scene, SIGNATURE)
    scene.save_scene_adapter(tmp_path / "a.safetensors", written, {"license": "Apache-2.0"}, torch.float32)
    found = scene.read_scene_adapter(tmp_path / "a.safetensors")
    assert found.model.spec == written.model.spec
    assert torch.equal(found.signature, SIGNATURE)
    for one, other in ((found.changes, written.changes), (found.model.state_dict(), written.model.state_dict())):
        assert one.keys() == other.keys()
        assert all(torch.equal(one[key], other[key]) for key in one)


def test_the_embedded_sizes_stay_below_six_megabytes(tmp_path):
    file = scene.AdapterFile(
        scene.SceneAdapter(scene.AdapterSpec("n", 8, 256)),
        {f"diffusion_model.blocks.{i}.self_attn.{n}.diff": torch.zeros(256, 256) for i in range(6) for n in "qkvo"},
        torch.zeros(1, 2, 256),
    )
    scene.save_scene_adapter(tmp_path / "a.safetensors", file)
    assert (tmp_path / "a.safetensors").stat().st_size <= 6e6


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda state, meta: meta.update(format="pt"), "Expected a scene adapter"),
        (lambda state, meta: meta.update(version="9"), "version 9"),
        (lambda state, meta: meta.update(every="0"), "every='0'"),
        (lambda state, meta: meta.update(network=""), "network=''"),
        (lambda state, meta: meta.update(dim="130"), "dim='130'"),
        (lambda state, meta: state.pop("signature"), "has no signature"),
        (lambda state, meta: [state.pop(key) for key in list(state) if key.startswith("diffusion_model")], "has no tensors"),
        (lambda state, meta: state.pop("adapter.write.weight"), "no tensor 'adapter.write.weight'"),
        (lambda state, meta: state.pop("adapter.norm.bias"), "nothing for 'adapter.norm.bias'"),
        (lambda state, meta: state.update({"pose.source.0.bias": torch.zeros(3)}), r"\(3,\) for 'pose.source.0.bias'"),
    ],
)
def test_a_damaged_file_is_refused_with_its_reason(tmp_path, damage, message):
    path = scene_kit.write_adapter(scene, tmp_path / "a.safetensors", SIGNATURE)
    state = load_file(path)
    metadata = {"format": "inversecrafter.scene_adapter", "version": "1", "network": "n", "every": "4", "dim": "128"}
    damage(state, metadata)
    save_file(state, path, metadata)
    with pytest.raises(InputError, match=message):
        scene.read_scene_adapter(path)
