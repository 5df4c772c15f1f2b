"""Camera paths from keyframes in JSON.

A list (or an object with a ``keyframes`` list) of objects, one a keyframe::

    {"frame": 0,                      which frame it stands at, from 0
     "position": [0, 0, 0],           x right, y down, z forward, in multiples of rho; default: the source camera's
     "euler": [0, 0, 0],              degrees: tilt up, pan right, roll clockwise (R = pan tilt roll); or
     "quaternion": [1, 0, 0, 0],      w, x, y, z; or
     "look_at": [0, 0, 1],            a point in the same coordinates; without any of the three: no rotation
     "focal_scale": 1.0}              focal length over the source's

Between keyframes positions and focal scale run along a monotone cubic and rotations along the great circle
("smooth"), or both straight ("linear"). At a keyframe the path is exactly the keyframe. After the last one it holds; without a
keyframe at frame 0 it starts from the source camera.
"""

from __future__ import annotations

import bisect
import itertools
import json
import math
from typing import Any, Literal, NamedTuple

import torch

from ..errors import InputError
from .path import CameraPath
from .presets import eased
from .rotation import look_at, matrix_to_quaternion, pose, quaternion_to_matrix, slerp, turn_x, turn_y, turn_z

ROTATIONS = ("euler", "quaternion", "look_at")
FIELDS = {"frame", "position", "focal_scale", *ROTATIONS}


class Keyframe(NamedTuple):
    """One keyframe: ``position [3]`` in rho, unit ``quaternion [4]`` (w, x, y, z), both float64."""

    frame: int
    position: torch.Tensor
    quaternion: torch.Tensor
    focal_scale: float


SOURCE = Keyframe(0, torch.zeros(3, dtype=torch.float64), torch.tensor([1.0, 0, 0, 0], dtype=torch.float64), 1.0)


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError(name, f"{value!r}", "Give a finite number.")
    return float(value)


def _numbers(value: Any, count: int, name: str) -> torch.Tensor:
    if not isinstance(value, list) or len(value) != count:
        raise InputError(name, f"{value!r}", f"Give a list of {count} numbers.")
    return torch.tensor([_number(item, name) for item in value], dtype=torch.float64)


def _quaternion(entry: dict[str, Any], position: torch.Tensor, name: str) -> torch.Tensor:
    given = [key for key in ROTATIONS if key in entry]
    if len(given) > 1:
        raise InputError(name, f"both {' and '.join(given)}", "Keep one of them.")
    if not given:
        return SOURCE.quaternion
    label = f"{name}.{given[0]}"
    if given[0] == "quaternion":
        quaternion = _numbers(entry["quaternion"], 4, label)
        if quaternion.norm() < 1e-6:
            raise InputError(label, "a length of zero", "Give w, x, y, z; no rotation is [1, 0, 0, 0].")
        return quaternion / quaternion.norm()
    if given[0] == "euler":
        up, right, roll = torch.deg2rad(_numbers(entry["euler"], 3, label))
        return matrix_to_quaternion(turn_y(right) @ turn_x(up) @ turn_z(roll))
    return matrix_to_quaternion(look_at(position, _numbers(entry["look_at"], 3, label)))


def _keyframe(entry: Any, index: int, frames: int) -> Keyframe:
    name = f"keyframes[{index}]"
    if not isinstance(entry, dict):
        raise InputError(name, f"{entry!r}", 'Give an object, e.g. {"frame": 0, "position": [0, 0, 0]}.')
    unknown = sorted(set(entry) - FIELDS)
    if unknown:
        raise InputError(name, f"the unknown field '{unknown[0]}'", f"Known are {', '.join(sorted(FIELDS))}.")
    frame = entry.get("frame")
    if isinstance(frame, bool) or not isinstance(frame, int) or not 0 <= frame < frames:
        raise InputError(f"{name}.frame", f"{frame!r}", f"Give a whole number from 0 to {frames - 1}.")
    position = _numbers(entry.get("position", [0, 0, 0]), 3, f"{name}.position")
    focal_scale = _number(entry.get("focal_scale", 1.0), f"{name}.focal_scale")
    if focal_scale <= 0:
        raise InputError(f"{name}.focal_scale", f"{focal_scale}", "Give a number above 0; 1 keeps the lens.")
    return Keyframe(frame, position, _quaternion(entry, position, name), focal_scale)


