"""Scenes for the jobs' benchmarks: one moment, or one second, of an unseen scene from cameras on a known path.

Views are at the embedded models' size. What the jobs are given is pictures and a geometry: the rendering's own (*exact*), or
the small depth network's (*estimated*).
"""

from __future__ import annotations

import math
import random
from dataclasses import replace

import torch

from inversecrafter_core.camera import CameraPath, Geometry, RelativeTo, preset_path
from inversecrafter_core.depth import RawDepth, Stabilisation, build_geometry
from inversecrafter_core.depth.estimators.small import SmallDepth
from lab.data.contexts import geometry_of
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.host.paths import ROOT
from lab.world import Clip, frame_times, random_scene, render

DEPTH_FILE = ROOT / "weights" / "depth" / "inversecrafter_small_depth.safetensors"
TURNS = ("arc_left", "arc_right", "arc_up", "zoom_out")


def views(seed: int, baseline: float, moving: bool, frames: int = FRAMES) -> Clip:
    """Render the views of a camera that goes ``baseline`` pivot depths along one of four trajectories.

    It goes in one moment or, if ``moving``, in a second. The world is that of its first camera.
    """
    scene, times = random_scene(seed), frame_times(FRAMES)
    times = torch.linspace(0, float(times[-1]), frames) if moving else torch.zeros(frames)
    first = geometry_of(render(scene, times[:1], HEIGHT, WIDTH))
    preset = random.Random(seed).choice(TURNS)
    amount = baseline if preset == "zoom_out" else 2 * math.asin(baseline / 2)
    named = ("depth", "valid", "intrinsics", "camera_to_world")
    space = replace(first, **{name: getattr(first, name).expand(frames, -1, -1) for name in named})
    poses, lenses = preset_path(preset, frames, amount).resolve(space)
    return render(scene, times, HEIGHT, WIDTH, poses, lenses)


def exact(clip: Clip, frames: list[int]) -> Geometry:
    """The geometry of some frames as rendered, in the world of the first."""
    depth = clip.depth[frames]
    return Geometry(depth, torch.ones_like(depth, dtype=torch.bool), clip.intrinsics[frames], clip.camera_to_world[frames])


class Estimator:
    """The small depth network, each picture for itself."""

    def __init__(self) -> None:
        self.network = SmallDepth.load(DEPTH_FILE)

    def depth(self, pictures: torch.Tensor) -> RawDepth:
        """Return the depth of ``[F, H, W, 3]``, without what the network remembers of the picture before."""
        found = [self.network.estimate(picture[None]) for picture in pictures]
        return replace(found[0], values=torch.cat([one.values for one in found]))

    def geometry(self, pictures: torch.Tensor, focal: float | None = None) -> Geometry:
        """Return the geometry that Estimate Depth makes, ``stabilise`` off; without ``focal`` (pixels) the lens is assumed."""
        return build_geometry(self.depth(pictures), None, Stabilisation.OFF, focal=focal).geometry


def scaled(geometry: Geometry, factor: float) -> Geometry:
    """All depths times ``factor``."""
    return replace(geometry, depth=geometry.depth * factor)


def along(clip: Clip, geometry: Geometry) -> CameraPath:
    """The clip's cameras as a path for ``geometry``, whose scale is the clip's."""
    poses = clip.camera_to_world.clone()
    poses[:, :3, 3] /= geometry.pivot_depth
    return CameraPath(poses, torch.ones(len(poses)), RelativeTo.WORLD, "the true one")
