"""MoGe and Depth Anything 3 of newer hosts: their own nodes around a stand-in for the network, on a clip whose truth is known.

The stand-ins give what a perfect network would, in the network's own form; all that follows is the host's code, and then ours.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch

FRAMES, HEIGHT, WIDTH, SEED = 5, 112, 168, 8
NETWORK = (140, 210)
"""Height and width that Depth Anything 3 runs at, other than the clip's."""
CPU = torch.device("cpu")


def newer(name: str) -> Any:
    """A module of the host's own nodes, or a skip where the host is older."""
    if importlib.util.find_spec(f"comfy_extras.{name}") is None:
        pytest.skip("this host has neither MoGe nor Depth Anything 3")
    return importlib.import_module(f"comfy_extras.{name}")


@pytest.fixture(scope="module")
def clip(pack):
    from lab.world import frame_times, random_scene, render
    from lab.world.hand_held import hand_held

    scene, times = random_scene(SEED), frame_times(FRAMES)
    return render(scene, times, HEIGHT, WIDTH, hand_held(scene, times, SEED))


def errors(found: torch.Tensor, truth: torch.Tensor) -> tuple[float, float]:
    """Return the largest errors of rotation, in degrees, and of position over the longest way."""
    apart = torch.linalg.inv(truth) @ found
    cosine = ((apart[:, :3, :3].diagonal(dim1=1, dim2=2).sum(1) - 1) / 2).clamp(-1, 1)
    missed, way = ((one[:, :3, 3]).norm(dim=1).max() for one in (found - truth, truth))
    return math.degrees(float(torch.arccos(cosine).max())), float(missed / way)


def agrees(found: torch.Tensor, truth: torch.Tensor, valid: torch.Tensor) -> float:
    """Return the mean relative error of depth up to one factor for the clip."""
    ratio = (found / truth)[valid]
    return float((ratio / ratio.median() - 1).abs().mean())


@pytest.fixture(scope="module")
def moge(pack, clip):
    """The host's node on a network that sees the true points, but for the shift in depth and the lens, which the host finds."""
    nodes, unproject = newer("nodes_moge"), pack.core("camera.projection").unproject
    points = torch.stack([unproject(*one, torch.eye(4)) for one in zip(clip.depth, clip.intrinsics, strict=True)])
    points = points - torch.tensor([0, 0, 0.5])
    mask = torch.ones(points.shape[:3])
    mask[:, :6] = 0
    taken: list[int] = []

    def forward(image: torch.Tensor, num_tokens: int) -> dict[str, torch.Tensor]:
        part = slice(len(taken), len(taken) + len(image))
        taken.extend(range(len(image)))
        return {"points": points[part].clone(), "mask": mask[part]}

    model = nodes.MoGeModel.__new__(nodes.MoGeModel)
    network = SimpleNamespace(forward=forward)
    patcher = importlib.import_module("comfy.model_patcher").ModelPatcher(torch.nn.Identity(), CPU, CPU)
    given = {"model": network, "patcher": patcher, "load_device": CPU, "dtype": torch.float32, "version": "v1"}
    model.__dict__.update(given | {"mask_threshold": 0.5, "num_tokens_range": (1200, 2500)})
    return nodes.MoGeInference.execute(model, clip.colour, 9, 0.0, 2, True, True).args[0]


def test_moges_lens_depth_and_sky_arrive(pack, clip, moge):
    geometry, _, report = pack.node("InverseCrafterGeometryFromMoGe").execute(moge, stabilise="off").args
    assert float(geometry.intrinsics[0, 0, 0]) == pytest.approx(float(clip.intrinsics[0, 0, 0]), rel=0.02)
    assert not geometry.valid[:, :5].any() and geometry.valid[:, 8:].all()
    assert agrees(geometry.depth, clip.depth, geometry.valid) < 0.03
    assert "MoGe" in report


def test_a_hand_held_clip_of_moge_gets_its_cameras_and_is_placed_in_one_world(pack, clip, moge):
    geometry = pack.node("InverseCrafterGeometryFromMoGe").execute(moge, stabilise="off").args[0]
    found, _, _, report = pack.node("InverseCrafterFindCamera").execute(clip.colour, geometry).args
    scale = float((found.depth / clip.depth)[found.valid].median())
    poses = found.camera_to_world.clone()
    poses[:, :3, 3] /= scale
    turned, missed = errors(poses, clip.camera_to_world)
    assert turned < 0.5 and missed < 0.3, report  # of a way of 3 % of rho


@pytest.fixture(scope="module")
def da3(pack, clip):
    """The host's multi-view node on a network that sees the truth at its own size, from any world."""
    nodes = newer("nodes_depth_anything_3")
    world = torch.eye(4)
    world[:3, 3] = torch.tensor([3.0, -1.0, 2.0])
    depth = torch.nn.functional.interpolate(clip.depth[:, None], size=NETWORK, mode="bilinear")[:, 0]
    lens = clip.intrinsics.clone()
    lens[:, 0] *= NETWORK[1] / WIDTH
    lens[:, 1] *= NETWORK[0] / HEIGHT
    answer = {
        "depth": depth,
        "extrinsics": torch.linalg.inv(world @ clip.camera_to_world)[None, :, :3],
        "intrinsics": lens[None],
    }

    class Network:
        dtype, cam_dec, head_type = torch.float32, object(), "dualdpt"

        def __call__(self, x: torch.Tensor, use_ray_pose: bool, ref_view_strategy: str) -> dict[str, torch.Tensor]:
            assert x.shape == (1, FRAMES, 3, *NETWORK)
            return answer

    patcher = importlib.import_module("comfy.model_patcher").ModelPatcher(torch.nn.Identity(), CPU, CPU)
    patcher.model = SimpleNamespace(diffusion_model=Network())
    mode = {"mode": "multiview", "pose_method": "cam_dec", "ref_view_strategy": "first"}
    load = nodes.mm.load_model_gpu
    nodes.mm.load_model_gpu = lambda model: None
    try:
        return nodes.DA3Inference.execute(patcher, clip.colour, NETWORK[1], "upper_bound_resize", mode).args[0]
    finally:
        nodes.mm.load_model_gpu = load


def test_depth_anything_3s_cameras_lens_and_depth_arrive_in_one_world(pack, clip, da3):
    geometry, _, report = pack.node("InverseCrafterGeometryFromDA3").execute(da3, stabilise="off").args
    turned, missed = errors(geometry.camera_to_world, clip.camera_to_world)
    assert turned < 0.05 and missed < 1e-3
    assert torch.equal(geometry.camera_to_world[0], torch.eye(4))
    assert float(geometry.intrinsics[0, 0, 0]) == pytest.approx(float(clip.intrinsics[0, 0, 0]), rel=0.01)
    assert agrees(geometry.depth, clip.depth, geometry.valid) < 0.03
    assert "another size" in report


def test_a_path_in_the_world_is_anchored_to_the_scene_of_a_moving_source(pack, clip, da3):
    """A camera that stays where frame 0 was shows the same place in every frame; relative to the source it would move along."""
    geometry = pack.node("InverseCrafterGeometryFromDA3").execute(da3, stabilise="off").args[0]
    change = {}
    for frame in ("world", "source"):
        path = pack.core("camera").preset_path("static", FRAMES, relative_to=frame)
        warp = pack.core("warp").warp_video(clip.colour, geometry, path)
        change[frame] = float((warp.video[-1] - warp.video[0]).abs().mean(-1)[warp.visible.all(0)].median())
    assert change["world"] < 0.5 * change["source"], change