def parse_keyframes(text: str, frames: int) -> list[Keyframe]:
    """Read keyframes for a path of ``frames`` frames, sorted, with the source camera at frame 0 unless one stands there.

    Raises:
        InputError: naming the keyframe, the field and what it holds.
    """
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError("keyframes", f"no JSON ({error})", "Give a list of objects with 'frame' and 'position'.") from error
    if isinstance(entries, dict) and "keyframes" in entries:
        entries = entries["keyframes"]
    if not isinstance(entries, list) or not entries:
        raise InputError("keyframes", "no list of keyframes", 'Give a list such as [{"frame": 16, "position": [-0.1, 0, 0]}].')
    keys = sorted((_keyframe(entry, index, frames) for index, entry in enumerate(entries)), key=lambda key: key.frame)
    for first, second in itertools.pairwise(keys):
        if first.frame == second.frame:
            raise InputError("keyframes", f"two keyframes at frame {first.frame}", "Keep one of them.")
    return keys if keys[0].frame == 0 else [SOURCE, *keys]


def pchip_slopes(times: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Slopes ``[K, D]`` of a monotone cubic through ``values [K, D]`` at ``times [K]`` (Fritsch & Butland 1984).

    Inside, the weighted harmonic mean of the two neighbouring slopes, zero at a turning point; zero at both ends, so that
    the motion starts and stops softly and two keyframes make a smoothstep.
    """
    slopes = torch.zeros_like(values)
    steps = times.diff()[:, None]
    rates = values.diff(dim=0) / steps
    before, after = rates[:-1], rates[1:]
    first, second = 2 * steps[1:] + steps[:-1], steps[1:] + 2 * steps[:-1]
    same_way = before * after > 0
    safe_before, safe_after = torch.where(same_way, before, 1.0), torch.where(same_way, after, 1.0)
    slopes[1:-1] = torch.where(same_way, (first + second) / (first / safe_before + second / safe_after), 0.0)
    return slopes


def _between(values: torch.Tensor, slopes: torch.Tensor, segment: int, length: float, s: float) -> torch.Tensor:
    """Cubic Hermite at fraction ``s`` of a segment."""
    start, end = values[segment], values[segment + 1]
    departure, arrival = slopes[segment] * length, slopes[segment + 1] * length
    return (
        (2 * s**3 - 3 * s**2 + 1) * start
        + (s**3 - 2 * s**2 + s) * departure
        + (3 * s**2 - 2 * s**3) * end
        + (s**3 - s**2) * arrival
    )


def keyframe_path(
    text: str,
    frames: int,
    *,
    ease: Literal["linear", "smooth"] = "smooth",
    relative_to: Literal["source", "world"] = "source",
) -> CameraPath:
    """A :class:`CameraPath` of ``frames`` frames through the keyframes in ``text`` (see the module)."""
    keys = parse_keyframes(text, frames)
    stamps = [key.frame for key in keys]
    times = torch.tensor(stamps, dtype=torch.float64)
    values = torch.stack([torch.cat([key.position, torch.tensor([key.focal_scale])]) for key in keys])
    slopes = pchip_slopes(times, values)
    states, rotations = [], []
    for frame in range(frames):
        segment = bisect.bisect_right(stamps, frame) - 1
        if stamps[segment] == frame or segment == len(keys) - 1:
            states.append(values[segment])
            rotations.append(keys[segment].quaternion)
            continue
        length = stamps[segment + 1] - stamps[segment]
        s = (frame - stamps[segment]) / length
        if ease == "smooth":
            states.append(_between(values, slopes, segment, length, s))
        else:
            states.append(torch.lerp(values[segment], values[segment + 1], s))
        turn = float(eased(torch.tensor(s, dtype=torch.float64), ease))
        rotations.append(slerp(keys[segment].quaternion, keys[segment + 1].quaternion, turn))
    state = torch.stack(states)
    poses = pose(quaternion_to_matrix(torch.stack(rotations)), state[:, :3])
    return CameraPath(poses, state[:, 3].float(), relative_to, "keyframes")
