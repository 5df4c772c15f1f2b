"""Cameras of the host's 3D viewer nodes (``LOAD3D_CAMERA``), in and out.

A camera is a dictionary: ``position`` and ``target`` (the point that the view turns about) as ``{x, y, z}``, ``zoom``,
``cameraType``; newer hosts add ``quaternion {x, y, z, w}``, ``fov`` (vertical, in degrees) and ``aspect``. The world is
right-handed with Y up, and a camera looks along its own -Z (three.js). Without a quaternion it looks at its target, upright.
One rho is the distance of the first camera from its target, so that orbiting in the viewer is orbiting about the subject.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from ...errors import InputError
from ..geometry import Geometry
from ..path import CameraPath, RelativeTo
from .convert import path_of, trajectory_of
from .formats.fields import Json, brief, entry, number
from .formats.trajectory import OPENGL, Optics, Trajectory

CameraInfo: TypeAlias = dict[str, Json]
DEFAULT_FOV = 75.0
"""Vertical field of view, in degrees, of the viewer's camera where an older host does not say it."""
NEAREST = 1e-6


class View(NamedTuple):
    """A camera of the viewer: ``position`` and ``target`` [3], rotation (OpenCV camera axes, Y-up world), focal over height."""

    position: np.ndarray
    target: np.ndarray
    rotation: Rotation
    focal: float

    @property
    def distance(self) -> float:
        """The distance from the target."""
        return float(np.linalg.norm(self.target - self.position))


def path_from_views(last: Json, first: Json, frames: int) -> tuple[CameraPath, str]:
    """Return the path from one camera of the viewer to another, and a report.

    The camera turns about the moving target at a distance that changes evenly, so between two orbit positions it orbits. The
    viewer's world stands still, and so do the views in it wherever a source camera goes: the path is relative to the world.

    Args:
        last: the camera of the last frame.
        first: the camera of the first frame, which stands for the source camera; None: in front of ``last``'s target, at the
            same distance, looking along -Z with the same lens.
        frames: length of the path.

    Raises:
        InputError: a camera that is missing, orthographic, at its own target or not finite; fewer than 1 frame.
    """
    if frames < 1:
        raise InputError("frames", str(frames), "Give at least 1, as many as the video has.")
    end = view_of(last, "camera_info")
    start = _front(end) if first is None else view_of(first, "start_camera_info")
    shares = np.linspace(0, 1, frames) if frames > 1 else np.ones(1)
    turns = Slerp([0, 1], Rotation.concatenate([start.rotation, end.rotation]))(shares)
    arms = [view.rotation.inv().apply(view.target - view.position) for view in (start, end)]
    arm, target = (_between(a, b, shares) for a, b in ((arms[0], arms[1]), (start.target, end.target)))
    poses = np.tile(np.eye(4), (frames + 1, 1, 1))
    poses[1:, :3, :3], poses[1:, :3, 3] = turns.as_matrix(), target - turns.apply(arm)
    poses[0, :3, :3], poses[0, :3, 3] = start.rotation.as_matrix(), start.position
    focal = np.append(start.focal, _between(np.array([start.focal]), np.array([end.focal]), shares)[:, 0])
    # The first camera stands in front as the reference, and is taken off the path again.
    whole = path_of(Trajectory(poses, np.arange(frames + 1.0), focal, file="3D viewer"), None, start.distance)
    path = CameraPath(whole.camera_to_world[1:], whole.focal_scale[1:], RelativeTo.WORLD, "3D viewer")
    moved, turned = (
        float(path.camera_to_world[-1, :3, 3].norm()),
        math.degrees((start.rotation.inv() * end.rotation).magnitude()),
    )
    return path, f"{frames} frames: the last camera is turned by {turned:.1f} degrees and moved by {moved:.3g} rho."


