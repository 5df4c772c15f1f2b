"""Estimation of the camera of the second of two pictures, and the cameras on the path to it.

Poses are ``camera_to_world`` with world = the first camera. Pictures are ``[H, W, 3]`` in 0...1, positions are pixels with the
first centre at (0.5, 0.5).
"""

from __future__ import annotations

import logging
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

import cv2
import numpy as np
import torch
from scipy.linalg import expm, logm

from ..camera import Geometry, unproject
from ..errors import InputError, require_choice
from ..flow import clip_flow
from ..warp.viewer import NEAR, Viewer
from .motion import parallax
from .pose import solve_pose

LEAST_MATCHES = 24
"""Smallest number of matches for a reliable camera; a pose has 6 unknowns, and a match gives 2 equations."""
RATIO = 0.8
"""Largest ratio of the distances of the best and the second-best descriptor (Lowe's test)."""
GRID = 4
"""Spacing of flow matches, in pixels of the flow."""
REPROJECTION = 0.008
"""Largest reprojection error of an inlier, as a share of the picture's width."""


MOVED = 1e-5
"""Change of a pose up to which both cameras of a geometry are the same, as for depth that was estimated picture by picture."""

logger = logging.getLogger(__name__)


class EndCamera(StrEnum):
    """Origin of the second camera.

    ``auto``: the geometry's if it differs from the first, else from matches, else none. ``none``: optical flow alone.
    """

    AUTO = "auto"
    MATCHES = "matches"
    NONE = "none"


class Matches(NamedTuple):
    """Positions ``[N, 2]`` in the first picture and their matches in the second."""

    first: np.ndarray
    second: np.ndarray


def place_ends(pictures: torch.Tensor, geometry: Geometry | None, camera: EndCamera) -> tuple[Geometry | None, str]:
    """Return the geometry of both ends in one world, on the CPU, or None without cameras; and the start of a report.

    Args:
        pictures: ``[2, H, W, 3]`` in 0...1, the ends.
        geometry: of both ends.
        camera: origin of the second camera.

    Raises:
        InputError: an unknown origin, a missing geometry, or no camera found from matches.
    """
    camera = require_choice("camera", camera, EndCamera)
    if camera == EndCamera.NONE:
        return None, "Without cameras, by optical flow alone:"
    if geometry is None:
        raise InputError("geometry", "not connected", f"Connect it, or set camera to '{EndCamera.NONE}'.")
    space = geometry.to("cpu")
    if camera == EndCamera.AUTO and float((space.camera_to_world[1] - torch.eye(4)).abs().max()) > MOVED:
        return space, "Cameras from the geometry:"
    try:
        return _from_matches(pictures, space)
    except InputError as problem:
        if camera != EndCamera.AUTO:
            raise
        logger.warning("InverseCrafter: %s; optical flow alone is used.", problem.found)
        return None, f"By optical flow alone, {problem.found}:"


def _from_matches(pictures: torch.Tensor, space: Geometry) -> tuple[Geometry, str]:
    """Return the geometry with the second camera from matches, refined once, and a report."""
    matches = match_pictures(pictures[0], pictures[1])
    pose, agreeing = find_camera(matches, space)
    scale = relative_scale(_posed(space, pose))
    space = replace(_posed(space, pose), depth=torch.stack([space.depth[0], space.depth[1] * scale]))
    closer = refine_matches(pictures, space)
    if len(closer.first) >= agreeing:
        matches, (pose, agreeing) = closer, find_camera(closer, space)
        space = _posed(space, pose)
    away = float(pose[:3, 3].norm()) / space.pivot_depth
    matched = f"{agreeing} of {len(matches.first)} matches agree"
    return space, f"End camera from matches ({matched}), {away:.1%} of the pivot's depth away; end depth times {scale:.2f}:"


def _posed(space: Geometry, pose: torch.Tensor) -> Geometry:
    return replace(space, camera_to_world=torch.stack([torch.eye(4), pose]))


def refine_matches(pictures: torch.Tensor, space: Geometry) -> Matches:
    """Return more exact matches from a first estimate of the cameras.

    The end is warped to the start's camera; the remaining motion is small, and optical flow is more exact for small motion.
    """
    view = Viewer(space, torch.eye(4)[None], space.intrinsics[:1], NEAR * space.pivot_depth).see(pictures[1], 1, 0)
    near = _flow_matches(pictures[0], torch.where(view.visible[..., None], view.image, pictures[0]))
    landing, visible = parallax(space, 0)
    column, row = near.first.astype(np.int64).T
    seen = (visible & view.visible)[row, column].numpy()
    moved = landing[row, column].numpy() + near.second - near.first
    return Matches(near.first[seen], moved[seen])


def match_pictures(first: torch.Tensor, second: torch.Tensor) -> Matches:
    """Return mutual matches of SIFT features (Lowe 2004), and DIS flow with a closed round trip, on a grid."""
    parts = [_features(first, second), _flow_matches(first, second)]
    return Matches(*(np.concatenate(side) for side in zip(*parts, strict=True)))


