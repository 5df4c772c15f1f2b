"""Inputs and outputs that the nodes which make a geometry share."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple

import comfy.model_management
from comfy_api.latest import io

from ...inversecrafter_core.depth import GeometryReport
from ...inversecrafter_core.depth.convert import FAR_RATIO
from ...inversecrafter_core.depth.pipeline import Stabilisation
from ...inversecrafter_core.errors import InputError, require_choice
from ...inversecrafter_core.preview.depth import DepthStyle, depth_preview
from ..host.reports import report_ui
from ..host.sockets import GeometrySocket

STABILISE: dict[str, Stabilisation] = {
    "off": Stabilisation.OFF,
    "frames": Stabilisation.FRAMES,
    "frames_pixels": Stabilisation.FRAMES_AND_PIXELS,
    "frames_pixels_noise": Stabilisation.FRAMES_PIXELS_AND_NOISE,
}
WIDEST = 170.0
"""Largest field of view in degrees."""


class LensUnit(StrEnum):
    """Unit of the widget ``lens_value``; ``auto`` ignores it."""

    AUTO = "auto"
    FOV = "fov_degrees"
    FOCAL = "focal_pixels"


class Lens(NamedTuple):
    """Source lens: field of view in radians, or focal length in pixels; without both the model's own, else 55 degrees."""

    fov: float | None = None
    focal: float | None = None


def lens_inputs() -> list[io.Input]:
    """Return the widgets of :func:`lens_from`."""
    return [
        io.Combo.Input(
            "lens",
            options=[*LensUnit],
            default=LensUnit.AUTO,
            tooltip="Lens of the source camera. auto: from the depth source, else 55 degrees across. Otherwise it is "
            "lens_value.",
        ),
        io.Float.Input(
            "lens_value",
            default=55.0,
            min=0.1,
            max=1e5,
            step=0.1,
            tooltip="Horizontal field of view in degrees, or focal length in pixels of the video; unused when lens is auto.",
        ),
    ]


def lens_from(lens: str, value: float) -> Lens:
    """Return the lens that the widgets of :func:`lens_inputs` describe.

    Raises:
        InputError: an unknown unit, or a field of view above 170 degrees.
    """
    unit = require_choice("lens", lens, LensUnit)
    if unit == LensUnit.FOV and value > WIDEST:
        raise InputError("lens_value", f"{value:g} degrees", f"Give at most {WIDEST:g}, or set lens to '{LensUnit.FOCAL}'.")
    return Lens(math.radians(value) if unit == LensUnit.FOV else None, value if unit == LensUnit.FOCAL else None)


def stabilise_input(default: str) -> io.Combo.Input:
    """Return the widget of :data:`STABILISE`."""
    return io.Combo.Input(
        "stabilise",
        options=list(STABILISE),
        default=default,
        tooltip="Remove flicker by one scale a frame (frames), also along optical flow (pixels), also by smoothing the rest "
        "(noise).",
    )


def far_input() -> io.Float.Input:
    """Return the widget of the depth range of a relative model."""
    return io.Float.Input(
        "far_ratio",
        default=FAR_RATIO,
        min=1.1,
        max=10000.0,
        step=0.5,
        tooltip="For disparity: farthest over nearest depth, which a relative model cannot know. Higher gives more parallax.",
    )


def preview_input() -> io.Combo.Input:
    """Return the widget of the preview's style."""
    return io.Combo.Input(
        "preview", options=[*DepthStyle], default=DepthStyle.COLOUR, tooltip="Style of the preview; near is bright."
    )


def geometry_outputs() -> list[io.Output]:
    """Return the outputs geometry, preview and report."""
    return [
        GeometrySocket.Output(display_name="geometry", tooltip="Depth, lens and source cameras of the clip, for Warp Video."),
        io.Image.Output(
            display_name="preview", tooltip="Inverse depth, one scale for the clip, near is bright, black where unknown."
        ),
        io.String.Output(display_name="report", tooltip="Kind of depth, flicker before and after, lens, range."),
    ]


def geometry_result(built: GeometryReport, preview: str) -> io.NodeOutput:
    """Return the values of :func:`geometry_outputs`."""
    style = require_choice("preview", preview, DepthStyle)
    picture = depth_preview(built.geometry.depth, built.geometry.valid, style)
    device = comfy.model_management.intermediate_device()
    report = "\n".join(built.lines)
    return io.NodeOutput(built.geometry, picture.to(device), report, ui=report_ui(report))
