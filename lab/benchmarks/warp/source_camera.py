"""The camera of a hand-held clip, found from the clip and its depth: its error where the truth is known.

Clips of 33 frames of held-out scenes, two to four things in view, some of them moving; the camera drifts, circles or stands,
and is held in a hand (:mod:`lab.world.hand_held`). Depth is exact; or off by 5 % a frame and 4 % in smooth patches, as an
estimator's.
Errors are means over a clip's frames. "Not found" beside it is the error of a camera that is taken to stand still.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace
from statistics import median

import torch

from inversecrafter_core.camera import Geometry
from inversecrafter_core.camera.rotation import rotation_angle
from inversecrafter_core.clips import find_source_cameras
from inversecrafter_core.errors import InputError
from lab.benchmarks.report import Row, row
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Figures, Key, Scene
from lab.data.unseen import scene_seeds
from lab.metrics.intervals import interval
from lab.world import frame_times, random_scene, render
from lab.world.hand_held import hand_held

FRAMES, HEIGHT, WIDTH = 33, 144, 240
FRAME_SCALE, PATCHES = 0.05, 0.04
NOT_FOUND, EXACT, DISTURBED = "not found", "exact depth", "disturbed depth"
TURN, PLACE = "rotation error", "position error"
FIGURES = {TURN: ("degrees", 0.5), PLACE: ("% of rho", 2.0)}
"""Units of the figures, and the largest medians that are wanted."""


def errors(found: Geometry, truth: Geometry) -> Figures:
    """Return the mean errors of rotation and of position."""
    relative = torch.linalg.inv(truth.camera_to_world) @ found.camera_to_world
    away = (found.camera_to_world - truth.camera_to_world)[:, :3, 3].norm(dim=1) / truth.pivot_depth
    return {TURN: math.degrees(float(rotation_angle(relative[:, :3, :3]).mean())), PLACE: 100 * float(away.mean())}


def disturbed(geometry: Geometry, seed: int) -> Geometry:
    """Return a geometry whose depth errs as an estimator's: in scale from frame to frame, and in smooth patches."""
    generator = torch.Generator().manual_seed(seed)
    patches = torch.nn.functional.interpolate(torch.randn(1, 1, 6, 8, generator=generator), size=geometry.size, mode="bicubic")[
        0
    ]
    factors = torch.exp(FRAME_SCALE * torch.randn(geometry.frames, 1, 1, generator=generator) + PATCHES * patches)
    return replace(geometry, depth=geometry.depth * factors)


def measured(seed: int) -> Scene:
    """Return the errors of one clip by the depth it is given; none where no camera was found."""
    scene, times = random_scene(seed), frame_times(FRAMES)
    clip = render(scene, times, HEIGHT, WIDTH, hand_held(scene, times, seed))
    truth = clip.geometry()
    blank = replace(truth, camera_to_world=torch.eye(4).repeat(FRAMES, 1, 1))
    found = {Key(case=NOT_FOUND): errors(blank, truth)}
    for name, given in ((EXACT, blank), (DISTURBED, disturbed(blank, seed))):
        with contextlib.suppress(InputError):
            found[Key(case=name)] = errors(find_source_cameras(clip.colour, given).geometry, truth)
    return found


def rows(seed: int, scenes: int = 16) -> list[Row]:
    """Measure ``scenes`` clips."""
    clips, found = measure(measured, scene_seeds(seed, scenes), scenes, 1), list[Row]()
    for case in (NOT_FOUND, EXACT, DISTURBED):
        figures = clips[Key(case=case)]
        if case != NOT_FOUND:
            found.append(row(f"clips of {scenes} refused", scenes - len(figures.get(TURN, [])), "clips", case=case))
        for what, values in figures.items():
            unit, bound = FIGURES[what]
            found.append(row(f"median {what}", median(values), unit, case=case, most=None if case == NOT_FOUND else bound))
        found += [row(f"mean {what}", interval(values), FIGURES[what][0], case=case) for what, values in figures.items()]
    return found


if __name__ == "__main__":
    main(rows)