def _between(first: np.ndarray, last: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return ``[F, C]`` from ``first [C]`` to ``last [C]`` at ``shares [F]`` in 0...1."""
    return (1 - shares[:, None]) * first + shares[:, None] * last


def _front(view: View) -> View:
    position = view.target + np.array([0.0, 0.0, view.distance])
    return View(position, view.target, Rotation.from_matrix(OPENGL[:3, :3]), view.focal)


def view_of(camera: Json, name: str) -> View:
    """Return a camera of the viewer; ``name`` is the input's, for errors."""
    if not isinstance(camera, Mapping):
        raise InputError(name, f"{brief(camera)} in place of a camera", "Connect camera_info of a 3D viewer node that has run.")
    if camera.get("cameraType", "perspective") != "perspective":
        raise InputError(name, f"a camera of type {brief(camera['cameraType'])}", "Switch the viewer to perspective.")
    position, target = (_vector(entry(camera, key, name), "xyz", f"{name}.{key}") for key in ("position", "target"))
    if np.linalg.norm(target - position) < NEAREST:
        raise InputError(name, "a camera at its own target", "Move it away: the distance to the target is the unit of motion.")
    zoom, fov = number(camera.get("zoom", 1.0), f"{name}.zoom"), number(camera.get("fov", DEFAULT_FOV), f"{name}.fov")
    if zoom <= 0 or not 0 < fov < 180:
        raise InputError(name, f"zoom {zoom:g} and fov {fov:g}", "Give a zoom above 0 and a fov between 0 and 180 degrees.")
    return View(position, target, _rotation(camera, position, target, name), zoom / 2 / math.tan(math.radians(fov) / 2))


def _vector(value: Json, axes: str, name: str) -> np.ndarray:
    return np.array([number(entry(value, axis, name), f"{name}.{axis}") for axis in axes])


def _rotation(camera: Mapping[str, Json], position: np.ndarray, target: np.ndarray, name: str) -> Rotation:
    """Return the rotation of a camera, in OpenCV camera axes."""
    if camera.get("quaternion") is not None:
        turn = _vector(camera["quaternion"], "xyzw", f"{name}.quaternion")
        if np.linalg.norm(turn) < NEAREST:
            raise InputError(f"{name}.quaternion", "a length of zero", "Leave it out, or give x, y, z, w.")
        return Rotation.from_matrix(Rotation.from_quat(turn).as_matrix() @ OPENGL[:3, :3])
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(forward, [0.0, 1.0, 0.0])
    if np.linalg.norm(right) < NEAREST:
        raise InputError(name, "a camera straight above or below its target", "Turn the view a little to the side.")
    right /= np.linalg.norm(right)
    return Rotation.from_matrix(np.stack([right, np.cross(forward, right), forward], 1))


def view_from_path(
    path: CameraPath, frame: int, optics: Optics, geometry: Geometry | None = None, scale: float = 1.0
) -> CameraInfo:
    """Return the camera of one frame for the viewer, in the world of source frame 0 with Y up.

    Args:
        path: the path.
        frame: its number; -1 is the last.
        optics: the source camera's lens.
        geometry: the scene; see :func:`trajectory_of`.
        scale: units of one rho where there is no geometry.

    Raises:
        InputError: a frame that the path has not.
    """
    if not -path.frames <= frame < path.frames:
        raise InputError("frame", str(frame), f"Give one from 0 to {path.frames - 1}; -1 is the last.")
    trajectory = trajectory_of(path, optics, geometry, scale)
    pose = OPENGL @ trajectory.camera_to_world[frame] @ OPENGL
    rho = scale if geometry is None else geometry.pivot_depth
    forward, position = -pose[:3, 2], pose[:3, 3]
    ahead = float(forward @ (np.array([0.0, 0.0, -rho]) - position))
    target = position + forward * (ahead if ahead > NEAREST * rho else rho)
    stretch = optics.focal[1] / optics.focal[0] * optics.width
    fov = 2 * math.atan(optics.height / 2 / (float(trajectory.focal_over()[frame]) * stretch))
    return {
        "position": _named(position, "xyz"),
        "target": _named(target, "xyz"),
        "quaternion": _named(Rotation.from_matrix(pose[:3, :3]).as_quat(canonical=True), "xyzw"),
        "zoom": 1,
        "cameraType": "perspective",
        "fov": math.degrees(fov),
        "aspect": optics.width / optics.height,
    }


def _named(values: np.ndarray, axes: str) -> Json:
    return {axis: float(value) for axis, value in zip(axes, values, strict=True)}
