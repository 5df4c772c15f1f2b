"""Scene states as a value: shapes, slices, a path placed by them, and their file."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from safetensors.torch import load_file, save_file

from inversecrafter_core.camera import intrinsics_from_focal, preset_path
from inversecrafter_core.camera.rotation import pose, turn_y
from inversecrafter_core.errors import InputError
from inversecrafter_core.scene import SceneStates, read_scene_states, save_scene_states

METADATA = {"format": "inversecrafter.scene_states", "version": "1", "network": "large"}
METADATA |= {"pivot_depth": "2.5", "height": "64", "width": "96"}


def cameras(frames: int) -> torch.Tensor:
    """Return ``[frames, 4, 4]``: a camera that pans and moves right, the identity first."""
    steps = torch.arange(frames).float()
    return pose(turn_y(0.05 * steps), torch.stack([0.1 * steps, 0 * steps, 0 * steps], -1))


def scene(frames: int = 3, tokens: int = 5, width: int = 8) -> SceneStates:
    states = torch.randn(frames, tokens, width, generator=torch.Generator().manual_seed(0))
    return SceneStates(states, cameras(frames), intrinsics_from_focal(90, 64, 96).repeat(frames, 1, 1), (64, 96), 2.5, "small")


def test_every_second_state_keeps_its_camera():
    whole = scene(5)
    part = whole[::2]
    assert (part.frames, part.tokens, part.width) == (3, 5, 8)
    assert torch.equal(part.states[1], whole.states[2]) and torch.equal(part.camera_to_world[2], whole.camera_to_world[4])
    assert (part.size, part.pivot_depth, part.network) == (whole.size, whole.pivot_depth, whole.network)


def test_a_path_is_placed_by_states_as_by_a_geometry_of_the_same_cameras():
    whole = scene(9)
    path = preset_path("arc_right", 9)
    poses, intrinsics = path.resolve(whole)
    expected = path.camera_to_world.clone()
    expected[:, :3, 3] *= whole.pivot_depth
    torch.testing.assert_close(poses, whole.camera_to_world @ expected)
    torch.testing.assert_close(intrinsics, whole.intrinsics)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"states": torch.zeros(3, 5)}, "Give .T, s, d."),
        ({"states": torch.zeros(4, 5, 8)}, "states has 4, camera_to_world has 3"),
        ({"camera_to_world": torch.zeros(3, 3, 4)}, "Give .T, 3, 3. and .T, 4, 4."),
        ({"states": torch.full((3, 5, 8), float("nan"))}, "120 of 120 values are NaN"),
        ({"pivot_depth": 0.0}, "positive depth"),
        ({"size": (0, 96)}, "picture size"),
        ({"network": ""}, "Name the network"),
        ({"intrinsics": torch.zeros(3, 3, 3)}, "a focal length of 0"),
    ],
)
def test_states_that_do_not_fit_are_refused(change: dict, message: str):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(scene(), **change)


@pytest.mark.parametrize("half", [False, True])
def test_a_file_gives_back_what_was_saved(tmp_path, half: bool):
    before = scene()
    save_scene_states(tmp_path / "a.safetensors", before, half)
    after = read_scene_states(tmp_path / "a.safetensors")
    torch.testing.assert_close(after.states, before.states, atol=2e-3 if half else 0, rtol=0)
    torch.testing.assert_close(after.camera_to_world, before.camera_to_world)
    assert after.states.dtype == torch.float32
    assert (after.size, after.pivot_depth, after.network) == (before.size, before.pivot_depth, before.network)


def test_the_states_of_a_large_network_fit(tmp_path):
    """Another program writes 768 tokens of 768 in half precision, one lens, and poses in a world of its own."""
    elsewhere = pose(turn_y(torch.tensor(0.7)), torch.tensor([1.0, 2.0, 3.0]))
    states = torch.randn(2, 768, 768).half()
    tensors = {"states": states, "camera_to_world": elsewhere @ cameras(2), "intrinsics": intrinsics_from_focal(90, 64, 96)}
    save_file(tensors, tmp_path / "large.safetensors", METADATA)
    found = read_scene_states(tmp_path / "large.safetensors")
    assert (found.frames, found.tokens, found.width, found.network) == (2, 768, 768, "large")
    torch.testing.assert_close(found.states, states.float())
    torch.testing.assert_close(found.camera_to_world, cameras(2), atol=1e-5, rtol=1e-5)
    assert found.intrinsics.shape == (2, 3, 3) and found.size == (64, 96)


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        ("camera_to_world", "a.safetensors has no source poses"),
        ("states", "has no states"),
        ("pivot_depth", "has no pivot_depth in its metadata"),
        ("network", "no network name"),
        ("format", "Expected scene states as safetensors"),
    ],
)
def test_a_file_without_an_entry_is_refused_by_name(tmp_path, lost: str, message: str):
    save_scene_states(tmp_path / "a.safetensors", scene())
    tensors = {name: value for name, value in load_file(tmp_path / "a.safetensors").items() if name != lost}
    save_file(tensors, tmp_path / "a.safetensors", {name: value for name, value in METADATA.items() if name != lost})
    with pytest.raises(InputError, match=message):
        read_scene_states(tmp_path / "a.safetensors")


@pytest.mark.parametrize("entry", ["height", "width", "pivot_depth"])
@pytest.mark.parametrize("text", ["nan", "inf", "tall"])
def test_a_number_that_is_none_is_refused_by_name(tmp_path, entry: str, text: str):
    save_scene_states(tmp_path / "a.safetensors", scene())
    save_file(load_file(tmp_path / "a.safetensors"), tmp_path / "a.safetensors", METADATA | {entry: text})
    with pytest.raises(InputError, match=f"a.safetensors has {entry}='{text}'"):
        read_scene_states(tmp_path / "a.safetensors")


def test_states_that_half_precision_cannot_hold_are_refused_before_a_file_is_written(tmp_path):
    large = dataclasses.replace(scene(), states=1e5 * scene().states)
    with pytest.raises(InputError, match="half_precision: states up to"):
        save_scene_states(tmp_path / "a.safetensors", large, half=True)
    assert not list(tmp_path.iterdir())
    save_scene_states(tmp_path / "a.safetensors", large)


def test_a_first_pose_that_cannot_be_undone_is_refused(tmp_path):
    save_scene_states(tmp_path / "a.safetensors", scene())
    tensors = load_file(tmp_path / "a.safetensors") | {"camera_to_world": torch.zeros(3, 4, 4)}
    save_file(tensors, tmp_path / "a.safetensors", METADATA)
    with pytest.raises(InputError, match="no pose"):
        read_scene_states(tmp_path / "a.safetensors")
