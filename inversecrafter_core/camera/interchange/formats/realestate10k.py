"""RealEstate10K text, as CameraCtrl, MotionCtrl and their like read it.

A first line with the address of the video (any text), then a line a frame of 19 numbers: the timestamp in microseconds; focal
lengths and principal point over the picture's width and height (fx fy cx cy); two zeros; and the 3x4 **world-to-camera**
matrix, row by row, in OpenCV axes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ....errors import InputError
from .fields import numbers, read_text
from .trajectory import Optics, Trajectory

COLUMNS = 19
MICROSECONDS = 1_000_000 / 24


def read(path: Path, camera: str = "") -> Trajectory:
    """Return the cameras of a file; its ``focal`` is fx over the width."""
    rows = []
    for index, line in enumerate(read_text(path).splitlines()):
        words = line.split()
        if not words or (index == 0 and _is_header(words)):
            continue
        where = f"{path.name}, line {index + 1}"
        if len(words) != COLUMNS:
            advice = "A line is: time fx fy cx cy 0 0 and the 12 numbers of a 3x4 world-to-camera matrix."
            raise InputError(where, f"{len(words)} values in place of {COLUMNS}", advice)
        rows.append(numbers(words, where))
    if not rows:
        raise InputError(path.name, "no camera", f"Give lines of {COLUMNS} numbers after the first.")
    table = np.array(rows)
    world_to_camera = np.tile(np.eye(4), (len(table), 1, 1))
    world_to_camera[:, :3] = table[:, 7:].reshape(-1, 3, 4)
    _require_invertible(world_to_camera, path)
    times = table[:, 0] if len(set(table[:, 0])) > 1 else np.arange(len(table), dtype=float)
    return Trajectory(np.linalg.inv(world_to_camera), times, table[:, 1], table[:, 3:5], file=path.name)


def _is_header(words: list[str]) -> bool:
    """Return whether the first line is a title: not the numbers of a camera, whole or cut off."""
    try:
        numbers(words, "")
    except InputError:
        return len(words) != COLUMNS
    return len(words) == 1


def _require_invertible(matrices: np.ndarray, path: Path) -> None:
    flat = np.flatnonzero(np.abs(np.linalg.det(matrices)) < 1e-6)
    if len(flat):
        raise InputError(
            f"{path.name}, camera {flat[0] + 1}", "a matrix without an inverse", "Give a rotation and a translation."
        )


def write(trajectory: Trajectory, optics: Optics) -> dict[str, str]:
    """Return the text of the file, by its ending; times are those of 24 frames a second."""
    focal = trajectory.focal_over()
    aspect = optics.focal[1] / optics.focal[0] * optics.width / optics.height
    centre = (optics.centre[0] / optics.width, optics.centre[1] / optics.height)
    lines = ["https://github.com/google/realestate10k"]
    for index, pose in enumerate(np.linalg.inv(trajectory.camera_to_world)):
        values = [focal[index], focal[index] * aspect, *centre, 0.0, 0.0, *pose[:3].ravel()]
        lines.append(" ".join([str(round(index * MICROSECONDS)), *(f"{value:.9f}" for value in values)]))
    return {".txt": "\n".join(lines) + "\n"}
