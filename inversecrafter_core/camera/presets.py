"""The trajectories: one short function each, one line each in :data:`PRESETS`.

A trajectory takes how far along it is, ``t [F]`` in 0...1, and its full amount, and gives poses relative to the source
camera: translations in multiples of the pivot depth rho (the pivot is at (0, 0, 1)), angles in radians.

Directions, as the viewer of the picture sees them (tests/core/camera/test_camera.py checks them on pictures):

* ``arc_left`` moves the camera to its left (-x) while it keeps looking at the pivot, so what is nearer than the pivot moves
  right in the picture and what is farther moves left. ``arc_up`` moves it up (-y), so near things move down.
* ``pan`` turns right for positive amounts (everything moves left), ``tilt`` turns up (everything moves down).
* ``dolly`` and ``zoom_in`` move forward, ``crane`` rises while it keeps looking at the pivot.

The six amounts of arc and zoom are those of Reangle-A-Video, which InverseCrafter evaluates on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

import torch

from ..errors import InputError
from .path import CameraPath
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
    """Forward by ``dr`` with ``f' = f (1 - dr)``: what stands at the pivot keeps its size."""
    return dolly(t, amount)[0], 1 - t * amount


def pan(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    return _turned(turn_y(t * amount))


def tilt(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    return _turned(turn_x(t * amount))


def crane(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    zero = torch.zeros_like(t)
    return _looking_at_pivot(zero, -t * amount, zero)


def spiral(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    """One clockwise turn in the picture plane whose radius grows to ``amount``."""
    angle = 2 * math.pi * t
    return _looking_at_pivot(t * amount * torch.cos(angle), t * amount * torch.sin(angle), torch.zeros_like(t))


def static(t: torch.Tensor, amount: float) -> tuple[torch.Tensor, torch.Tensor]:
    zero = torch.zeros_like(t)
    return _moved(zero, zero, zero)


class Preset(NamedTuple):
    """A trajectory with its default full amount in ``unit``: ``"degrees"`` or ``"rho"``."""

    trajectory: Trajectory
    amount: float
    unit: Literal["degrees", "rho"]


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
}


def require_preset(name: str) -> Preset:
    """Return the preset called ``name``, or raise :class:`InputError` naming all of them."""
    if name not in PRESETS:
        raise InputError("preset", f"'{name}'", f"Choose one of {', '.join(PRESETS)}.")
    return PRESETS[name]


def eased(t: torch.Tensor, ease: Literal["linear", "smooth"]) -> torch.Tensor:
    """Time ``t`` in 0...1 as it is, or with a soft start and stop (``3 t^2 - 2 t^3``)."""
    return t * t * (3 - 2 * t) if ease == "smooth" else t


def preset_path(
    name: str,
    frames: int,
    amount: float | None = None,
    *,
    start: Literal["source", "full"] = "source",
    ease: Literal["linear", "smooth"] = "linear",
    relative_to: Literal["source", "world"] = "source",
) -> CameraPath:
    """A :class:`CameraPath` from the table.

    Args:
        name: a key of :data:`PRESETS`.
        frames: any count; a motion needs at least 2.
        amount: the full amount in **core units** (radians for angles, rho for distances); ``None`` is the default's.
        start: ``"source"``: from the source camera at frame 0 to the full amount at the last frame;
            ``"full"``: the full amount at every frame (then one frame is enough).
        ease: the pace of ``"source"``.
        relative_to: see :class:`CameraPath`.
    """
    preset = require_preset(name)
    if frames < 1:
        raise InputError("frames", str(frames), "Give at least 1, as many as the video has.")
    if frames == 1 and start == "source" and name != "static":
        raise InputError(
            "frames", "1, which leaves no time to move", "Give 2 or more, or set start to 'full' for a single new view."
        )
    if amount is None:
        amount = math.radians(preset.amount) if preset.unit == "degrees" else preset.amount
    if not math.isfinite(amount):
        raise InputError("amount", str(amount), "Give a finite number.")
    t = torch.ones(frames) if start == "full" else eased(torch.linspace(0, 1, frames), ease)
    poses, focal_scale = preset.trajectory(t, amount)
    return CameraPath(poses, focal_scale, relative_to, name)
