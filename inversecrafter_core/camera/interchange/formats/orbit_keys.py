"""JSON of ComfyUI-Camera-Path (phazei), versions 1 and 2: keyframes of a camera that orbits pivots.

Version 2 is ``{"version": 2, "pivots": [{"id": "p1", "keys": [{"frame": 0, "x": 0, "y": 0, "z": 1, "tilt": 0, "roll": 0,
"heading": 0}]}], "camera": [{"frame": 0, "pivot": "p1", "azimuth": 0, ...}]}``; version 1 is the list of camera keyframes
alone, around the pivot (0, 0, 1). Lengths are multiples of the pivot's depth, coordinates are those of the source camera in
OpenCV axes, angles are in degrees. The camera stands ``distance`` from the pivot at ``azimuth`` (positive: to the right) and
``elevation`` (positive: up), is slid sideways and up by ``lateral`` and ``height`` (``lock`` 1 keeps it looking at the
pivot), turned by ``pan``, ``tilt`` and ``roll``, and moved along its view by ``dolly``. Every axis follows a monotone cubic
between keyframes. The format has no lens.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ....errors import InputError
from ...keyframes import monotone
from .fields import Json, entry, items, number, read_json
from .trajectory import MOST_CAMERAS, Optics, Trajectory, World

AXES = {
    "azimuth": 0.0, "elevation": 0.0, "distance": 1.0, "lateral": 0.0, "height": 0.0,
    "pan": 0.0, "tilt": 0.0, "roll": 0.0, "lock": 0.0, "dolly": 0.0,
}  # fmt: skip
"""Axes of a camera keyframe and their defaults."""
PIVOT_AXES = {"x": 0.0, "y": 0.0, "z": 1.0, "tilt": 0.0, "roll": 0.0, "heading": 0.0}
AUTO_PIVOT: Json = [{"id": "p1", "keys": [{"frame": 0.0}]}]
Keys = tuple[np.ndarray, np.ndarray]
"""Frames ``[K]``, sorted, and values ``[K, axes]``."""


def read(path: Path, camera: str = "") -> Trajectory:
    """Return the path, a camera a frame, up to the last keyframe, relative to the source camera."""
    content = read_json(path)
    document: Json = content if isinstance(content, dict) else {"camera": content}
    pivots = _pivots(content.get("pivots") or AUTO_PIVOT if isinstance(content, dict) else AUTO_PIVOT, path.name)
    entries = items(entry(document, "camera", path.name), f"{path.name}, camera")
    stamps, values = _keys(entries, AXES, f"{path.name}, camera")
    order = np.argsort([_frame(item, "") for item in entries], kind="stable")
    ids = [_pivot_id(entries[index], "pivot", next(iter(pivots)), pivots, f"{path.name}, camera[{index}]") for index in order]
    following = _following(ids)
    blends = [_blend(entries[index], following[at], pivots, f"{path.name}, camera[{at}]") for at, index in enumerate(order)]
    times = np.arange(int(stamps[-1]) + 1, dtype=float)
    along = _between(stamps, values, times)
    around = _pivot_track(stamps, ids, blends, pivots, times)
    poses = np.stack([_pose(axes, pivot) for axes, pivot in zip(along, around, strict=True)])
    return Trajectory(poses, times, world=World.SOURCE, file=path.name)


def _frame(item: Json, where: str) -> float:
    frame = number(entry(item, "frame", where), f"{where}.frame")
    if not 0 <= frame < MOST_CAMERAS:
        raise InputError(f"{where}.frame", f"{frame:g}", f"Give a whole number from 0 to {MOST_CAMERAS - 1}.")
    return float(round(frame))


def _keys(entries: list[Json], axes: dict[str, float], where: str) -> Keys:
    """Return the keys of a list, sorted by frame, with defaults for the axes they leave out."""
    rows = []
    for index, item in enumerate(entries):
        label = f"{where}[{index}]"
        frame = _frame(item, label)
        given = item if isinstance(item, dict) else {}
        named = {name: value for name, value in given.items() if name in axes and value is not None}
        present = {name: number(value, f"{label}.{name}") for name, value in named.items()}
        values = [present.get(name, default) for name, default in axes.items()]
        if "distance" in axes and values[list(axes).index("distance")] <= 0:
            raise InputError(f"{label}.distance", f"{given['distance']}", "It must be above 0.")
        rows.append([frame, *values])
    table = np.array(sorted(rows, key=lambda row: row[0]))
    twice = np.flatnonzero(np.diff(table[:, 0]) == 0)
    if len(twice):
        raise InputError(where, f"two keyframes at frame {table[twice[0], 0]:g}", "Keep one of them.")
    return table[:, 0], table[:, 1:]


def _pivots(listed: Json, file: str) -> dict[str, Keys]:
    found: dict[str, Keys] = {}
    for index, pivot in enumerate(items(listed, f"{file}, pivots")):
        where = f"{file}, pivots[{index}]"
        name = str(entry(pivot, "id", where))
        if name in found:
            raise InputError(where, f"the id '{name}' a second time", "Give every pivot an id of its own.")
        found[name] = _keys(items(entry(pivot, "keys", where), f"{where}.keys"), PIVOT_AXES, f"{where}.keys")
    return found


def _pivot_id(item: Json, key: str, default: str, pivots: dict[str, Keys], where: str) -> str:
    name = item.get(key) if isinstance(item, dict) else None
    if name is None:
        return default
    if str(name) not in pivots:
        raise InputError(f"{where}.{key}", f"'{name}'", f"There is no such pivot: name one of {', '.join(pivots)}.")
    return str(name)


def _following(ids: list[str]) -> list[str]:
    """Return for every keyframe the pivot of the next one that has another, or its own."""
    found = list(ids)
    for at in range(len(ids) - 2, -1, -1):
        found[at] = ids[at + 1] if ids[at + 1] != ids[at] else found[at + 1]
    return found


def _blend(item: Json, following: str, pivots: dict[str, Keys], where: str) -> tuple[str, float]:
    """Return the pivot that a keyframe blends towards, by default ``following``, and how far, 0...1."""
    share = item.get("pivot_blend") if isinstance(item, dict) else None
    ratio = 0.0 if share is None else number(share, f"{where}.pivot_blend")
    return _pivot_id(item, "pivot_target", following, pivots, where), min(max(ratio, 0.0), 1.0)


def _between(stamps: np.ndarray, values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return ``values [K, axes]`` at ``times [F]``; before the first stamp and after the last they stay."""
    if len(stamps) == 1:
        return np.tile(values, (len(times), 1))
    return monotone(stamps, values, times.clip(stamps[0], stamps[-1]))


