"""Camera paths from keyframes in JSON.

A list (or an object with a ``keyframes`` list and, at will, a ``relative_to``) of objects, one a keyframe::

    {"frame": 0,                      frame number, from 0
     "position": [0, 0, 0],           x right, y down, z forward, in multiples of rho; default: the source camera's
     "euler": [0, 0, 0],              degrees: tilt up, pan right, roll clockwise (R = pan tilt roll); or
     "quaternion": [1, 0, 0, 0],      w, x, y, z; or
     "look_at": [0, 0, 1],            a point in the same coordinates; without any of the three: no rotation
     "focal_scale": 1.0,              focal length over the source's
     "ease": "smooth"}                pace up to the next keyframe, "smooth" or "linear"; default: the path's

Between keyframes, positions and focal scale are interpolated by a monotone cubic ("smooth") or linearly ("linear"), rotations
along great circles. The path passes through every keyframe and stays at the last one; without a keyframe at frame 0 it starts
at the source camera.
"""

from __future__ import annotations

import itertools
import json
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.interpolate import CubicHermiteSpline, PchipInterpolator, make_interp_spline
from scipy.spatial.transform import Rotation, Slerp

from ..errors import InputError, require_choice
from .path import CameraPath, RelativeTo
from .presets import Ease, eased
from .rotation import look_at, pose, turn_x, turn_y, turn_z

ROTATIONS = ("euler", "quaternion", "look_at")
LIMIT = 1e30
"""Magnitude from which a number counts as infinite: paths are float32."""
FIELDS = {"frame", "position", "focal_scale", "ease", *ROTATIONS}


class Keyframe(NamedTuple):
    """A keyframe: frame number (or time), ``position [3]`` in rho, float64, rotation, focal scale, pace up to the next one."""

    frame: float
    position: torch.Tensor
    rotation: Rotation
    focal_scale: float
    ease: Ease | None = None


SOURCE = Keyframe(0, torch.zeros(3, dtype=torch.float64), Rotation.identity(), 1.0)


def is_number(value: Any) -> bool:
    """Return whether a value of a JSON text is a number that a path can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LIMIT


def _number(value: Any, name: str) -> float:
    if not is_number(value):
        raise InputError(name, f"{value!r}"[:60], "Give a finite number.")
    return float(value)


def _numbers(value: Any, count: int, name: str) -> torch.Tensor:
    if not isinstance(value, list) or len(value) != count:
        raise InputError(name, f"{value!r}", f"Give a list of {count} numbers.")
    return torch.tensor([_number(item, name) for item in value], dtype=torch.float64)


def _rotation(entry: dict[str, Any], position: torch.Tensor, name: str) -> Rotation:
    given = [key for key in ROTATIONS if key in entry]
    if len(given) > 1:
        raise InputError(name, f"both {' and '.join(given)}", "Keep one of them.")
    if not given:
        return SOURCE.rotation
    label = f"{name}.{given[0]}"
    if given[0] == "quaternion":
        quaternion = _numbers(entry["quaternion"], 4, label)
        if quaternion.norm() < 1e-6:
            raise InputError(label, "a length of zero", "Give w, x, y, z; no rotation is [1, 0, 0, 0].")
        return Rotation.from_quat(quaternion.roll(-1).numpy())
    if given[0] == "euler":
        up, right, roll = torch.deg2rad(_numbers(entry["euler"], 3, label))
        return Rotation.from_matrix((turn_y(right) @ turn_x(up) @ turn_z(roll)).numpy())
    return Rotation.from_matrix(look_at(position, _numbers(entry["look_at"], 3, label)).numpy())


def _keyframe(entry: Any, index: int, frames: int) -> Keyframe:
    name = f"keyframes[{index}]"
    if not isinstance(entry, dict):
        raise InputError(name, f"{entry!r}", 'Give an object, e.g. {"frame": 0, "position": [0, 0, 0]}.')
    unknown = sorted(set(entry) - FIELDS)
    if unknown:
        raise InputError(name, f"the unknown field '{unknown[0]}'", f"Known are {', '.join(sorted(FIELDS))}.")
    frame = entry.get("frame")
    frame = int(frame) if isinstance(frame, float) and frame.is_integer() else frame
    if isinstance(frame, bool) or not isinstance(frame, int) or not 0 <= frame < frames:
        raise InputError(f"{name}.frame", f"{frame!r}", f"Give a whole number from 0 to {frames - 1}.")
    position = _numbers(entry.get("position", [0, 0, 0]), 3, f"{name}.position")
    focal_scale = _number(entry.get("focal_scale", 1.0), f"{name}.focal_scale")
    if focal_scale <= 0:
        raise InputError(f"{name}.focal_scale", f"{focal_scale}", "Give a number above 0; 1 keeps the lens.")
    ease = require_choice(f"{name}.ease", str(entry["ease"]), Ease) if "ease" in entry else None
    return Keyframe(frame, position, _rotation(entry, position, name), focal_scale, ease)


def parse_keyframes(text: str, frames: int) -> list[Keyframe]:
    """Return the keyframes in JSON ``text`` for a path of ``frames`` frames, sorted, beginning at frame 0.

    The source camera is added at frame 0 if no keyframe is there.

    Raises:
        InputError: text that is not valid; the message names the keyframe, the field and its value.
    """
    try:
        entries = json.loads(text)
    except json.JSONDecodeError as error:
        found = f"text that is not JSON ({error})"
        raise InputError("keyframes", found, "Give a list of objects with 'frame' and 'position'.") from error
    if isinstance(entries, dict) and "keyframes" in entries:
        entries = entries["keyframes"]
    if not isinstance(entries, list) or not entries:
        raise InputError("keyframes", "no list of keyframes", 'Give a list such as [{"frame": 16, "position": [-0.1, 0, 0]}].')
    keys = sorted((_keyframe(entry, index, frames) for index, entry in enumerate(entries)), key=lambda key: key.frame)
    for first, second in itertools.pairwise(keys):
        if first.frame == second.frame:
            raise InputError("keyframes", f"two keyframes at frame {first.frame}", "Keep one of them.")
    return keys if keys[0].frame == 0 else [SOURCE, *keys]


def stated_frame(text: str) -> RelativeTo | None:
    """Return what the keyframes in JSON ``text`` say they are relative to, None without it; InputError for another word."""
    content = json.loads(text)
    stated = content.get("relative_to") if isinstance(content, dict) else None
    return None if stated is None else require_choice("keyframes, relative_to", str(stated), RelativeTo)


def _states(keys: list[Keyframe], times: np.ndarray, smooth: np.ndarray) -> torch.Tensor:
    """Return positions and focal scales ``[F, 4]`` at ``times [F]`` between the first and the last keyframe."""
    stamps = np.array([key.frame for key in keys], float)
    values = np.stack([np.append(key.position.numpy(), key.focal_scale) for key in keys])
    straight = make_interp_spline(stamps, values, k=1)(times)
    return torch.from_numpy(np.where(smooth[:, None], monotone(stamps, values, times), straight))


def monotone(stamps: np.ndarray, values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return ``values [N, C]``, given at ``stamps [N]``, at ``times [F]`` between the first and the last of these.

    A monotone cubic (Fritsch & Butland 1984) with zero slopes at both ends; with two stamps it is the smoothstep.
    """
    slopes = PchipInterpolator(stamps, values)(stamps, nu=1)
    slopes[[0, -1]] = 0
    return CubicHermiteSpline(stamps, values, slopes)(times)


