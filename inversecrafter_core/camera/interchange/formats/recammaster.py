"""ReCamMaster's ``camera_extrinsics.json``, from Unreal Engine.

``{"frame0": {"cam01": "[a b c 0] [d e f 0] [g h i 0] [x y z 1] ", ...}, "frame1": ...}``: a matrix as a string, in Unreal's
convention for row vectors, so the three first rows are the camera's forward, right and up axes and the last one its position,
in centimetres, in a **left-handed** world (x forward, y right, z up). Translations are read in metres, as ReCamMaster does.
The file has no lens.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ....errors import InputError
from .fields import Json, brief, entry, natural, numbers, read_json
from .trajectory import Optics, Trajectory

CENTIMETRES = 100.0
TO_OPENCV = np.array([[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
"""The OpenCV axes (right, down, forward), as columns, in Unreal's camera axes (forward, right, up); mirrors, as it must."""


def read(path: Path, camera: str = "") -> Trajectory:
    """Return the cameras named ``camera``, by default the first one's, relative to the first frame."""
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise InputError(path.name, f"{brief(content)} in place of frames", 'Give {"frame0": {"cam01": "[...] ..."}}.')
    names = sorted(content, key=natural)
    first = content[names[0]]
    if not camera:
        camera = sorted(first, key=natural)[0] if isinstance(first, dict) and first else "cam01"
    poses = np.stack([_pose(entry(content[name], camera, f"{path.name}, {name}"), f"{path.name}, {name}") for name in names])
    times = [_frame(name, path) for name in names]
    # A left-handed world mirrors every pose; relative to the first camera they are rigid.
    return Trajectory(np.linalg.inv(poses[0]) @ poses, np.array(times), file=path.name)


def _frame(name: str, path: Path) -> float:
    number = name.removeprefix("frame")
    if not number.isdecimal():
        raise InputError(path.name, f"the key '{name}'", "Name frames frame0, frame1, ...")
    return float(number)


def _pose(text: Json, where: str) -> np.ndarray:
    """Return the pose ``[4, 4]`` in metres, OpenCV camera axes, still in the left-handed world."""
    if not isinstance(text, str):
        raise InputError(where, brief(text), "Give the matrix as a string: '[a b c 0] [d e f 0] [g h i 0] [x y z 1]'.")
    words = text.replace("[", " ").replace("]", " ").replace(",", " ").split()
    if len(words) != 16:
        raise InputError(where, f"{len(words)} numbers", "A matrix has 16, four rows of four.")
    matrix = np.array(numbers(words, where)).reshape(4, 4).T
    if abs(np.linalg.det(matrix[:3, :3])) < 1e-6 or not np.allclose(matrix[3], [0, 0, 0, 1], atol=1e-6):
        raise InputError(
            where, "a matrix whose last column is not 0 0 0 1", "The position is the last row, as Unreal writes it."
        )
    pose = matrix @ TO_OPENCV
    pose[:3, 3] /= CENTIMETRES
    return pose


def write(trajectory: Trajectory, optics: Optics) -> dict[str, str]:
    """Return the text of the file, by its ending: one camera, ``cam01``, whose world is the first camera, seen by Unreal."""
    unreal = TO_OPENCV @ trajectory.relative() @ np.linalg.inv(TO_OPENCV)
    unreal[:, :3, 3] *= CENTIMETRES
    frames = {}
    for index, pose in enumerate(unreal.swapaxes(1, 2)):
        text = " ".join("[" + " ".join(f"{value + 0.0:.9g}" for value in row) + "]" for row in pose)
        frames[f"frame{index}"] = {"cam01": f"{text} "}
    return {".json": json.dumps(frames, indent=2)}
