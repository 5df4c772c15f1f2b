"""Camera paths for the host's own nodes: its embedding of camera motions, and the cameras of its 3D viewer."""

from __future__ import annotations

import importlib
import math

import pytest
import torch

SIZES = [(48, 80), (80, 48), (64, 64)]
LINES = {"Static": (0, 0, 0), "Pan Up": (0, -1, 0), "Pan Right": (1, 0, 0), "Zoom In": (0, 0, 2)}


@pytest.fixture(scope="module")
def host_node(pack):
    return importlib.import_module("comfy_extras.nodes_camera_trajectory").WanCameraEmbedding


def host_motion(pack, motion: str, frames: int, speed: float):
    """The host's motion as a path: it moves by 1.5 units, or turns by 60 degrees, times speed, in one frame more."""
    share = torch.arange(frames) / frames * speed
    poses = torch.eye(4).repeat(frames, 1, 1)
    if motion == "ClockWise (CW)":
        rotation = pack.core("camera.rotation")
        poses[:, :3, :3] = rotation.turn_z(share * math.pi / 3)
    else:
        poses[:, :3, 3] = share[:, None] * 1.5 * torch.tensor(LINES[motion], dtype=torch.float32)
    return pack.core("camera").CameraPath(poses, torch.ones(frames))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("motion", [*LINES, "ClockWise (CW)"])
def test_a_motion_of_the_host_gives_the_embedding_of_the_host(pack, host_node, motion, size):
    height, width = size
    path = host_motion(pack, motion, 9, 0.7)
    theirs = host_node.execute(motion, width, height, 9, speed=0.7).args
    ours = pack.node("InverseCrafterCameraEmbedding").execute(path, width, height, scale=1.0).args
    assert ours[0].shape == theirs[0].shape == (1, 24, 3, height, width)
    assert torch.allclose(ours[0], theirs[0], atol=2e-6)
    assert ours[1:] == theirs[1:] == (width, height, 9)


def test_with_a_geometry_lens_principal_point_and_source_motion_are_those_of_the_scene(pack):
    """One ray by hand: the principal point sees straight ahead, from where the source camera stands."""
    camera = pack.core("camera")
    lens = camera.intrinsics_from_focal(40, 32, 48, (12.5, 8.5)).repeat(5, 1, 1)
    poses = torch.eye(4).repeat(5, 1, 1)
    poses[:, 0, 3] = torch.arange(5.0)
    geometry = camera.Geometry(torch.full((5, 32, 48), 2.0), torch.ones(5, 32, 48).bool(), lens, poses)
    still = camera.preset_path("static", 5)
    embedding = pack.node("InverseCrafterCameraEmbedding").execute(still, 48, 32, scale=1.0, geometry=geometry).args[0]
    # o x d with o = (4, 0, 0) over rho = 2 and d = (0, 0, 1) is (0, -2, 0); the second latent frame ends with frame 4
    assert embedding.unflatten(1, (6, 4))[0, :, 3, 1, 8, 12].tolist() == pytest.approx([0, -2, 0, 0, 0, 1], abs=1e-6)
    double = pack.node("InverseCrafterCameraEmbedding").execute(still, 96, 64, scale=1.0, geometry=geometry).args[0]
    assert torch.allclose(double.unflatten(3, (32, 2)).unflatten(5, (48, 2)).mean((4, 6)), embedding, atol=2e-3)


def test_a_zoom_narrows_the_rays(pack):
    camera = pack.core("camera")
    path = camera.CameraPath(torch.eye(4).repeat(5, 1, 1), torch.tensor([1, 1, 1, 1, 2.0]))
    rays = pack.node("InverseCrafterCameraEmbedding").execute(path, 32, 32, scale=1.0).args[0].unflatten(1, (6, 4))
    slope = rays[0, 3] / rays[0, 5]
    assert torch.allclose(slope[3, 1], slope[0, 1] / 2, atol=1e-6)


def test_a_length_that_wan_does_not_take_is_named(pack):
    with pytest.raises(Exception, match=r"camera_path.*8 frames"):
        pack.node("InverseCrafterCameraEmbedding").execute(pack.core("camera").preset_path("pan", 8), 32, 32, scale=1.0)


def test_views_make_a_path_of_the_videos_length_and_a_path_gives_a_view(pack):
    front = {"position": {"x": 0, "y": 0, "z": 4}, "target": {"x": 0, "y": 0, "z": 0}, "zoom": 1, "cameraType": "perspective"}
    side = front | {"position": {"x": 4, "y": 0, "z": 0}}
    node = pack.node("InverseCrafterCameraFrom3D")
    path, picture, report = node.execute(side, 81, start_camera_info=front, video=torch.zeros(9, 8, 8, 3)).args
    assert path.frames == 9 and picture.shape[0] == 1 and "90.0 degrees" in report
    (view,) = pack.node("InverseCrafterCameraTo3D").execute(path, -1, 4.0).args
    assert view["position"] == pytest.approx({"x": 4, "y": 0, "z": -4}, abs=1e-5), "the world is the source camera"
    assert view["target"] == pytest.approx({"x": 0, "y": 0, "z": -4}, abs=1e-5)
