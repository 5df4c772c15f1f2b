"""Scenes for the jobs' benchmarks: one moment, or one second, of an unseen scene from cameras on a known path.

Views are at the embedded models' size. What the jobs are given is pictures and a geometry: the rendering's own (*exact*), or
the small depth network's (*estimated*).
"""

from __future__ import annotations

import math
import random
from dataclasses import replace

import torch

from inversecrafter_core.camera import Geometry, preset_path
from inversecrafter_core.depth import RawDepth, Stabilisation, build_geometry
from inversecrafter_core.depth.estimators.small import SmallDepth
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
    first = render(scene, times[:1], HEIGHT, WIDTH).geometry()
    preset = random.Random(seed).choice(TURNS)
    amount = baseline if preset == "zoom_out" else 2 * math.asin(baseline / 2)
    poses, lenses = preset_path(preset, frames, amount).resolve(first.expand(frames))
    return render(scene, times, HEIGHT, WIDTH, poses, lenses)


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
