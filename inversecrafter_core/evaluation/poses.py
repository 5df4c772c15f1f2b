"""Errors of a camera's trajectory, as in the evaluation of visual odometry (Sturm et al. 2012; the package evo).

A trajectory that was found from pictures has a world and a unit of its own. So its positions are first moved onto the true ones
by the similarity that fits best (Umeyama 1991): one rotation, one translation, one scale for the clip. Then:

* **absolute translation** (ATE): root mean square of the distances between positions;
* **relative translation** and **relative rotation** (RPE): root mean square of the translation and of the angle by which the
  motions of the two trajectories from one frame to the next differ.

Poses are ``camera_to_world [F, 4, 4]``; distances have the unit of the true trajectory, angles are in degrees.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch

from ..camera import CameraPath, Geometry
from ..camera.rotation import rotation_angle
from ..errors import InputError, require_finite, require_same_frames

NO_MOTION = 1e-4
"""Spread of positions, in the trajectory's unit, up to which it does not move, so that no scale can be found from it."""


class Similarity(NamedTuple):
    """The map ``x -> scale * rotation x + translation``, with ``rotation [3, 3]`` and ``translation [3]`` in float64."""

    scale: float
    rotation: torch.Tensor
    translation: torch.Tensor

    def poses(self, camera_to_world: torch.Tensor) -> torch.Tensor:
        """Return poses ``[F, 4, 4]`` float64 in the map's target, from those in its source."""
        moved = camera_to_world.double().clone()
        moved[:, :3, :3] = self.rotation @ moved[:, :3, :3]
        moved[:, :3, 3] = self.scale * (moved[:, :3, 3] @ self.rotation.T) + self.translation
        return moved


class PoseErrors(NamedTuple):
    """Errors of a trajectory, all 0 for the true one.

    ``absolute_translation`` and ``relative_translation`` in the true trajectory's unit; ``relative_rotation`` in degrees;
    ``scale`` is the factor that the found positions were multiplied by.
    """

    absolute_translation: float
    relative_translation: float
    relative_rotation: float
    scale: float


def align(found: torch.Tensor, wanted: torch.Tensor) -> Similarity:
    """Return the similarity that moves positions ``found [F, 3]`` closest to ``wanted [F, 3]``, in least squares.

    The scale is 1 where either does not move (:data:`NO_MOTION`). For positions on a line the rotation about it is arbitrary.
    """
    found, wanted = found.double(), wanted.double()
    middle, target = found.mean(0), wanted.mean(0)
    found, wanted = found - middle, wanted - target
    left, values, right = torch.linalg.svd(wanted.T @ found)
    sign = torch.ones_like(values)
    sign[-1] = torch.sign(torch.linalg.det(left) * torch.linalg.det(right))
    rotation = left @ torch.diag(sign) @ right
    moves = min(float(positions.norm(dim=1).max()) for positions in (found, wanted)) > NO_MOTION
    scale = float((values * sign).sum() / found.square().sum()) if moves else 1.0
    return Similarity(scale, rotation, target - scale * rotation @ middle)


def pose_errors(found: torch.Tensor, wanted: torch.Tensor) -> PoseErrors:
    """Return the errors of a found trajectory.

    Args:
        found: ``[F, 4, 4]``, in any world and unit.
        wanted: ``[F, 4, 4]``, the true trajectory.

    Raises:
        InputError: other shapes, counts that differ, fewer than two frames, or values that are not finite.
    """
    for name, poses in (("found", found), ("wanted", wanted)):
        if poses.ndim != 3 or poses.shape[1:] != (4, 4):
            raise InputError(f"{name} poses", f"shape {tuple(poses.shape)}", "Give [F, 4, 4].")
        require_finite(f"{name} poses", poses)
    if require_same_frames(found=len(found), wanted=len(wanted)) < 2:
        raise InputError("found poses", "1 frame", "Give a clip: a motion needs at least two frames.")
    found, wanted = found.detach().cpu().double(), wanted.detach().cpu().double()
    similarity = align(found[:, :3, 3], wanted[:, :3, 3])
    placed = similarity.poses(found)
    apart = (placed - wanted)[:, :3, 3].norm(dim=1)
    difference = torch.linalg.inv(_steps(wanted)) @ _steps(placed)
    return PoseErrors(
        _root_mean_square(apart),
        _root_mean_square(difference[:, :3, 3].norm(dim=1)),
        math.degrees(_root_mean_square(rotation_angle(difference[:, :3, :3]))),
        similarity.scale,
    )


def path_errors(found: Geometry, path: CameraPath, source: Geometry) -> PoseErrors:
    """Return the errors of the cameras found in a re-rendered clip, in multiples of the source's pivot depth.

    Args:
        found: the clip's geometry, with the motion of its camera.
        path: the path that it was to be rendered along.
        source: the geometry that the path started from.

    Raises:
        InputError: counts that differ, or a single frame.
    """
    wanted, _ = path.resolve(source)
    return pose_errors(_in_rho(found.camera_to_world, found), _in_rho(wanted, source))


def _in_rho(camera_to_world: torch.Tensor, geometry: Geometry) -> torch.Tensor:
    """Return poses ``[F, 4, 4]`` float64 whose positions are multiples of the geometry's pivot depth."""
    poses = camera_to_world.detach().cpu().double().clone()
    poses[:, :3, 3] /= geometry.pivot_depth
    return poses


def _steps(poses: torch.Tensor) -> torch.Tensor:
    """Return every camera but the first, in the frame of the one before it, ``[F - 1, 4, 4]``."""
    return torch.linalg.inv(poses[:-1]) @ poses[1:]


def _root_mean_square(values: torch.Tensor) -> float:
    return float(values.square().mean().sqrt())
