"""The scene network: its outputs, its memory, its file, and clips of any size and length through it."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from inversecrafter_core.camera.rotation import rotation_angle, turn_about, turn_x, turn_y
from inversecrafter_core.errors import InputError
from inversecrafter_core.scene import (
    SceneNetwork,
    SceneNetworkSpec,
    load_scene_network,
    reconstruct,
    save_scene_network,
)
from inversecrafter_core.scene.layers import Attention, Matching, Places
from inversecrafter_core.scene.motion import REACH, motion
from inversecrafter_core.scene.network import CELL, PATCH, cell_rays, chained
from inversecrafter_core.scene.reconstruction import network_size

SPEC = SceneNetworkSpec(width=32, heads=2, encoder=1, decoder=2, rows=2, columns=3, detail=8)


def network(seed: int = 0) -> SceneNetwork:
    """Return a small network without a zero weight, so that every part acts."""
    torch.manual_seed(seed)
    found = SceneNetwork(SPEC, "small").train(False).requires_grad_(False)
    for value in found.parameters():
        if not bool(value.any()):
            value.copy_(0.2 * torch.randn(value.shape) / value[0].numel() ** 0.5)
    return found


def clip(frames: int, height: int = 64, width: int = 96, seed: int = 0) -> torch.Tensor:
    return torch.rand(frames, height, width, 3, generator=torch.Generator().manual_seed(seed))


def frames_of(video: torch.Tensor) -> torch.Tensor:
    return video.permute(0, 3, 1, 2)[None]


def sizes(**changed: int) -> str:
    """Return the metadata of :data:`SPEC`, some of it changed."""
    return json.dumps(dataclasses.asdict(SPEC) | changed)


def test_the_outputs_have_a_value_a_cell_and_a_camera_a_frame():
    found = network()(frames_of(clip(3)))
    cells = (1, 3, 64 // CELL, 96 // CELL)
    assert found.log_depth.shape == found.depth_confidence.shape == found.world_confidence.shape == cells
    assert found.world_points().shape == (*cells, 3)
    assert found.rotation.shape == (1, 3, 3, 3) and found.position.shape == (1, 3, 3) and found.focal.shape == (1, 3)
    assert found.states.shape == (1, 3, 6, 32)


def test_the_states_after_a_frame_do_not_depend_on_later_ones():
    video = clip(4)
    other = torch.cat([video[:2], clip(2, seed=5)])
    one, two = (network()(frames_of(part)).states[0] for part in (video, other))
    torch.testing.assert_close(one[:2], two[:2])
    assert not torch.allclose(one[2], two[2], atol=1e-3)


def test_the_states_remember_the_order_of_what_was_seen():
    video = clip(3)
    there = network()(frames_of(video)).states[0, -1]
    swapped = network()(frames_of(video[[1, 0, 2]])).states[0, -1]
    assert not torch.allclose(there, swapped, atol=1e-3)


def test_a_clip_in_two_parts_is_the_clip():
    model, frames = network(), frames_of(clip(5))
    whole = model(frames)
    _, memory = model.advance(frames[:, :2], model.initial(1))
    second, _ = model.advance(frames[:, 2:], memory)
    for name in ("states", "log_depth", "rotation", "position"):
        torch.testing.assert_close(getattr(whole, name)[:, 2:], getattr(second, name), atol=1e-5, rtol=1e-4)


def test_attention_does_not_depend_on_the_order_of_its_context():
    torch.manual_seed(0)
    layer, tokens, context = Attention(16, 2), torch.randn(1, 4, 16), torch.randn(1, 7, 16)
    torch.nn.init.normal_(layer.out.weight)
    torch.testing.assert_close(layer(tokens, context), layer(tokens, context[:, torch.randperm(7)]))


def test_attention_begins_as_a_search_for_the_equal_token():
    torch.manual_seed(0)
    layer, tokens = Attention(64, 1), torch.randn(1, 9, 64)
    layer.value.weight.data.copy_(torch.eye(64))
    layer.out.weight.data.copy_(torch.eye(64))
    order = torch.randperm(9)
    nearest = torch.cdist(layer(tokens, tokens[:, order]), tokens).argmin(-1)
    assert torch.equal(nearest[0], torch.arange(9))


def test_the_picture_encoder_knows_where_a_token_stands():
    places = Places.grid(3, 5, 16).embedding
    assert places.shape == (15, 16) and len(torch.unique(places, dim=0)) == 15
    bigger = Places.grid(5, 7, 16).embedding.unflatten(0, (5, 7))[1:4, 1:6]
    torch.testing.assert_close(bigger, places.unflatten(0, (3, 5)))


def test_matching_tells_how_far_away_the_equal_token_stands():
    torch.manual_seed(0)
    layer, tokens = Matching(64, 1, copies=False), 5 * torch.randn(1, 4, 6, 64)
    torch.nn.init.eye_(layer.shift.weight)
    layer.log_sharpness.data.fill_(4.0)
    own = Places.grid(4, 6, 64)._replace(embedding=torch.zeros(24, 64))
    found = layer.match(tokens.flatten(1, 2), own, tokens.roll(1, 2).flatten(1, 2), own).unflatten(1, (4, 6))
    torch.testing.assert_close(found[:, :, :5, :2], torch.tensor([1.0, 0.0]).expand(1, 4, 5, 2), atol=0.05, rtol=0)


@pytest.mark.parametrize("step", [(2, 0), (-3, 1)])
def test_the_cost_volume_finds_how_a_texture_moved(step: tuple[int, int]):
    before = torch.randn(1, 8, 20, 30, generator=torch.Generator().manual_seed(0))
    now = before.roll((step[1], step[0]), (2, 3))
    found = motion(now, before)[0, :3, 6:14, 6:24]
    wanted = torch.tensor([-step[0], -step[1]]) / (REACH / 2)
    torch.testing.assert_close(found[:2].mean((1, 2)), wanted, atol=0.1, rtol=0)
    assert float(found[2].min()) > 0.5, "sure of it"


def test_motions_of_a_camera_add_up():
    turns, steps = turn_y(torch.tensor([[0.1, 0.2]])), torch.tensor([[[0.0, 0.0, 1.0], [0.0, 0.0, 2.0]]])
    first = turn_y(torch.tensor([0.5]))
    rotation, position = chained(first, torch.zeros(1, 3), turns, steps)
    torch.testing.assert_close(rotation[0, 1], turn_y(torch.tensor(0.8)))
    expected = first[0] @ steps[0, 0] + turn_y(torch.tensor(0.6)) @ steps[0, 1]
    torch.testing.assert_close(position[0, 1], expected)


def test_an_untrained_network_begins_with_a_camera_that_stands_still():
    found = SceneNetwork(SPEC)(frames_of(clip(2)))
    torch.testing.assert_close(found.rotation, torch.eye(3).expand(1, 2, 3, 3))
    assert not bool(found.position.any())
    torch.testing.assert_close(found.world_points(), found.own_points())


def test_rays_of_cells_pass_through_their_centres():
    rays = cell_rays(torch.tensor(8.0), 2, 3)
    torch.testing.assert_close(rays[0, 0], torch.tensor([-4 / 8, -2 / 8, 1.0]))
    torch.testing.assert_close(rays[1, 2], torch.tensor([4 / 8, 2 / 8, 1.0]))


def test_a_rotation_vector_is_an_axis_and_an_angle():
    found = turn_about(torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.3, 0.0], [0.2, 0.1, -0.4]]))
    torch.testing.assert_close(found[0], torch.eye(3))
    torch.testing.assert_close(found[1], turn_y(torch.tensor(0.3)))
    torch.testing.assert_close(rotation_angle(found[2]), torch.tensor([0.2, 0.1, -0.4]).norm())
    torch.testing.assert_close(turn_about(torch.tensor([0.3, 0.0, 0.0])), turn_x(torch.tensor(0.3)))


@pytest.mark.parametrize(("height", "width"), [(480, 832), (832, 480), (512, 512), (40, 400), (33, 33)])
def test_the_network_sees_a_clip_of_any_shape_at_its_own_size(height: int, width: int):
    rows, columns = (side / PATCH for side in network_size(height, width))
    assert rows == int(rows) and columns == int(columns) and 70 <= rows * columns <= 130


def test_a_clip_of_any_size_gives_states_with_cameras_of_the_clip():
    steps: list[tuple[int, int]] = []
    found = reconstruct(network(), clip(10, 40, 72), lambda done, total: steps.append((done, total)))
    states = found.states
    assert steps == [(8, 10), (10, 10)]
    assert (states.frames, states.tokens, states.width, states.size, states.network) == (10, 6, 32, (40, 72), "small")
    torch.testing.assert_close(states.camera_to_world[0], torch.eye(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(states.intrinsics[:, :2, 2], torch.tensor([36.0, 20.0]).expand(10, 2))
    assert found.depth.shape == found.confidence.shape == (10, *(side // CELL for side in network_size(40, 72)))
    assert found.depth.min() <= states.pivot_depth <= found.depth.max()


@pytest.mark.parametrize(
    ("video", "message"),
    [(torch.zeros(0, 64, 64, 3), "0 frames"), (torch.zeros(2, 16, 64, 3), "64x16"), (torch.zeros(2, 64, 64, 4), "alpha")],
)
def test_a_clip_that_cannot_be_read_is_refused(video: torch.Tensor, message: str):
    with pytest.raises(InputError, match=message):
        reconstruct(network(), video)


def test_a_network_comes_back_from_its_file_with_a_name_of_its_weights(tmp_path):
    before, file = network(), tmp_path / "tiny.safetensors"
    save_scene_network(file, before, license="Apache-2.0")
    after = load_scene_network(file)
    assert after.spec == SPEC and after.name.startswith("tiny-") and not after.training
    for name, value in before.state_dict().items():
        torch.testing.assert_close(after.state_dict()[name], value, atol=2e-3, rtol=2e-3)
    save_scene_network(file, network(1))
    assert load_scene_network(file).name != after.name, "other weights, another name"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "inversecrafter.depth"}, "a file of format 'inversecrafter.depth'"),
        ({"version": "2"}, "has version 2"),
        ({"sizes": "{}"}, "no readable sizes"),
        ({"sizes": sizes(width=30)}, "width 30"),
        ({"sizes": sizes(encoder=2)}, "'encoder.1"),
        ({"sizes": sizes(decoder=0)}, "1 to 4096"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, change: dict[str, str], message: str):
    file = tmp_path / "tiny.safetensors"
    save_scene_network(file, network())
    metadata = {"format": "inversecrafter.scene_network", "version": "1", "network": "tiny"}
    save_file(load_file(file), file, metadata | {"sizes": sizes()} | change)
    with pytest.raises(InputError, match=message):
        load_scene_network(file)


def test_a_damaged_file_names_its_tensor(tmp_path):
    file = tmp_path / "tiny.safetensors"
    save_scene_network(file, network())
    with pytest.raises(InputError, match="no file other"):
        load_scene_network(tmp_path / "other.safetensors")
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(InputError, match="not a readable safetensors"):
        load_scene_network(file)
