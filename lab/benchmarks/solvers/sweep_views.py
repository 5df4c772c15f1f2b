"""Views that grow harder in one thing at a time: a larger angle, faster things, more holes.

The scenes are rendered; the warp is our own at exact depth. Videos are ``[F, H, W, 3]``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import cv2
import numpy as np
import torch

from inversecrafter_core.camera import CameraPath
from inversecrafter_core.warp import warp_video
from lab.benchmarks.masks.cases import arc
from lab.data.contexts import geometry_of
from lab.data.unseen import scene_seeds
from lab.world import Scene, frame_times, random_scene, render
from lab.world.render import source_poses

FRAMES, HEIGHT, WIDTH = 9, 96, 144


class Setting(NamedTuple):
    """What is turned: degrees, times the own speed, least share of holes."""

    angle: float = 12.0
    motion: float = 1.0
    holes: float = 0.0


BASE = Setting()
SWEEPS: dict[str, tuple[float, ...]] = {
    "angle": (5.0, 12.0, 25.0, 40.0),
    "motion": (0.0, 1.0, 2.0),
    "holes": (0.0, 0.3, 0.6),
}
"""Values by field of :class:`Setting`. At twice their speed things travel in 9 frames as far as scenes leave room for."""
UNITS = {"angle": "degrees", "motion": "times the own speed", "holes": "share of holes, at least"}


def settings() -> list[Setting]:
    """Every setting once."""
    return list(dict.fromkeys(BASE._replace(**{name: value}) for name, values in SWEEPS.items() for value in values))


@dataclass(frozen=True)
class View:
    """A scene's truth from an arc, and its warp there: ``truth, warp [F, H, W, 3]``, ``visible [F, H, W]`` bool."""

    truth: torch.Tensor
    warp: torch.Tensor
    visible: torch.Tensor


def at_speed(scene: Scene, times: float) -> Scene:
    """The scene with all that its things do sped up."""
    things = tuple(
        replace(thing, velocity=tuple(times * part for part in thing.velocity), spin=times * thing.spin)
        for thing in scene.things
    )
    return replace(scene, things=things)


def moves(scene: Scene) -> bool:
    """Whether one of its things goes anywhere."""
    return any(any(thing.velocity) for thing in scene.things)


def view_of(scene: Scene, setting: Setting, height: int = HEIGHT, width: int = WIDTH) -> View:
    """Render, warp and hide what a setting asks for."""
    world, times = at_speed(scene, setting.motion), frame_times(FRAMES)
    source = render(world, times, height, width)
    geometry = geometry_of(source)
    poses = arc(source_poses(world, times), geometry.pivot_depth, math.radians(setting.angle))
    target = render(world, times, height, width, poses, source.intrinsics)
    units = poses.clone()
    units[:, :3, 3] /= geometry.pivot_depth
    warp = warp_video(source.colour, geometry, CameraPath(units, torch.ones(FRAMES), "world", "arc"))
    return View(target.colour, warp.video, grown(warp.visible, setting.holes))


def grown(visible: torch.Tensor, share: float) -> torch.Tensor:
    """``[F, H, W]`` bool with at least ``share`` of it holes: those that are there, wider by one distance everywhere.

    The first frame, which every run is given, is not touched; where nothing is hidden holes grow in from the right edge.
    """
    kept = visible.clone()
    if float((~kept).float().mean()) >= share:
        return kept
    distance = torch.stack([_to_hole(frame) for frame in kept[1:]])
    wanted = min(distance.numel(), math.ceil(share * kept.numel()) - int((~kept[:1]).sum()))
    limit = distance.flatten().kthvalue(max(1, wanted)).values
    kept[1:] = distance > limit
    return kept


def _to_hole(visible: torch.Tensor) -> torch.Tensor:
    """``[H, W]``: pixels to the nearest hole of ``visible [H, W]`` bool, or to what lies beyond the right edge."""
    padded = np.pad(visible.numpy().astype(np.uint8), ((0, 0), (0, 1)))
    return torch.from_numpy(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[:, :-1].copy())


def moving_scenes(seed: int, count: int) -> Iterator[int]:
    """The seeds of the first ``count`` held-out scenes in which something goes somewhere."""
    found = (scene for scene in scene_seeds(seed, 8 * count) if moves(random_scene(scene)))
    yield from (scene for scene, _ in zip(found, range(count), strict=False))
