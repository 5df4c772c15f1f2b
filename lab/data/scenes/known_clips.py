"""Clean clips of which a part is known: double reprojections of scenes and of real clips, and new views of scenes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch

from inversecrafter_core.depth import DepthEstimator, OnnxDepth, Stabilisation, VerticalGradientPrior, build_geometry
from lab.data.assets import asset
from lab.data.pool import FRAMES
from lab.data.reprojections import TRAJECTORIES, path_of, reproject, synthetic_pair
from lab.data.unseen import REAL_CLIPS, real_clip, scene_seeds

from .new_views import NewView, Warp

VIEW_SIZE = (17, 96, 144)


class KnownClip(NamedTuple):
    """A clean clip ``[F, H, W, 3]`` and what is known of it."""

    truth: torch.Tensor
    warp: Warp


def reprojected_scenes(seed: int, count: int) -> Iterator[KnownClip]:
    """Yield held-out scenes, the six trajectories in turn at their own amounts."""
    for index, number in enumerate(scene_seeds(seed, count)):
        pair = synthetic_pair(number, path_of(TRAJECTORIES[index % len(TRAJECTORIES)], FRAMES))
        yield KnownClip(pair.video, Warp.of(pair.video, pair.visible.float()))


def reprojected_footage() -> Iterator[KnownClip]:
    """Yield two of the six trajectories on every clip that can be had."""
    path = asset("fastdepth")
    depth: DepthEstimator = VerticalGradientPrior() if path is None else OnnxDepth(path)
    for index, name in enumerate(REAL_CLIPS):
        if asset(name) is not None:
            video = real_clip(name)
            geometry = build_geometry(depth.estimate(video), video, Stabilisation.FRAMES).geometry
            for trajectory in (TRAJECTORIES[index], TRAJECTORIES[index + len(REAL_CLIPS)]):
                pair = reproject(video, geometry, path_of(trajectory, len(video)))
                yield KnownClip(pair.video, Warp.of(pair.video, pair.visible.float()))


def views_of_scenes(seed: int, count: int) -> Iterator[KnownClip]:
    """Yield new views of scenes."""
    for index in range(count):
        view = NewView.of(1000 * seed + index, VIEW_SIZE)
        yield KnownClip(view.truth, view.exact_warp())
