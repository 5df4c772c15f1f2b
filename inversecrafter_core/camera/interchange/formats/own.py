"""The pack's own JSON: keyframes, as Plan Camera Path takes them, and paths with a pose a frame.

A path::

    {"format": "inversecrafter.camera_path", "version": 1,
     "relative_to": "source",                           or "world": see RelativeTo
     "frames": [{"camera_to_world": [[1, 0, 0, 0],      3x4 or 4x4, OpenCV axes (x right, y down, z forward),
                                     [0, 1, 0, 0],      relative to the source camera, translations in multiples of rho
                                     [0, 0, 1, 0]],
                 "focal_scale": 1.0}]}                  focal length over the source's, by default 1

Keyframes as an object may have "relative_to", too.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ....errors import InputError, require_choice
from ...keyframes import keyframe_path, parse_keyframes, stated_frame
from ...path import RelativeTo
from ...presets import Ease
from .fields import Json, entry, items, matrix, number, quaternion, read_json, read_text
from .trajectory import MOST_CAMERAS, Optics, Trajectory, World

FORMAT, VERSION = "inversecrafter.camera_path", 1


def read(path: Path, camera: str = "") -> Trajectory:
    """Return the cameras of a path with a pose a frame."""
    content = read_json(path)
    if entry(content, "format", path.name) != FORMAT:
        raise InputError(path.name, "another format", f"Its 'format' must be '{FORMAT}'.")
    version = entry(content, "version", path.name)
    if version != VERSION:
        raise InputError(path.name, f"version {version}", f"This pack reads version {VERSION}: update one of the two.")
    frames = items(entry(content, "frames", path.name), f"{path.name}, frames")
    poses, scales = [], []
    for index, frame in enumerate(frames):
        where = f"{path.name}, frames[{index}]"
        poses.append(matrix(entry(frame, "camera_to_world", where), f"{where}.camera_to_world"))
        scales.append(number(frame.get("focal_scale", 1.0) if isinstance(frame, dict) else 1.0, f"{where}.focal_scale"))
    return Trajectory(
        np.stack(poses),
        np.arange(len(poses), dtype=float),
        np.array(scales),
        world=World.SOURCE,
        relative_to=_relative_to(content, path),
        file=path.name,
    )


def _relative_to(content: Json, path: Path) -> RelativeTo:
    found = content.get("relative_to", RelativeTo.SOURCE) if isinstance(content, dict) else RelativeTo.SOURCE
    return require_choice(f"{path.name}, relative_to", str(found), RelativeTo)


def write(trajectory: Trajectory, optics: Optics) -> dict[str, str]:
    """Return the text of a path with a pose a frame, by its ending."""
    scales = trajectory.focal_over()
    frames = [
        {"camera_to_world": pose[:3].tolist(), "focal_scale": float(scale)}
        for pose, scale in zip(trajectory.camera_to_world, scales, strict=True)
    ]
    content = {"format": FORMAT, "version": VERSION, "relative_to": str(trajectory.relative_to), "frames": frames}
    return {".json": json.dumps(content, indent=1)}


def read_keyframes(path: Path, camera: str = "") -> Trajectory:
    """Return the path through keyframes, a camera a frame, up to the last keyframe; linear, as Plan Camera Path has it too."""
    text = read_text(path)
    try:
        frames = int(parse_keyframes(text, MOST_CAMERAS)[-1].frame) + 1
        found = keyframe_path(text, frames, ease=Ease.LINEAR, relative_to=stated_frame(text) or RelativeTo.SOURCE)
    except InputError as error:
        raise InputError(f"{path.name}, {error.name}", error.found, error.fix) from error
    poses = found.camera_to_world.double().numpy()
    return Trajectory(
        poses,
        np.arange(frames, dtype=float),
        found.focal_scale.double().numpy(),
        world=World.SOURCE,
        relative_to=found.relative_to,
        file=path.name,
    )


def write_keyframes(trajectory: Trajectory, optics: Optics) -> dict[str, str]:
    """Return the text of keyframes, one a frame, by its ending."""
    scales = trajectory.focal_over()
    keyframes = [
        {"frame": index, "position": pose[:3, 3].tolist(), "quaternion": turn.tolist(), "focal_scale": float(scale)}
        for index, (pose, turn, scale) in enumerate(
            zip(trajectory.camera_to_world, quaternion(trajectory.camera_to_world), scales, strict=True)
        )
    ]
    return {".json": json.dumps({"relative_to": str(trajectory.relative_to), "keyframes": keyframes}, indent=1)}
