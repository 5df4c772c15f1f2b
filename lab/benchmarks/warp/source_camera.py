"""The camera of a hand-held clip, found from the clip and its depth: its error where the truth is known.

Clips of 33 frames of held-out scenes, two to four things in view, some of them moving; the camera drifts, circles or stands,
and is held in a hand (:mod:`lab.world.hand_held`). Depth is exact; or off by 5 % a frame and 4 % in smooth patches, as an
estimator's.
Errors are means over a clip's frames. "Not found" beside it is the error of a camera that is taken to stand still.
"""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import median

import torch

from inversecrafter_core.camera import Geometry
from inversecrafter_core.camera.rotation import rotation_angle
from inversecrafter_core.clips import find_source_cameras
from inversecrafter_core.errors import InputError
from lab.benchmarks.report import Row, row
from lab.benchmarks.runner import main
from lab.data.unseen import scene_seeds
from lab.metrics.intervals import interval
from lab.world import frame_times, random_scene, render
from lab.world.hand_held import hand_held

FRAMES, HEIGHT, WIDTH = 33, 144, 240
FRAME_SCALE, PATCHES = 0.05, 0.04
FIGURES = (("rotation error", "degrees", 0.5), ("position error", "% of rho", 2.0))
"""Figures with their units and the largest medians that are wanted."""


def errors(found: Geometry, truth: Geometry) -> tuple[float, float]:
    """Return the mean errors of rotation, in degrees, and of position, in percent of rho."""
    relative = torch.linalg.inv(truth.camera_to_world) @ found.camera_to_world
    away = (found.camera_to_world - truth.camera_to_world)[:, :3, 3].norm(dim=1) / truth.pivot_depth
    return math.degrees(float(rotation_angle(relative[:, :3, :3]).mean())), 100 * float(away.mean())


def disturbed(geometry: Geometry, seed: int) -> Geometry:
    """Return a geometry whose depth errs as an estimator's: in scale from frame to frame, and in smooth patches."""
    generator = torch.Generator().manual_seed(seed)
    patches = torch.nn.functional.interpolate(torch.randn(1, 1, 6, 8, generator=generator), size=geometry.size, mode="bicubic")[
        0
    ]
    factors = torch.exp(FRAME_SCALE * torch.randn(geometry.frames, 1, 1, generator=generator) + PATCHES * patches)
    return replace(geometry, depth=geometry.depth * factors)


def measured(seed: int) -> dict[str, tuple[float, float] | None]:
    """Return the errors of one clip by the depth it is given; None where no camera was found."""
    scene, times = random_scene(seed), frame_times(FRAMES)
    clip = render(scene, times, HEIGHT, WIDTH, hand_held(scene, times, seed))
    truth = clip.geometry()
    blank = replace(truth, camera_to_world=torch.eye(4).repeat(FRAMES, 1, 1))
    figures: dict[str, tuple[float, float] | None] = {"not found": errors(blank, truth)}
    for name, given in (("exact depth", blank), ("disturbed depth", disturbed(blank, seed))):
        try:
            figures[name] = errors(find_source_cameras(clip.colour, given).geometry, truth)
        except InputError:
            figures[name] = None
    return figures


def rows(seed: int, scenes: int = 16) -> list[Row]:
    """Measure ``scenes`` clips."""
    clips = [measured(one) for one in scene_seeds(seed, scenes)]
    found: list[Row] = []
    for name in clips[0]:
        known = [figures[name] for figures in clips]
        good = [pair for pair in known if pair is not None]
        if name != "not found":
            found.append(row(f"clips of {scenes} refused", len(known) - len(good), "clips", case=name))
        if good:
            found += [_typical(name, axis, good) for axis in (0, 1)]
            found += [
                row(f"mean {what}", interval([pair[axis] for pair in good]), unit, case=name)
                for axis, (what, unit, _) in enumerate(FIGURES)
            ]
    return found


def _typical(name: str, axis: int, pairs: list[tuple[float, float]]) -> Row:
    """Return the median of one of :data:`FIGURES`; its target is for cameras that were found."""
    what, unit, bound = FIGURES[axis]
    return row(
        f"median {what}", median(pair[axis] for pair in pairs), unit, case=name, most=None if name == "not found" else bound
    )


if __name__ == "__main__":
    main(rows)
