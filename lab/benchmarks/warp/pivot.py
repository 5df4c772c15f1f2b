"""The pivot of a path on varied scenes: how much of the picture a 9.6 degree arc leaves to be made.

    python -m lab.benchmarks.warp.pivot --seed 0 --json FILE

Six kinds of scenes (:mod:`lab.benchmarks.warp.pivot_scenes`), lenses of 35 to 90 degrees. An arc to each side about the
pivot; the worse
one counts. Beside it: the pivot as it would be by the centre of the picture alone, and a pan by the same angle, which has no
pivot. A lens narrower than 50 degrees loses a quarter of its picture in the pan already, so those carry no target.
Rules were compared on seed 5.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

import torch

from inversecrafter_core.camera import Geometry, preset_path
from inversecrafter_core.warp.splat import EMPTY
from inversecrafter_core.warp.viewer import NEAR, Viewer
from lab.benchmarks.report import Row, at_most, main

from .pivot_scenes import KINDS, draw, geometry

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
    """Percent of the picture without a source, the worse of an arc to the left and one to the right about depth ``rho``."""
    found = []
    for name in ("arc_left", "arc_right"):
        camera = preset_path(name, 1, start="full").camera_to_world[0].clone()
        camera[:3, 3] *= rho
        seen, _ = Viewer(scene, camera[None], scene.intrinsics, NEAR * rho).see_depth(0, 0)
        found.append(100 * float((seen >= EMPTY).float().mean()))
    return max(found)


def measured(kind: str, seed: int, count: int) -> list[Holes]:
    """``count`` scenes of one kind."""
    found = []
    for index in range(count):
        world, lens = draw(kind, 1000 * seed + index)
        scene = geometry(world)
        about = (scene.pivot_depth, scene.central_depth, PAN * scene.pivot_depth)
        found.append(Holes(lens, *(holes(scene, rho) for rho in about)))
    return found


def run(seed: int, args: argparse.Namespace) -> Sequence[Row]:
    torch.set_num_threads(1)
    rows, wide = [], []
    for kind in KINDS:
        found = measured(kind, seed, args.scenes)
        chosen = [one for one in found if one.lens >= WIDE]
        wide += chosen
        lenses = f"{len(chosen)} scenes of {WIDE:g} degrees and wider"
        rows += [
            at_most(f"{kind}: most holes after the arc, {lenses}", max(one.ours for one in chosen), "%", MOST),
            Row(f"{kind}: the same, pivot at the centre's depth", max(one.centre for one in chosen), "%"),
            Row(f"{kind}: mean of all {len(found)} lenses", mean(one.ours for one in found), "%"),
            Row(f"{kind}: the same, pivot at the centre's depth", mean(one.centre for one in found), "%"),
        ]
    for name, values in (("", [one.ours for one in wide]), (", pivot at the centre's depth", [one.centre for one in wide])):
        rows.append(
            Row(f"scenes of {len(wide)} with more than {MOST:g} % holes{name}", sum(v > MOST for v in values), "scenes")
        )
    rows.append(Row("a pan by the same angle, mean of these scenes", mean(one.pan for one in wide), "%"))
    return rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=8, help="scenes a kind")


if __name__ == "__main__":
    main("pivot", run, add_arguments)