def _pivot_track(
    stamps: np.ndarray, ids: list[str], blends: list[tuple[str, float]], pivots: dict[str, Keys], times: np.ndarray
) -> np.ndarray:
    """Return the pivot ``[F, 6]`` at ``times [F]``.

    Between two pivots the share of the second follows a monotone cubic. With more than two, the pivots of the keyframes are
    joined by smoothsteps, which equals the other program's motion at keyframes.
    """
    used = list(dict.fromkeys([*ids, *(name for name, ratio in blends if ratio > 0)]))
    if len(used) <= 2:
        first, second = _between(*pivots[used[0]], stamps), _between(*pivots[used[-1]], stamps)
        shares = np.array([_share(name, *blend, used) for name, blend in zip(ids, blends, strict=True)])
        ratio = _between(stamps, shares[:, None], times)
        return (1 - ratio) * _between(stamps, first, times) + ratio * _between(stamps, second, times)
    at_keys = np.stack([
        (1 - ratio) * _between(*pivots[name], stamps[[index]])[0] + ratio * _between(*pivots[to], stamps[[index]])[0]
        for index, (name, (to, ratio)) in enumerate(zip(ids, blends, strict=True))
    ])  # fmt: skip
    segment = (np.searchsorted(stamps, times, side="right") - 1).clip(0, len(stamps) - 2)
    t = ((times - stamps[segment]) / (stamps[segment + 1] - stamps[segment])).clip(0, 1)[:, None]
    t = t * t * (3 - 2 * t)
    return (1 - t) * at_keys[segment] + t * at_keys[segment + 1]


