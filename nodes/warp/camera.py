"""The camera path node: presets or keyframes in, CAMERA_PATH and a picture of it out."""

from __future__ import annotations

import math
from typing import Literal

import torch
from comfy.sd import VAE
from comfy_api.latest import io

from ...inversecrafter_core.camera import PRESETS, keyframe_path, preset_path
from ...inversecrafter_core.camera.presets import require_preset
from ...inversecrafter_core.preview.camera_path import path_picture
from ..host.checks import valid_length
from ..host.reports import report_ui
from ..host.sockets import WARP, CameraPathSocket, vae_input
from ..host.vae import grid_of

TIMES_PRESET, DEGREES_OR_RHO = "times_preset", "degrees_or_rho"


def _inputs() -> list[io.Input]:
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
            tooltip="How far the path goes, in the unit below. 1 is the preset's own motion; negative goes the other way.",
        ),
        io.Combo.Input(
            "unit",
            options=[TIMES_PRESET, DEGREES_OR_RHO],
            default=TIMES_PRESET,
            tooltip="Unit of amount. degrees_or_rho: degrees for arcs, orbit, pan and tilt; multiples of the subject's depth "
            "for the rest.",
        ),
        io.Combo.Input(
            "start",
            options=["source", "full"],
            default="source",
            tooltip="source: begin at the source camera, arrive at the last frame. full: stay at the full amount throughout.",
        ),
        io.Combo.Input(
            "ease",
            options=["linear", "smooth"],
            default="linear",
            tooltip="linear: steady, as in the paper. smooth: soft start and stop; monotone curves between keyframes.",
        ),
        io.Combo.Input(
            "relative_to",
            options=["source", "world"],
            default="source",
            tooltip="source: move with the source camera. world: fixed in the view of the first frame, so static stabilises "
            "the clip.",
        ),
        io.String.Input(
            "keyframes",
            default="",
            multiline=True,
            optional=True,
            tooltip="Keyframes as JSON, in place of preset, amount and start: "
            '[{"frame": 16, "position": [-0.1, 0, 0], "look_at": [0, 0, 1]}]',
        ),
        io.Image.Input(
            "video", optional=True, tooltip="Its number of frames becomes the length of the path; nothing else is used."
        ),
        vae_input("The model's VAE: without video, frames becomes the next length that it takes."),
    ]


def _length(frames: int, video: torch.Tensor | None, vae: VAE | None) -> tuple[int, str]:
    """Return the frames of the path and a sentence about them: the video's, else those the VAE takes, else ``frames``."""
    if video is not None:
        return len(video), f"{len(video)} frames, as many as video has."
    return (frames, f"{frames} frames.") if vae is None else valid_length(frames, grid_of(vae))


class InverseCrafterCameraPath(io.ComfyNode):
    """Preset or keyframes to CAMERA_PATH."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterCameraPath",
            display_name="Plan Camera Path (InverseCrafter)",
            category=WARP,
            description="Plans where the new camera goes: one of fourteen trajectories, or keyframes.",
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

    @classmethod
    def validate_inputs(cls, preset: str | None = None) -> bool | str:
        """Refuse an unknown preset before anything runs: the host does not check the choices of newer nodes."""
        return preset is None or preset in PRESETS or f"'{preset}'. Choose one of {', '.join(PRESETS)}."

    @classmethod
    def execute(
        cls,
        preset: str,
        frames: int,
        amount: float,
        unit: str,
        start: Literal["source", "full"],
        ease: Literal["linear", "smooth"],
        relative_to: Literal["source", "world"],
        keyframes: str = "",
        video: torch.Tensor | None = None,
        vae: VAE | None = None,
    ) -> io.NodeOutput:
        count, report = _length(frames, video, vae)
        if keyframes.strip():
            path = keyframe_path(keyframes, count, ease=ease, relative_to=relative_to)
        else:
            known = require_preset(preset)
            full = amount * known.amount if unit == TIMES_PRESET else amount
            full = math.radians(full) if known.unit == "degrees" else full
            path = preset_path(preset, count, full, start=start, ease=ease, relative_to=relative_to)
        return io.NodeOutput(path, path_picture(path)[None], report, ui=report_ui(report))


NODES: list[type[io.ComfyNode]] = [InverseCrafterCameraPath]
