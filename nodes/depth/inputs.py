"""What the nodes that make a GEOMETRY share: their inputs, their outputs, their answer."""

from __future__ import annotations

from typing import Any, get_args

import comfy.model_management
from comfy_api.latest import io

from ...inversecrafter_core.depth import GeometryReport
from ...inversecrafter_core.depth.convert import FAR_RATIO
from ...inversecrafter_core.depth.pipeline import Stabilisation
from ...inversecrafter_core.preview.depth import depth_preview
from ..host.sockets import GeometrySocket


def fov_input() -> io.Float.Input:
    return io.Float.Input(
        "fov",
        default=0.0,
        min=0.0,
        max=170.0,
        step=0.1,
        tooltip="Horizontal field of view of the source camera, in degrees. 0: what the model says, else 55.",
    )


def stabilise_input(default: Stabilisation) -> io.Combo.Input:
    return io.Combo.Input(
        "stabilise",
        options=list(get_args(Stabilisation)),
        default=default,
        tooltip="Take the flicker out. 'frames': one scale (and shift) for each frame. 'frames and "
        "pixels': also a filter along the "
        "optical flow. 'frames, pixels and noise': then each frame is smoothed by as much as it flickered. The report gives "
        "the flicker before and after.",
    )


def far_input() -> io.Float.Input:
    return io.Float.Input(
        "far_ratio",
        default=FAR_RATIO,
        min=1.1,
        max=10000.0,
        step=0.5,
        tooltip="Disparity only: depth of the farthest over the nearest pixel. A relative model cannot "
        "know it; more = stronger parallax.",
    )


def preview_input() -> io.Combo.Input:
    return io.Combo.Input(
        "preview", options=["colour", "grey"], default="colour", tooltip="Look of the preview: near is bright."
    )


def geometry_outputs() -> list[Any]:
    return [
        GeometrySocket.Output(display_name="geometry", tooltip="Depth, lens and source cameras of the clip, for Warp Video."),
        io.Image.Output(
            display_name="preview", tooltip="Inverse depth, one scale for the clip, near is bright, black where unknown."
        ),
        io.String.Output(display_name="report", tooltip="What was done: kind, flicker before and after, lens, range."),
    ]


def geometry_answer(made: GeometryReport, preview: str) -> io.NodeOutput:
    picture = depth_preview(made.geometry.depth, made.geometry.valid, "grey" if preview == "grey" else "colour")
    device = comfy.model_management.intermediate_device()
    return io.NodeOutput(made.geometry, picture.to(device), "\n".join(made.lines))
