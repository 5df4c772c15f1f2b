"""Scenes of the world seen from an arc: the source clip, the rendered true view, and the warps between them.

The target camera stays where it truly is, whatever depth the warp is given: results are compared with the rendered view from
there. A path of the nodes counts in multiples of the estimated pivot depth instead, so that a depth wrong by one factor leaves
their picture as it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from inversecrafter_core.camera import CameraPath, Geometry, RelativeTo
from inversecrafter_core.camera.rotation import pose, turn_y
from inversecrafter_core.warp import fill_holes, warp_video
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.world import Clip, Scene, caption, frame_times, landing, random_scene, render, sampled
from lab.world.render import source_poses

ARC = 12.0
"""Degrees of the arc at the last frame."""
LEAST_HOLES = 0.02
"""Share of holes below which a view is not worth judging."""
SIZE = FRAMES, HEIGHT, WIDTH


def arc(poses: torch.Tensor, pivot: float, degrees: float = ARC) -> torch.Tensor:
    """Return ``poses [F, 4, 4]`` turned about a point ``pivot`` ahead, from nothing in frame 0 to ``degrees`` in the last."""
    to_pivot = pose(torch.eye(3), torch.tensor([0.0, 0.0, pivot]))
    turns = pose(turn_y(torch.linspace(0, math.radians(degrees), len(poses))), torch.zeros(len(poses), 3))
    return poses @ to_pivot @ turns @ torch.linalg.inv(to_pivot)


@dataclass(frozen=True)
class Warp:
    """A partly known clip: ``video [F, H, W, 3]``, its holes filled by Telea's method, and ``visible [F, H, W]`` float."""

    video: torch.Tensor
    visible: torch.Tensor

    @classmethod
    def of(cls, video: torch.Tensor, visible: torch.Tensor) -> Warp:
        """Fill the holes of a holed clip."""
        known = visible > 0.5
        return cls(fill_holes(video * known[..., None], known), known.float())

    @property
    def holes(self) -> float:
        """Share of the clip that is a hole."""
        return float((self.visible == 0).float().mean())


@dataclass(frozen=True)
class NewView:
    """A scene from its own camera and, rendered, from an arc: ``source, target`` with exact depths and cameras."""

    seed: int
    scene: Scene
    source: Clip
    target: Clip

    @classmethod
    def of(cls, seed: int, size: tuple[int, int, int] = SIZE, degrees: float = ARC, scene: Scene | None = None) -> NewView:
        """Render both views of the scene of a seed, or of ``scene``; ``size``: frames, height, width."""
        world, times = random_scene(seed) if scene is None else scene, frame_times(size[0])
        source = render(world, times, *size[1:])
        poses = arc(source_poses(world, times), source.geometry().pivot_depth, degrees)
        return cls(seed, world, source, render(world, times, *size[1:], poses, source.intrinsics))

    @property
    def truth(self) -> torch.Tensor:
        """Return the rendered true view, ``[F, H, W, 3]``."""
        return self.target.colour

    @property
    def prompt(self) -> str:
        """Return the scene in words."""
        return caption(self.scene)

    def geometry(self, depth: torch.Tensor | None = None) -> Geometry:
        """Return the geometry of the source with true cameras, and with another depth ``[F, H, W]`` where one is given."""
        found = self.source.geometry()
        return found if depth is None else replace(found, depth=depth)

    def warp(self, geometry: Geometry | None = None) -> Warp:
        """Warp the source by our own warp; by default with exact depth."""
        space = self.geometry() if geometry is None else geometry
        made = warp_video(self.source.colour, space, along(self.target, space, "arc"))
        return Warp.of(made.video, made.visible.float())

    def exact_warp(self) -> Warp:
        """Read the source colour at every target pixel that the source saw, by both views' exact depths."""
        holed, visible = exact_warp(self.source, self.target)
        return Warp.of(holed, visible)


def along(clip: Clip, geometry: Geometry, name: str) -> CameraPath:
    """Return the clip's cameras as a path for ``geometry``, whose scale is the clip's."""
    poses = clip.camera_to_world.clone()
    poses[:, :3, 3] /= geometry.pivot_depth
    return CameraPath(poses, torch.ones(len(poses)), RelativeTo.WORLD, name)


def exact_warp(source: Clip, target: Clip) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the holed warp ``[F, H, W, 3]`` of :meth:`NewView.exact_warp`, and ``visible [F, H, W]`` float."""
    place, ahead = landing(target, source.camera_to_world, source.intrinsics)
    grid = place / torch.tensor([place.shape[2], place.shape[1]]) * 2 - 1
    depth = F.grid_sample(source.depth[:, None], grid, "nearest", align_corners=False)[:, 0]
    inside = (grid.abs() <= 1).all(-1) & (ahead > 0)
    visible = (inside & ((depth - ahead).abs() < 0.03 * depth)).float()
    return sampled(source.colour, place) * visible[..., None], visible
