"""Views that grow harder in one respect at a time: a larger angle, faster things, more holes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import cv2
import numpy as np
import torch

from lab.data.scenes.new_views import NewView, Warp
from lab.data.unseen import scene_seeds
from lab.world import Scene, random_scene

SIZE = (9, 96, 144)


class Setting(NamedTuple):
    """Degrees of the arc, multiple of the things' own speed, least share of holes."""

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
    """Return every setting once."""
    return list(dict.fromkeys(BASE._replace(**{name: value}) for name, values in SWEEPS.items() for value in values))


def at_speed(scene: Scene, times: float) -> Scene:
    """Return the scene with all motion of its things sped up."""
    things = tuple(
        replace(thing, velocity=(times * x, times * y, times * z), spin=times * thing.spin)
        for thing in scene.things
        for x, y, z in [thing.velocity]
    )
    return replace(scene, things=things)


def moves(scene: Scene) -> bool:
    """Tell if one of its things leaves its place."""
    return any(any(thing.velocity) for thing in scene.things)


def view_of(seed: int, setting: Setting, size: tuple[int, int, int] = SIZE) -> tuple[NewView, Warp]:
    """Render and warp the scene of a seed, and hide as much as the setting wants."""
    view = NewView.of(seed, size, setting.angle, at_speed(random_scene(seed), setting.motion))
    warp = view.warp()
    return view, Warp.of(warp.video, grown(warp.visible > 0, setting.holes).float())


def grown(visible: torch.Tensor, share: float) -> torch.Tensor:
    """Return ``[F, H, W]`` bool with at least ``share`` of it holes: those that are there, wider by one distance everywhere.

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
    """Return ``[H, W]``: pixels to the nearest hole of ``visible [H, W]`` bool, or to what lies beyond the right edge."""
    padded = np.pad(visible.numpy().astype(np.uint8), ((0, 0), (0, 1)))
    return torch.from_numpy(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[:, :-1].copy())


def moving_scenes(seed: int, count: int) -> Iterator[int]:
    """Yield the seeds of the first ``count`` held-out scenes in which something goes somewhere."""
    return islice((scene for scene in scene_seeds(seed, 8 * count) if moves(random_scene(scene))), count)
