"""The camera that the picture agrees on, where something large moves on its own.

Matches are counted by the cells of a grid, not one by one: a near thing with a strong pattern has more of them than the wall
behind it. Several cameras are fitted, each to what the ones before leave over. A large thing that moves in front looks like a
camera that moves around it, and with a tolerance of a pixel such a camera fits part of what stands still, too. So cameras are
also compared at a close tolerance, and of two that each explain much of the picture the one that moves less is the clip's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .pose import FoundPose, refine_pose, solve_pose

COLUMNS = 12
"""Cells across the picture; they are square."""
ROW = 1000
"""Step of a cell's number from row to row."""
FULL = 6
"""Most matches of a cell that a camera is fitted to."""
LEAST_IN_CELL = 2
"""Smallest number of matches of a cell that counts."""
CAMERAS = 3
"""Number of cameras that are fitted at the close tolerance."""
CLOSE = 0.3
"""The close tolerance, as a share of the largest error of a match that agrees."""
CALMER = 0.5
"""Share of the best camera's distance below which another one moves less."""
LEAST_CLOSE = 0.15
"""Smallest close support of a camera that is preferred because it moves less."""
RIVAL = 0.52
"""And its smallest close support as a share of the largest one."""
SURE = 0.7
"""That share below which the next frames need a key frame nearer by."""


class Pairs(NamedTuple):
    """Points ``[N, 3]`` in space, the pixels ``[N, 2]`` where a camera sees them, and the ``cells [N]`` they come from."""

    points: np.ndarray
    seen: np.ndarray
    cells: np.ndarray


class Camera(NamedTuple):
    """A camera, its ``support``, and its ``close`` support, that at the close tolerance."""

    found: FoundPose
    support: float
    close: float

    @property
    def away(self) -> float:
        """Return its distance from the first camera."""
        return float(self.found.camera_to_world[:3, 3].norm())


class Choice(NamedTuple):
    """The camera of the clip; whether it has a ``rival`` that fits more of the picture, and whether it is ``unsure``."""

    found: FoundPose
    rival: bool = False
    unsure: bool = False


def cells_of(places: np.ndarray, width: int) -> np.ndarray:
    """Return the numbers of the cells ``[N]`` of pixels ``[N, 2]`` of a picture."""
    column, row = (places // (width / COLUMNS)).astype(int).T
    cells: np.ndarray = ROW * row + column
    return cells


def support(cells: np.ndarray, agreeing: np.ndarray) -> float:
    """Return the share of the cells with matches that the matches ``agreeing [N]`` stand for."""
    _, where, counts = np.unique(cells, return_inverse=True, return_counts=True)
    shares, full = np.bincount(where, agreeing.astype(float), len(counts)) / counts, counts >= LEAST_IN_CELL
    return float(shares[full].mean()) if full.any() else 0.0


def thinned(cells: np.ndarray) -> np.ndarray:
    """Return the numbers of at most :data:`FULL` matches a cell, spread over each cell's own."""
    order = np.argsort(cells, kind="stable")
    _, starts, counts = np.unique(cells[order], return_index=True, return_counts=True)
    places = [
        start + np.linspace(0, count - 1, min(count, FULL)).astype(int) for start, count in zip(starts, counts, strict=True)
    ]
    return order[np.concatenate(places)] if places else order


def fit_cameras(pairs: Pairs, lens: np.ndarray, limit: float) -> list[Camera]:
    """Return cameras that parts of the picture agree on closely, and one that most of it agrees on.

    Args:
        pairs: the matches.
        lens: intrinsics ``[3, 3]``.
        limit: largest reprojection error in pixels of a match that agrees.
    """
    even, close = thinned(pairs.cells), CLOSE * limit
    most = _fitted(pairs, even, lens, limit)
    found, left = [most] if most else [], even
    while len(found) <= CAMERAS and (one := _fitted(pairs, left, lens, close)):
        found.append(one)
        left = left[~_within(pairs, lens, one, close)[left]]
    return [_measured(pairs, lens, one, limit) for one in found]


def _fitted(pairs: Pairs, chosen: np.ndarray, lens: np.ndarray, limit: float) -> FoundPose | None:
    points, seen = pairs.points[chosen], pairs.seen[chosen]
    one = solve_pose(points, seen, lens, limit)
    return None if one is None else refine_pose(points, seen, lens, one, limit)


def _within(pairs: Pairs, lens: np.ndarray, camera: FoundPose, limit: float) -> np.ndarray:
    return refine_pose(pairs.points, pairs.seen, lens, camera, limit, rounds=0).agreeing


def _measured(pairs: Pairs, lens: np.ndarray, camera: FoundPose, limit: float) -> Camera:
    whole, close = (_within(pairs, lens, camera, bound) for bound in (limit, CLOSE * limit))
    return Camera(camera._replace(agreeing=whole), support(pairs.cells, whole), support(pairs.cells, close))


def preferred(found: list[Camera]) -> Choice:
    """Return the camera with the most support, or one that moves much less and whose close support is not much less."""
    best, most = max(found, key=lambda one: one.support), max(one.close for one in found)
    least = max(LEAST_CLOSE, RIVAL * most)
    calmer = [one for one in found if one.close >= least and one.away < CALMER * best.away]
    if not calmer:
        return Choice(best.found)
    chosen = max(calmer, key=lambda one: one.close)
    return Choice(chosen.found, rival=True, unsure=chosen.close < SURE * most)