def _features(first: torch.Tensor, second: torch.Tensor) -> Matches:
    finder = cv2.SIFT.create(contrastThreshold=0.02)
    grey = [cv2.cvtColor((p.clamp(0, 1) * 255).round().byte().numpy(), cv2.COLOR_RGB2GRAY) for p in (first, second)]
    (points, descriptors), (others, other_descriptors) = (finder.detectAndCompute(picture, None) for picture in grey)
    if descriptors is None or other_descriptors is None or min(len(descriptors), len(other_descriptors)) < 2:
        return Matches(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32))
    engine = cv2.BFMatcher.create()
    forth = {
        m.queryIdx: m.trainIdx for m, n in engine.knnMatch(descriptors, other_descriptors, 2) if m.distance < RATIO * n.distance
    }
    back = {m.queryIdx: m.trainIdx for m in engine.match(other_descriptors, descriptors)}
    pairs = [(i, j) for i, j in forth.items() if back[j] == i]
    places = ([points[i].pt for i, _ in pairs], [others[j].pt for _, j in pairs])
    return Matches(*(np.array(side, np.float32).reshape(-1, 2) + np.float32(0.5) for side in places))


def _flow_matches(first: torch.Tensor, second: torch.Tensor) -> Matches:
    height, width = first.shape[:2]
    flow = clip_flow(torch.stack([second, first]))  # in this order, because ``textured`` belongs to the later picture
    good = flow.back_known[0] & flow.textured[0]
    scale = np.array([width / flow.size[1], height / flow.size[0]], np.float32)
    rows, columns = np.nonzero(good)
    kept = (rows % GRID == 0) & (columns % GRID == 0)
    rows, columns = rows[kept], columns[kept]
    places = np.stack([columns, rows], -1).astype(np.float32) + np.float32(0.5)
    return Matches(places * scale, (places + flow.back[0, rows, columns]) * scale)


def find_camera(matches: Matches, geometry: Geometry) -> tuple[torch.Tensor, int]:
    """Estimate the second camera from matches with depth (perspective-n-point with RANSAC).

    Args:
        matches: between both pictures.
        geometry: frame 0 belongs to the first picture; of frame 1 only the intrinsics are used.

    Returns:
        ``camera_to_world [4, 4]`` and the number of inliers.

    Raises:
        InputError: fewer than :data:`LEAST_MATCHES` matches or inliers.
    """
    points, seen, _ = lift(matches, geometry)
    if len(points) < LEAST_MATCHES:
        raise _no_camera(f"{len(points)} matches between start and end")
    lens, limit = geometry.intrinsics[1].double().numpy(), REPROJECTION * geometry.size[1]
    found = solve_pose(points, seen, lens, limit)
    agreeing = 0 if found is None else int(found.agreeing.sum())
    if found is None or agreeing < LEAST_MATCHES:
        raise _no_camera(f"{agreeing} of {len(points)} matches between start and end agree on one camera")
    return found.camera_to_world, agreeing


def _no_camera(found: str) -> InputError:
    return InputError(
        "start and end",
        f"no camera found: {found}, at least {LEAST_MATCHES} are needed",
        f"Use pictures of one place that overlap more, or set camera to '{EndCamera.AUTO}' or '{EndCamera.NONE}'.",
    )


def lift(matches: Matches, geometry: Geometry) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return matches with depth as points in the first camera ``[N, 3]`` and pixels of the second ``[N, 2]``, float64.

    The third array tells which matches ``[M]`` bool have depth.
    """
    column, row = (torch.from_numpy(matches.first[:, axis]).long() for axis in (0, 1))
    height, width = geometry.size
    row, column = row.clamp(0, height - 1), column.clamp(0, width - 1)
    known = geometry.valid[0, row, column].numpy()
    ray = np.concatenate([matches.first, np.ones((len(matches.first), 1))], 1) @ np.linalg.inv(geometry.intrinsics[0].numpy()).T
    points = ray * geometry.depth[0, row, column].numpy()[:, None]
    return points[known].astype(np.float64), matches.second[known].astype(np.float64), known


def relative_scale(geometry: Geometry) -> float:
    """Return the factor that scales frame 1's depth to frame 0's: the median ratio seen from camera 1, or 1 without overlap."""
    points = unproject(geometry.depth[0], geometry.intrinsics[0], torch.eye(4))
    pose, lens = geometry.camera_to_world[1], geometry.intrinsics[1]
    there = (points - pose[:3, 3]) @ pose[:3, :3]
    pixel = (there @ lens.T)[..., :2] / there[..., 2:].clamp_min(1e-6)
    column, row = pixel.floor().long().unbind(-1)
    height, width = geometry.size
    inside = (there[..., 2] > 0) & (column >= 0) & (column < width) & (row >= 0) & (row < height) & geometry.valid[0]
    column, row, expected = column[inside], row[inside], there[..., 2][inside]
    known = geometry.valid[1, row, column]
    ratio = expected[known] / geometry.depth[1, row, column][known]
    return float(ratio.median()) if len(ratio) else 1.0


def screw_path(last: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Return cameras ``[F, 4, 4]`` at ``shares [F]`` in 0...1 of the screw motion from the identity to ``last [4, 4]``.

    An arc about any axis and a straight line are screw motions (Chasles) and are reproduced exactly. For half a turn the
    motion is not unique.
    """
    twist = logm(last.double().numpy()).real
    return torch.from_numpy(expm(shares.double().numpy()[:, None, None] * twist)).float()
