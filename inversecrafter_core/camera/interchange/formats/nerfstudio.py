"""Nerfstudio's ``transforms.json``, which Instant NGP and Blender's NeRF exports resemble.

``transform_matrix`` of every frame is **camera-to-world** in OpenGL axes (x right, y up, z backward). Intrinsics ``fl_x,
fl_y, cx, cy, w, h`` are in pixels, at the top or in a frame, which wins; in their place there may be ``camera_angle_x``, the
horizontal field of view in radians. Frames are sorted by ``file_path``, as nerfstudio does.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from ....errors import InputError
from .fields import Json, entry, items, matrix, natural, number, read_json
from .trajectory import OPENGL, Optics, Trajectory


def read(path: Path, camera: str = "") -> Trajectory:
    """Return the cameras of a file; ``focal`` is fl_x over the width, or None where the file has no lens."""
    content = read_json(path)
    frames = list(enumerate(items(entry(content, "frames", path.name), f"{path.name}, frames")))
    names = [frame.get("file_path") if isinstance(frame, dict) else None for _, frame in frames]
    if all(isinstance(name, str) for name in names):
        frames.sort(key=lambda frame: natural(str(names[frame[0]])))
    labels = [f"{path.name}, frames[{index}]" for index, _ in frames]
    found = [
        matrix(entry(frame, "transform_matrix", where), f"{where}.transform_matrix")
        for (_, frame), where in zip(frames, labels, strict=True)
    ]
    lenses = [_lens(content, frame, where) for (_, frame), where in zip(frames, labels, strict=True)]
    known = [lens for lens in lenses if lens is not None]
    if known and len(known) < len(lenses):
        raise InputError(labels[lenses.index(None)], "no 'fl_x'", "Give a focal length to every frame, or one at the top.")
    table = np.array(known) if known else None
    focal, principal = (None, None) if table is None else (table[:, 0], table[:, 1:])
    return Trajectory(np.stack(found) @ OPENGL, np.arange(len(found), dtype=float), focal, principal, file=path.name)


def _lens(content: Json, frame: Json, where: str) -> tuple[float, float, float] | None:
    """Return focal length over the width and principal point over width and height, or None without a lens."""
    values: dict[str, Json] = {**(content if isinstance(content, dict) else {}), **(frame if isinstance(frame, dict) else {})}
    if "fl_x" in values:
        width = number(entry(values, "w", where), f"{where}.w")
        height = number(values.get("h", width), f"{where}.h")
        if width <= 0 or height <= 0:
            raise InputError(where, f"a size of {width:g}x{height:g}", "Give w and h in pixels.")
        centre = (number(values.get("cx", width / 2), f"{where}.cx"), number(values.get("cy", height / 2), f"{where}.cy"))
        return number(values["fl_x"], f"{where}.fl_x") / width, centre[0] / width, centre[1] / height
    if "camera_angle_x" in values:
        angle = number(values["camera_angle_x"], f"{where}.camera_angle_x")
        if not 0 < angle < math.pi:
            raise InputError(f"{where}.camera_angle_x", f"{angle:g}", "Give a field of view in radians, from 0 to 3.14.")
        return 0.5 / math.tan(angle / 2), 0.5, 0.5
    return None


def write(trajectory: Trajectory, optics: Optics) -> dict[str, str]:
    """Return the text of the file, by its ending."""
    base = optics.focal[0] / optics.width
    scales = trajectory.focal_over(base)
    frames = [
        {
            "file_path": f"images/frame_{index:05d}.png",
            "fl_x": float(optics.focal[0] * scale),
            "fl_y": float(optics.focal[1] * scale),
            "transform_matrix": pose.tolist(),
        }
        for index, (pose, scale) in enumerate(zip(trajectory.camera_to_world @ OPENGL, scales, strict=True))
    ]
    content = {
        "camera_model": "OPENCV",
        "w": optics.width,
        "h": optics.height,
        "cx": optics.centre[0],
        "cy": optics.centre[1],
        "frames": frames,
    }
    return {".json": json.dumps(content, indent=1)}