def _segments(keys: list[Keyframe], times: np.ndarray) -> np.ndarray:
    """Return ``[F]``: the index of the keyframe before every time, at most the last but one."""
    stamps = np.array([key.frame for key in keys], float)
    return (np.searchsorted(stamps, times, side="right") - 1).clip(0, len(keys) - 2)


def _rotations(keys: list[Keyframe], times: np.ndarray, smooth: np.ndarray) -> torch.Tensor:
    """Return rotations ``[F, 3, 3]`` at ``times [F]`` along great circles, eased within each segment that is ``smooth [F]``."""
    stamps, segment = np.array([key.frame for key in keys], float), _segments(keys, times)
    length = stamps[segment + 1] - stamps[segment]
    straight = torch.from_numpy((times - stamps[segment]) / length)
    turned = torch.where(torch.from_numpy(smooth), eased(straight, Ease.SMOOTH), straight).numpy()
    turns = Slerp(stamps, Rotation.concatenate([key.rotation for key in keys]))
    return torch.from_numpy(turns(stamps[segment] + turned * length).as_matrix())


def keyframe_path(
    text: str,
    frames: int,
    *,
    ease: Ease = Ease.SMOOTH,
    relative_to: RelativeTo = RelativeTo.SOURCE,
) -> CameraPath:
    """Return a :class:`CameraPath` of ``frames`` frames through the keyframes in ``text`` (see the module).

    Raises:
        InputError: text that is not valid, or an unknown ``ease`` or ``relative_to``.
    """
    ease, keys = require_choice("ease", ease, Ease), parse_keyframes(text, frames)
    stated = stated_frame(text)
    if stated not in (None, relative_to):
        raise InputError("relative_to", f"{relative_to}, and the keyframes are relative to {stated}", f"Choose {stated}.")
    poses, focal_scale = interpolated(keys, np.arange(frames, dtype=float), ease)
    return CameraPath(poses, focal_scale, relative_to, "keyframes")


def interpolated(keys: list[Keyframe], times: np.ndarray, ease: Ease) -> tuple[torch.Tensor, torch.Tensor]:
    """Return poses ``[F, 4, 4]`` and focal scales ``[F]``, float32, at ``times [F]`` from the first keyframe on.

    Keyframes are sorted by their frames, which are in the unit of ``times``; after the last one the camera stays there.
    """
    if len(keys) == 1:
        keys = [*keys, keys[0]._replace(frame=keys[0].frame + 1)]
    times = times.clip(max=keys[-1].frame)
    smooth = np.array([(key.ease or ease) == Ease.SMOOTH for key in keys])[_segments(keys, times)]
    state = _states(keys, times, smooth)
    return pose(_rotations(keys, times, smooth), state[:, :3]), state[:, 3].float()
