"""What masks are measured on: clips whose truth is known, ``[F, H, W, 3]`` in 0...1, and their warps with holes.

* *new views*: scenes of the synthetic world, seen by a camera on an arc. The target view is rendered, so the clean clip, the
  exact warp and its visible pixels are known.
* *reprojected*: any clip, thrown to a target view by a depth and back. What came back is visible; the clip itself is the truth.

Holes are filled by Telea's method, as the method's relatives do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
import torch.nn.functional as F

from inversecrafter_core.camera import Geometry
from inversecrafter_core.depth import DepthEstimator, OnnxDepth, VerticalGradientPrior
from inversecrafter_core.warp import fill_holes
from lab.data.assets import asset
from lab.data.contexts import geometry_of
from lab.data.reprojections import path_of, reproject
from lab.world import Clip, caption, frame_times, random_scene, render
from lab.world.render import source_poses

FRAMES, HEIGHT, WIDTH = 17, 96, 144
ARC = math.radians(12)


class Case(NamedTuple):
    """``truth`` and infilled ``warp [F, H, W, 3]``, ``visible [F, H, W]`` float, 1 = known; the ``source`` clip where the
    camera is another than the truth's; what a scene shows, in words.
    """

    truth: torch.Tensor
    visible: torch.Tensor
    warp: torch.Tensor
    source: torch.Tensor | None = None
    prompt: str = ""


def arc(poses: torch.Tensor, pivot: float, angle: float = ARC) -> torch.Tensor:
    """``poses`` turned about a point ``pivot`` ahead, from nothing in frame 0 to ``angle`` (radians) in the last."""
    turned = []
    for pose, part in zip(poses, torch.linspace(0, angle, len(poses)), strict=True):
        turn = torch.eye(4)
        turn[0, 0] = turn[2, 2] = part.cos()
        turn[0, 2], turn[2, 0] = part.sin(), -part.sin()
        to_pivot = torch.eye(4)
        to_pivot[2, 3] = pivot
        turned.append(pose @ to_pivot @ turn @ torch.linalg.inv(to_pivot))
    return torch.stack(turned)


def exact_warp(source: Clip, target: Clip) -> tuple[torch.Tensor, torch.Tensor]:
    """Source colour at every target pixel that the source saw, by both views' exact depths. Returns the holed warp and
    visible.
    """
    frames, height, width = target.depth.shape
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    rays = torch.einsum("fij,hwj->fhwi", torch.linalg.inv(target.intrinsics), torch.stack([u, v, torch.ones_like(u)], -1))
    points = torch.cat([rays * target.depth[..., None], torch.ones(frames, height, width, 1)], -1)
    to_source = torch.linalg.inv(source.camera_to_world) @ target.camera_to_world
    seen = torch.einsum("fij,fhwj->fhwi", to_source, points)[..., :3]
    pixel = torch.einsum("fij,fhwj->fhwi", source.intrinsics, seen / seen[..., 2:].clamp_min(1e-4))[..., :2]
    grid = pixel / torch.tensor([width, height]) * 2 - 1
    depth = F.grid_sample(source.depth[:, None], grid, "nearest", align_corners=False)[:, 0]
    inside = (grid.abs() <= 1).all(-1) & (seen[..., 2] > 0)
    visible = (inside & ((depth - seen[..., 2]).abs() < 0.03 * depth)).float()
    colour = F.grid_sample(source.colour.movedim(-1, 1), grid, "bilinear", "border", align_corners=False).movedim(1, -1)
    return colour * visible[..., None], visible


def telea(video: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """Frame by frame, radius 3."""
    return fill_holes(video, visible > 0.5)


def new_views(seed: int, count: int) -> Iterator[Case]:
    """Warps of scenes to a view on an arc."""
    for index in range(count):
        scene, times = random_scene(1000 * seed + index), frame_times(FRAMES)
        source = render(scene, times, HEIGHT, WIDTH)
        pivot = geometry_of(source).pivot_depth
        target = render(scene, times, HEIGHT, WIDTH, arc(source_poses(scene, times), pivot), source.intrinsics)
        holed, visible = exact_warp(source, target)
        yield Case(target.colour, visible, telea(holed, visible), source.colour, caption(scene))


def estimator() -> DepthEstimator:
    """FastDepth, or the prior where that cannot be had."""
    path = asset("fastdepth")
    return VerticalGradientPrior() if path is None else OnnxDepth(path)


def reprojected(video: torch.Tensor, geometry: Geometry, trajectory: str, strength: float = 1.0) -> Case:
    """``video`` with the holes of one of the six trajectories and its way back."""
    pair = reproject(video, geometry, path_of(trajectory, len(video), strength))
    return Case(pair.video, pair.visible.float(), fill_holes(pair.video, pair.visible))
