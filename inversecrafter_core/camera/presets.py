"""Preset trajectories: a function and a line in :data:`PRESETS` each.

A trajectory maps the time ``t [F]`` in 0...1 and its full amount to poses ``[F, 4, 4]`` relative to the source camera, with
translations in multiples of the pivot depth rho (the pivot is at (0, 0, 1)), and to focal scales ``[F]``.

Directions, as they appear in the picture (tests/core/camera/test_camera.py checks them on pictures):

* ``arc_left`` moves the camera to its left (-x) and keeps it looking at the pivot, so points nearer than the pivot move right
  in the picture and points beyond it left. ``arc_up`` moves it up (-y), so near points move down.
* ``pan`` turns right for positive amounts (everything moves left), ``tilt`` turns up (everything moves down).
* ``dolly`` and ``zoom_in`` move forward, ``crane`` rises and keeps looking at the pivot.

The six amounts of arc and zoom are those of Reangle-A-Video, on which InverseCrafter is evaluated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Literal, NamedTuple

import torch

from ..errors import InputError, require_choice
from .path import CameraPath, RelativeTo
from .rotation import look_at, pose, turn_x, turn_y

PIVOT = torch.tensor([0.0, 0.0, 1.0])
Trajectory = Callable[[torch.Tensor, float], tuple[torch.Tensor, torch.Tensor]]


def _about_pivot(rotation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return pose(rotation, PIVOT - rotation @ PIVOT), torch.ones(len(rotation))


def _moved(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return pose(torch.eye(3).expand(len(x), 3, 3), torch.stack([x, y, z], -1)), torch.ones(len(x))


def _looking_at_pivot(x: torch.Tensor, y: torch.Tensor, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    position = torch.stack([x, y, z], -1)
    return pose(look_at(position, PIVOT.expand_as(position)), position), torch.ones(len(x))


def _turned(rotation: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return pose(rotation, torch.zeros(len(rotation), 3)), torch.ones(len(rotation))


def arc_left(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    return _about_pivot(turn_y(t * amount))


def arc_right(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    return _about_pivot(turn_y(-t * amount))


def arc_up(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    return _about_pivot(turn_x(-t * amount))


def arc_down(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    return _about_pivot(turn_x(t * amount))


def dolly(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    zero = torch.zeros_like(t)
    return _moved(zero, zero, t * amount)


def dolly_back(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    return dolly(t, -amount)


def dolly_zoom(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Move forward by ``dr`` with ``f' = f (1 - dr)``, so that things at the pivot keep their size."""
    return dolly(t, amount)[0], 1 - t * amount


def pan(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    return _turned(turn_y(t * amount))


def tilt(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    return _turned(turn_x(t * amount))


def crane(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    zero = torch.zeros_like(t)
    return _looking_at_pivot(zero, -t * amount, zero)


def spiral(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Move once clockwise around the source camera, in the picture plane, with a radius that grows to ``amount``."""
    angle = 2 * math.pi * t
    return _looking_at_pivot(t * amount * torch.cos(angle), t * amount * torch.sin(angle), torch.zeros_like(t))


def static(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    zero = torch.zeros_like(t)
    return _moved(zero, zero, zero)


class Preset(NamedTuple):
    """A trajectory, its default full amount in ``unit``, ``"degrees"`` or ``"rho"``, and its own frame of reference if any."""

    trajectory: Trajectory
    amount: float
    unit: Literal["degrees", "rho"]
    relative_to: RelativeTo | None = None


PRESETS: dict[str, Preset] = {
    "arc_left": Preset(arc_left, 9.6, "degrees"),
    "arc_right": Preset(arc_right, 9.6, "degrees"),
    "arc_up": Preset(arc_up, 9.6, "degrees"),
    "arc_down": Preset(arc_down, 4.8, "degrees"),
    "zoom_in": Preset(dolly, 0.056, "rho"),
    "zoom_out": Preset(dolly_back, 0.084, "rho"),
    "orbit": Preset(arc_right, 30.0, "degrees"),
    "dolly": Preset(dolly, 0.2, "rho"),
    "dolly_zoom": Preset(dolly_zoom, 0.3, "rho"),
    "pan": Preset(pan, 10.0, "degrees"),
    "tilt": Preset(tilt, 8.0, "degrees"),
    "crane": Preset(crane, 0.15, "rho"),
    "spiral": Preset(spiral, 0.1, "rho"),
    "static": Preset(static, 0.0, "rho"),
    "stabilise": Preset(static, 0.0, "rho", RelativeTo.STABILISED),
}


def require_preset(name: str) -> Preset:
    """Return the preset named ``name``, or raise :class:`InputError` naming all of them."""
    if name not in PRESETS:
        raise InputError("preset", f"'{name}'", f"Choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]


class PathStart(StrEnum):
    """First frame of a preset path: ``source``, the source camera; ``full``, the full amount, as in all frames."""

    SOURCE = "source"
    FULL = "full"


class Ease(StrEnum):
    """Pace of a path: constant, or with a soft start and stop."""

    LINEAR = "linear"
    SMOOTH = "smooth"


def eased(t: torch.Tensor, ease: Ease) -> torch.Tensor:
    """Return ``t`` in 0...1 for ``linear``, the smoothstep ``3 t^2 - 2 t^3`` for ``smooth``."""
    return t * t * (3 - 2 * t) if ease == Ease.SMOOTH else t


def preset_path(
    name: str,
    frames: int,
    amount: float | None = None,
    *,
    start: PathStart = PathStart.SOURCE,
    ease: Ease = Ease.LINEAR,
    relative_to: RelativeTo = RelativeTo.SOURCE,
) -> CameraPath:
    """Return the :class:`CameraPath` of a preset.

    Args:
        name: a key of :data:`PRESETS`.
        frames: number of frames; a motion that starts at the source needs at least 2.
        amount: the full amount in **core units** (radians for angles, rho for distances); None for the preset's.
        start: ``source``: from the source camera at frame 0 to the full amount at the last frame; ``full``: the full amount in
            every frame.
        ease: the pace of a path that starts at the source.
        relative_to: see :class:`CameraPath`; unused by a preset that has its own.

    Raises:
        InputError: an unknown name or choice, too few frames, or an amount that is not finite.
    """
    preset, start, ease = require_preset(name), require_choice("start", start, PathStart), require_choice("ease", ease, Ease)
    if frames < 1:
        raise InputError("frames", str(frames), "Give at least 1, as many as the video has.")
    if frames == 1 and start == PathStart.SOURCE and preset.trajectory is not static:
        raise InputError(
            "frames", "1, which leaves no time to move", "Give 2 or more, or set start to 'full' for a single new view."
        )
    if amount is None:
        amount = math.radians(preset.amount) if preset.unit == "degrees" else preset.amount
    if not math.isfinite(amount):
        raise InputError("amount", str(amount), "Give a finite number.")
    t = torch.ones(frames) if start == PathStart.FULL else eased(torch.linspace(0, 1, frames), ease)
    poses, focal_scale = preset.trajectory(t, amount)
    return CameraPath(poses, focal_scale, preset.relative_to or relative_to, name)
