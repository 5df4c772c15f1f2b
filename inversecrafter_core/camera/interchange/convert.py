"""Cameras of a file as a :class:`CameraPath` of a clip's length, and a path as cameras of a scene."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from ...errors import InputError
from ..geometry import Geometry
from ..keyframes import Keyframe, interpolated
from ..path import CameraPath
from ..presets import Ease
from .formats.trajectory import Optics, Trajectory, World


def path_of(trajectory: Trajectory, frames: int | None = None, scale: float = 1.0, name: str | None = None) -> CameraPath:
    """Return the path that a file's cameras describe.

    The poses become relative to the file's first camera, unless they are relative to the source camera already, and focal
    lengths to the file's first. The whole motion is spread over ``frames``: positions and focal lengths are interpolated
    linearly in the file's time, rotations along great circles. Principal points are left to the source camera.

    Args:
        frames: length of the path; None for as many as the file has cameras.
        scale: length in the file's units that becomes one rho; files relative to the source camera are in rho already, and the
            factor applies in the same way.
        name: name of the path; by default the file's.

    Raises:
        InputError: fewer than 1 frame, or a scale that is not positive.
    """
    count = len(trajectory.times) if frames is None else frames
    if count < 1:
        raise InputError("frames", str(count), "Give at least 1, as many as the video has.")
    if not math.isfinite(scale) or scale <= 0:
        raise InputError("scale", f"{scale:g}", "Give a number above 0: the file's units that make one rho.")
    poses = trajectory.relative()
    focal = trajectory.focal_over()
    if trajectory.world == World.OWN:
        focal = focal / focal[0]
    turns = Rotation.from_matrix(poses[:, :3, :3])
    positions = torch.from_numpy(poses[:, :3, 3] / scale)
    keys = [
        Keyframe(float(time), positions[index], turns[index], float(focal[index]))
        for index, time in enumerate(trajectory.times)
    ]
    times = np.linspace(trajectory.times[0], trajectory.times[-1], count)
    found, focal_scale = interpolated(keys, times, Ease.LINEAR)
    return CameraPath(found, focal_scale, trajectory.relative_to, name or trajectory.file)


def notes(trajectory: Trajectory, scale: float = 1.0) -> str:
    """Describe what a path taken from ``trajectory`` moves by, and what of the file it leaves out."""
    extent = trajectory.extent / scale
    report = f"{len(trajectory.times)} cameras, up to {extent:.3g} rho from the first."
    if trajectory.principal is not None:
        moved = float(np.abs(trajectory.principal - trajectory.principal[0]).max())
        if moved > 0.005:
            report += f" The file's principal point moves by {moved:.1%} of the picture, which is left out."
    if extent > 1:
        report += f" That is far beyond what footage shows: raise scale, e.g. to {trajectory.extent / 0.3:.3g} for 0.3 rho."
    return report


def trajectory_of(path: CameraPath, optics: Optics, geometry: Geometry | None = None, scale: float = 1.0) -> Trajectory:
    """Return the cameras of ``path`` in the world of source frame 0.

    Args:
        path: a path of as many frames as ``geometry`` has.
        optics: the source camera's lens, for focal lengths over the width.
        geometry: the scene: poses are in its units, and include the motion of its source cameras. None: the source camera
            stands still, and one rho is ``scale`` units.
        scale: units of one rho where there is no geometry.
    """
    if geometry is None:
        poses = path.camera_to_world.cpu().double().numpy().copy()
        poses[:, :3, 3] *= scale
        focal = path.focal_scale.cpu().double().numpy() * optics.focal[0] / optics.width
    else:
        placed, intrinsics = path.resolve(geometry)
        poses = placed.double().cpu().numpy()
        focal = intrinsics[:, 0, 0].double().cpu().numpy() / geometry.size[1]
    return Trajectory(poses, np.arange(path.frames, dtype=float), focal, file=path.name)


def scale_free(path: CameraPath) -> Trajectory:
    """Return the cameras of ``path`` as they are: in multiples of rho, with focal lengths over the source's."""
    return Trajectory(
        path.camera_to_world.cpu().double().numpy(),
        np.arange(path.frames, dtype=float),
        path.focal_scale.cpu().double().numpy(),
        world=World.SOURCE,
        relative_to=path.relative_to,
        file=path.name,
    )


def optics_of(geometry: Geometry) -> Optics:
    """Return the lens of the first source camera."""
    (height, width), matrix = geometry.size, geometry.intrinsics[0].double().cpu()
    return Optics(width, height, (float(matrix[0, 0]), float(matrix[1, 1])), (float(matrix[0, 2]), float(matrix[1, 2])))
