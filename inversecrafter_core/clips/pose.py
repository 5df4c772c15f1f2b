"""The pose of a camera from points in space and where it sees them (perspective-n-point)."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import torch

TRIALS = 400
LEAST = 8
"""Smallest number of matches that a pose is fitted to; it has 6 unknowns, and a match gives 2 equations."""
TRIM = 2.0
"""Residual, in standard deviations, above which a match is left out of a refinement."""
PRECISE = 0.1
"""Standard deviation of a match, in pixels, below which nothing is trimmed."""


class FoundPose(NamedTuple):
    """``camera_to_world [4, 4]`` float32, in the frame of the points, and ``agreeing [N]`` bool, the matches that fit it."""

    camera_to_world: torch.Tensor
    agreeing: np.ndarray


def solve_pose(points: np.ndarray, seen: np.ndarray, lens: np.ndarray, limit: float) -> FoundPose | None:
    """Return the pose that most matches fit (RANSAC on SQPnP, then Levenberg-Marquardt on those), or None if there is none.

    Args:
        points: ``[N, 3]`` float64.
        seen: ``[N, 2]`` float64, their pixels.
        lens: intrinsics ``[3, 3]`` float64.
        limit: largest reprojection error in pixels of a match that agrees.
    """
    if len(points) < LEAST:
        return None
    cv2.setRNGSeed(0)
    found, turn, shift, inliers = cv2.solvePnPRansac(
        points, seen, lens, None, iterationsCount=TRIALS, reprojectionError=limit, confidence=0.999, flags=cv2.SOLVEPNP_SQPNP
    )
    if not found or inliers is None or len(inliers) < LEAST:
        return None
    agreeing = np.zeros(len(points), bool)
    agreeing[inliers[:, 0]] = True
    turn, shift = cv2.solvePnPRefineLM(points[agreeing], seen[agreeing], lens, None, turn, shift)
    return FoundPose(_camera_to_world(turn, shift), agreeing)


def refine_pose(
    points: np.ndarray, seen: np.ndarray, lens: np.ndarray, found: FoundPose, limit: float, rounds: int = 3
) -> FoundPose:
    """Return a pose that also leaves out matches of slow things: those beyond :data:`TRIM` robust standard deviations.

    Args:
        points, seen, lens, limit: as in :func:`solve_pose`.
        found: the pose to begin with.
        rounds: of trimming and fitting.
    """
    world_to_camera = torch.linalg.inv(found.camera_to_world.double()).numpy()
    turn, shift = cv2.Rodrigues(world_to_camera[:3, :3])[0], world_to_camera[:3, 3:].copy()
    agreeing = found.agreeing
    for _ in range(rounds):
        miss = reprojection_error(points, seen, lens, turn, shift)
        spread = max(1.4826 * float(np.median(miss[agreeing])), PRECISE)
        kept = miss < min(TRIM * spread, limit)
        if kept.sum() < LEAST:
            break
        agreeing = kept
        turn, shift = cv2.solvePnPRefineLM(points[agreeing], seen[agreeing], lens, None, turn, shift)
    agreeing = reprojection_error(points, seen, lens, turn, shift) < limit
    return FoundPose(_camera_to_world(turn, shift), agreeing)


def reprojection_error(
    points: np.ndarray, seen: np.ndarray, lens: np.ndarray, turn: np.ndarray, shift: np.ndarray
) -> np.ndarray:
    """Return distances ``[N]`` in pixels between ``points`` seen from a pose and where they are ``seen``."""
    landed = cv2.projectPoints(points, turn, shift, lens, None)[0][:, 0]
    return np.linalg.norm(landed - seen, axis=1)


def _camera_to_world(turn: np.ndarray, shift: np.ndarray) -> torch.Tensor:
    world_to_camera = torch.eye(4, dtype=torch.float64)
    world_to_camera[:3, :3] = torch.from_numpy(cv2.Rodrigues(turn)[0])
    world_to_camera[:3, 3] = torch.from_numpy(shift[:, 0])
    return torch.linalg.inv(world_to_camera).float()