def _share(name: str, target: str, ratio: float, used: list[str]) -> float:
    """Return the share of the last used pivot in a keyframe between ``name`` and ``target``."""
    start, end = float(name == used[-1] and len(used) > 1), float(target == used[-1] and len(used) > 1)
    return (1 - ratio) * start + ratio * end


def _turned(x: float, y: float, z: float, order: str) -> np.ndarray:
    """Return the rotation ``[3, 3]`` of angles in degrees, multiplied from the left in ``order``, e.g. ``YX``."""
    angles = {"X": x, "Y": y, "Z": z}
    return Rotation.from_euler(order, [angles[axis] for axis in order], degrees=True).as_matrix()


def _pose(axes: np.ndarray, pivot: np.ndarray) -> np.ndarray:
    """Return ``camera_to_world [4, 4]`` of a keyframe's :data:`AXES` and its pivot's :data:`PIVOT_AXES`."""
    key, at = dict(zip(AXES, map(float, axes), strict=True)), dict(zip(PIVOT_AXES, map(float, pivot), strict=True))
    frame = _turned(at["tilt"], -at["heading"], at["roll"], "ZXY")
    orbit = frame @ _turned(-key["elevation"], -key["azimuth"], 0.0, "YX")
    slide = key["lateral"] * orbit[:, 0] - key["height"] * frame[:, 1]
    position = pivot[:3] - key["distance"] * orbit[:, 2] + slide
    target = pivot[:3] + (1 - key["lock"]) * slide
    rotation = _looking(target - position, orbit) @ _turned(key["tilt"], key["pan"], key["roll"], "YXZ")
    found = np.eye(4)
    found[:3, :3] = rotation
    found[:3, 3] = position + key["dolly"] * rotation[:, 2]
    return found


def _looking(forward: np.ndarray, orbit: np.ndarray) -> np.ndarray:
    """Return the rotation that looks along ``forward`` and is level in the orbit's frame."""
    right = np.cross(orbit[:, 1], forward)
    length, reach = np.linalg.norm(right), np.linalg.norm(forward)
    if reach < 1e-9 or length < 1e-6 * reach:
        return orbit
    right, forward = right / length, forward / reach
    return np.stack([right, np.cross(forward, right), forward], 1)


def write(trajectory: Trajectory, optics: Optics) -> dict[str, str]:
    """Return the text of a path with a keyframe a frame, by its ending: a free camera, slid and turned, that orbits nothing.

    Raises:
        InputError: a focal length that changes, which the format does not have.
    """
    if trajectory.focal is not None and np.abs(trajectory.focal - trajectory.focal[0]).max() > 1e-4:
        raise InputError("format", "a path that zooms, for a format without a lens", "Choose another format for this path.")
    poses = trajectory.camera_to_world
    depth = max(1.0, float(poses[:, 2, 3].max()) + 1.0)
    angles = np.unwrap(Rotation.from_matrix(poses[:, :3, :3]).as_euler("YXZ", degrees=True), axis=0, period=360)
    camera = [
        {
            "frame": index, "pivot": "p1", **AXES,
            "distance": depth - float(pose[2, 3]), "lateral": float(pose[0, 3]), "height": -float(pose[1, 3]),
            "pan": float(turn[0]), "tilt": float(turn[1]), "roll": float(turn[2]),
        }
        for index, (pose, turn) in enumerate(zip(poses, angles, strict=True))
    ]  # fmt: skip
    pivot = {"id": "p1", "keys": [{"frame": 0, **PIVOT_AXES, "z": depth}]}
    return {".json": json.dumps({"version": 2, "pivots": [pivot], "camera": camera}, indent=1)}
