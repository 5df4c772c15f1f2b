"""The pivot of a path on varied scenes: how much of the picture a 9.6 degree arc leaves to be made.

Six kinds of scenes (:mod:`lab.data.scenes.staged`), lenses of 35 to 90 degrees. An arc to each side about the pivot; the worse
one counts. Beside it: the pivot as it would be by the centre of the picture alone, and a pan by the same angle, which has no
pivot. A lens narrower than 50 degrees loses a quarter of its picture in the pan already, so those carry no target. Rules were
compared on seed 5.
"""

from __future__ import annotations

from statistics import mean
from typing import NamedTuple

import torch

from inversecrafter_core.camera import Geometry, PathStart, preset_path
from inversecrafter_core.warp.splat import EMPTY
from inversecrafter_core.warp.viewer import NEAR, Viewer
from lab.benchmarks.report import Row, row
from lab.benchmarks.runner import main
from lab.data.scenes.staged import PLACES, centre_geometry, staged_place

HEIGHT, WIDTH = 120, 208
WIDE = 50.0
MOST = 25.0
PAN = 1e-4


class Holes(NamedTuple):
    """Percent of the picture that is empty after the arc: about the pivot, about the centre's depth, and after a pan."""

    lens: float
    ours: float
    centre: float
    pan: float


def holes(scene: Geometry, rho: float) -> float:
    """Return percent of the picture without a source, the worse of an arc to the left and one to the right about ``rho``."""
    found = []
    for name in ("arc_left", "arc_right"):
        camera = preset_path(name, 1, start=PathStart.FULL).camera_to_world[0].clone()
        camera[:3, 3] *= rho
        seen, _ = Viewer(scene, camera[None], scene.intrinsics, NEAR * rho).see_depth(0, 0)
        found.append(100 * float((seen >= EMPTY).float().mean()))
    return max(found)


def measured(kind: str, seed: int, count: int) -> list[Holes]:
    """Measure ``count`` scenes of one kind."""
    found = []
    for index in range(count):
        world, lens = staged_place(kind, 1000 * seed + index)
        scene = centre_geometry(world, torch.zeros(1), HEIGHT, WIDTH)
        about = (scene.pivot_depth, scene.central_depth, PAN * scene.pivot_depth)
        found.append(Holes(lens, *(holes(scene, rho) for rho in about)))
    return found


def rows(seed: int, scenes: int = 8) -> list[Row]:
    """Measure ``scenes`` of each kind."""
    listed, wide, centre = [], [], "pivot at the centre's depth"
    for kind in PLACES:
        found = measured(kind, seed, scenes)
        chosen = [one for one in found if one.lens >= WIDE]
        wide += chosen
        if chosen:
            lenses = f"{len(chosen)} scenes of {WIDE:g} degrees and wider"
            most = max(one.ours for one in chosen)
            listed.append(row(f"most holes after the arc, {lenses}", most, "%", most=MOST, case=kind))
            listed.append(row(f"the same, {centre}", max(one.centre for one in chosen), "%", case=kind))
        listed.append(row(f"mean of all {len(found)} lenses", mean(one.ours for one in found), "%", case=kind))
        listed.append(row(f"the same mean, {centre}", mean(one.centre for one in found), "%", case=kind))
    above = f"scenes of {len(wide)} with more than {MOST:g} % holes"
    listed.append(row(above, sum(one.ours > MOST for one in wide), "scenes"))
    listed.append(row(f"{above}, {centre}", sum(one.centre > MOST for one in wide), "scenes"))
    return [*listed, row("a pan by the same angle, mean of these scenes", mean(one.pan for one in wide), "%")]


if __name__ == "__main__":
    main(rows)
