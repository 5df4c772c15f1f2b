"""The node that plans a camera path from a preset or from keyframes."""

from __future__ import annotations

import math
from enum import StrEnum

import torch
from comfy.sd import VAE
from comfy_api.latest import io

from ...inversecrafter_core.camera import PRESETS, Ease, Geometry, PathStart, RelativeTo, keyframe_path, preset_path
from ...inversecrafter_core.camera.presets import require_preset
from ...inversecrafter_core.errors import require_choice
from ...inversecrafter_core.preview.camera_path import path_picture
from ..host.checks import valid_length
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import WARP, CameraPathSocket, GeometrySocket, vae_input
from ..host.vae import grid_of
from .scene import path_run


class AmountUnit(StrEnum):
    """Unit of the widget ``amount``."""

    TIMES_PRESET = "times_preset"
    DEGREES_OR_RHO = "degrees_or_rho"


def _inputs() -> list[io.Input]:
    """Return the inputs of the camera path node."""
    return [
        io.Combo.Input(
            "preset",
            options=list(PRESETS),
            default="arc_left",
            tooltip="The trajectory. arc_left moves the camera to its left around the subject, so near things move right.",
        ),
        io.Int.Input(
            "frames",
            default=81,
            min=1,
            max=10000,
            tooltip="Length of the path, as many frames as the video; unused when video is connected.",
        ),
        io.Float.Input(
            "amount",
            default=1.0,
            min=-360.0,
            max=360.0,
            step=0.05,
            tooltip="Full motion of the path, in the unit below. 1 is the preset's own amount; negative reverses it.",
        ),
        io.Combo.Input(
            "unit",
            options=[*AmountUnit],
            default=AmountUnit.TIMES_PRESET,
            tooltip="Unit of amount. degrees_or_rho: degrees for arcs, orbit, pan and tilt; multiples of the subject's depth "
            "for the rest.",
        ),
        io.Combo.Input(
            "start",
            options=[*PathStart],
            default=PathStart.SOURCE,
            tooltip="source: from the source camera to the full amount at the last frame. full: the full amount always.",
        ),
        io.Combo.Input(
            "ease",
            options=[*Ease],
            default=Ease.LINEAR,
            tooltip="linear: constant pace, as in the paper. smooth: soft start and stop; monotone curves between keyframes.",
        ),
        io.Combo.Input(
            "relative_to",
            options=[*RelativeTo],
            default=RelativeTo.SOURCE,
            tooltip="source: follow the moving source camera. stabilised: without its shake. world: stay with its first frame. "
            "Both need Find Camera.",
        ),
        *_optional_inputs(),
    ]


def _optional_inputs() -> list[io.Input]:
    return [
        io.String.Input(
            "keyframes",
            default="",
            multiline=True,
            optional=True,
            tooltip="Keyframes as JSON, in place of preset, amount and start; the editor on the node writes them: "
            '[{"frame": 16, "position": [-0.1, 0, 0]}]',
        ),
        io.Image.Input(
            "video", optional=True, tooltip="Its number of frames sets the length of the path; its colours are the editor's."
        ),
        vae_input("The model's VAE: without video, frames becomes the nearest length that it takes."),
        GeometrySocket.Input(
            "geometry", optional=True, tooltip="From Estimate Depth: the editor on this node shows the scene and its holes."
        ),
    ]


def _clip_length(video: torch.Tensor | None, geometry: Geometry | None) -> tuple[int, str] | None:
    """Return the frames of the video or of the geometry and a sentence; None without a clip: a still has no length."""
    if video is not None:
        return len(video), f"{len(video)} frames, as many as video has."
    if geometry is not None and geometry.frames > 1:
        return geometry.frames, f"{geometry.frames} frames, as many as geometry has."
    return None


def _length(frames: int, vae: VAE | None) -> tuple[int, str]:
    """Return the frames of a path without a clip and a sentence: those the VAE takes, else ``frames``."""
    grid = grid_of(vae)
    return (frames, f"{frames} frames.") if grid is None else valid_length(frames, grid)


class InverseCrafterCameraPath(io.ComfyNode):
    """Node from a preset or keyframes to a camera path."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = node_schema(
            aliases=["camera control", "camera trajectory", "camera motion", "orbit", "dolly", "keyframes"],
            node_id="InverseCrafterCameraPath",
            display_name="Plan Camera Path (InverseCrafter)",
            category=WARP,
            description="Plans the path of the new camera: one of fifteen trajectories, or keyframes, shaped on the node.",
            inputs=_inputs(),
            outputs=[
                CameraPathSocket.Output(display_name="camera_path", tooltip="Target cameras, one a frame, for Warp Video."),
                io.Image.Output(
                    display_name="preview",
                    tooltip="The path from above and from the side; blue is the first frame, red the last.",
                ),
                io.String.Output(display_name="report", tooltip="The number of frames, and why it is that."),
            ],
        )
        schema.hidden = [io.Hidden.extra_pnginfo]
        return schema

    @classmethod
    def validate_inputs(cls, preset: str | None = None) -> bool | str:
        """Refuse an unknown preset before the run: the host does not check the choices of V3 nodes."""
        return preset is None or preset in PRESETS or f"'{preset}'. Choose one of {', '.join(PRESETS)}."

    @classmethod
    def execute(
        cls,
        preset: str,
        frames: int,
        amount: float,
        unit: str,
        start: str,
        ease: str,
        relative_to: str,
        keyframes: str = "",
        video: torch.Tensor | None = None,
        vae: VAE | None = None,
        geometry: Geometry | None = None,
    ) -> io.NodeOutput:
        clip = _clip_length(video, geometry)
        count, report = _length(frames, vae) if clip is None else clip
        pace, frame = require_choice("ease", ease, Ease), require_choice("relative_to", relative_to, RelativeTo)
        if keyframes.strip():
            path = keyframe_path(keyframes, count, ease=pace, relative_to=frame)
        else:
            known, begins = require_preset(preset), require_choice("start", start, PathStart)
            times_preset = require_choice("unit", unit, AmountUnit) == AmountUnit.TIMES_PRESET
            full = amount * known.amount if times_preset else amount
            full = math.radians(full) if known.unit == "degrees" else full
            path = preset_path(preset, count, full, start=begins, ease=pace, relative_to=frame)
        shown = geometry if cls._has_editor() else None
        sent = report_ui(report) | {"path": [path_run(count, frames if clip is None else None, shown, video)]}
        return io.NodeOutput(path, path_picture(path)[None], report, ui=sent)

    @classmethod
    def _has_editor(cls) -> bool:
        """Return whether a page runs the graph: it sends its workflow along, for the metadata of files; a script does not."""
        return bool(cls.hidden and cls.hidden.extra_pnginfo)


NODES: list[type[io.ComfyNode]] = [InverseCrafterCameraPath]
