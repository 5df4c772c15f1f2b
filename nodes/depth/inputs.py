"""Inputs, outputs and the answer of every node that makes a GEOMETRY."""

from __future__ import annotations

import math
from typing import NamedTuple

import comfy.model_management
from comfy_api.latest import io

from ...inversecrafter_core.depth import GeometryReport
from ...inversecrafter_core.depth.convert import FAR_RATIO
from ...inversecrafter_core.depth.pipeline import Stabilisation
from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.preview.depth import depth_preview
from ..host.reports import report_ui
from ..host.sockets import GeometrySocket

STABILISE: dict[str, Stabilisation] = {
    "off": Stabilisation.OFF,
    "frames": Stabilisation.FRAMES,
    "frames_pixels": Stabilisation.FRAMES_AND_PIXELS,
    "frames_pixels_noise": Stabilisation.FRAMES_PIXELS_AND_NOISE,
}
AUTO, FOV, FOCAL = "auto", "fov_degrees", "focal_pixels"
WIDEST = 170.0


class Lens(NamedTuple):
    """Source lens as a field of view in radians or a focal length in pixels; both None: the model's own, else 55 degrees."""

    fov: float | None = None
    focal: float | None = None


def lens_inputs() -> list[io.Input]:
    """Return the widgets of :func:`lens_from`."""
    return [
        io.Combo.Input(
            "lens",
            options=[AUTO, FOV, FOCAL],
            default=AUTO,
            tooltip="Lens of the source camera. auto: what the depth source says, else 55 degrees across. Otherwise lens_value "
            "says it.",
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
    """Return the lens of the widgets of :func:`lens_inputs`.

    Raises:
        InputError: a field of view above 170 degrees.
    """
    if lens == FOV and value > WIDEST:
        raise InputError("lens_value", f"{value:g} degrees", f"Give at most {WIDEST:g}, or set lens to '{FOCAL}'.")
    return Lens(fov=math.radians(value) if lens == FOV else None, focal=value if lens == FOCAL else None)


def stabilise_input(default: str) -> io.Combo.Input:
    """Return the choice of :data:`STABILISE`."""
    return io.Combo.Input(
        "stabilise",
        options=list(STABILISE),
        default=default,
        tooltip="Remove flicker by one scale a frame (frames), also along optical flow (pixels), also by smoothing what still "
        "flickers (noise).",
    )


def far_input() -> io.Float.Input:
    """Return the depth range of a relative model."""
    return io.Float.Input(
        "far_ratio",
        default=FAR_RATIO,
        min=1.1,
        max=10000.0,
        step=0.5,
        tooltip="For disparity: farthest over nearest depth, which a relative model cannot know. Higher gives more parallax.",
    )


def preview_input() -> io.Combo.Input:
    """Return the look of the preview."""
    return io.Combo.Input(
        "preview", options=["colour", "grey"], default="colour", tooltip="Look of the preview: near is bright."
    )


def geometry_outputs() -> list[io.Output]:
    """Return geometry, preview and report."""
    return [
        GeometrySocket.Output(display_name="geometry", tooltip="Depth, lens and source cameras of the clip, for Warp Video."),
        io.Image.Output(
            display_name="preview", tooltip="Inverse depth, one scale for the clip, near is bright, black where unknown."
        ),
        io.String.Output(display_name="report", tooltip="Kind of depth, flicker before and after, lens, range."),
    ]


def geometry_answer(made: GeometryReport, preview: str) -> io.NodeOutput:
    """Return the outputs of :func:`geometry_outputs`."""
    picture = depth_preview(made.geometry.depth, made.geometry.valid, "grey" if preview == "grey" else "colour")
    device = comfy.model_management.intermediate_device()
    report = "\n".join(made.lines)
    return io.NodeOutput(made.geometry, picture.to(device), report, ui=report_ui(report))
