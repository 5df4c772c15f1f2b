"""The camera path node: presets or keyframes in, CAMERA_PATH and a picture of it out."""

from __future__ import annotations

import math
from typing import Literal

import torch
from comfy_api.latest import io

from ...inversecrafter_core.camera import PRESETS, keyframe_path, preset_path
from ...inversecrafter_core.preview.camera_path import path_picture
from ..host.sockets import CATEGORY, CameraPathSocket

KEYFRAMES_EXAMPLE = '[{"frame": 16, "position": [-0.1, 0, 0], "look_at": [0, 0, 1]}]'


def _amounts() -> str:
    units = {"degrees": "°", "rho": " ρ"}
    return ", ".join(f"{name} {preset.amount:g}{units[preset.unit]}" for name, preset in PRESETS.items() if preset.amount)


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
            tooltip="Length of the path: as many frames as the video. Ignored when 'video' is connected.",
        ),
        io.Float.Input(
            "amount",
            default=0.0,
            min=-360.0,
            max=360.0,
            step=0.01,
            tooltip="The full amount, degrees for arcs, orbit, pan and tilt, multiples of ρ "
            "(depth of the subject) for the "
            f"rest; negative goes the other way. 0 takes the preset's own: {_amounts()}.",
        ),
        io.Float.Input(
            "strength",
            default=1.0,
            min=-20.0,
            max=20.0,
            step=0.05,
            tooltip="Multiplies the amount: 0.5 goes half as far.",
        ),
        io.Combo.Input(
            "start",
            options=["source", "full"],
            default="source",
            tooltip="'source': begin at the source camera and arrive at the last frame. "
            "'full': stay at the full amount throughout.",
        ),
        io.Combo.Input(
            "ease",
            options=["linear", "smooth"],
            default="linear",
            tooltip="'linear': steady, as in the paper. 'smooth': soft start and stop; monotone curves between keyframes.",
        ),
        io.Combo.Input(
            "relative_to",
            options=["source", "world"],
            default="source",
            tooltip="'source': offsets from the source camera of each frame. 'world': fixed "
            "in space (in the view of the first "
            "frame) however the source camera moves; static then stabilises the clip.",
        ),
        io.String.Input(
            "keyframes",
            default="",
            multiline=True,
            optional=True,
            tooltip="Keyframes as JSON; not empty, they replace preset, amount, strength and start. Example: "
            + KEYFRAMES_EXAMPLE,
        ),
        io.Image.Input(
            "video", optional=True, tooltip="If connected, only its number of frames is used, in place of 'frames'."
        ),
    ]


class InverseCrafterCameraPath(io.ComfyNode):
    """Preset or keyframes to CAMERA_PATH."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterCameraPath",
            display_name="InverseCrafter Camera Path",
            category=CATEGORY,
            description="Where the new camera goes: one of the paper's six trajectories and eight more, or keyframes.",
            inputs=_inputs(),
            outputs=[
                CameraPathSocket.Output(display_name="camera_path", tooltip="Target cameras, one a frame, for Warp Video."),
                io.Image.Output(
                    display_name="picture",
                    tooltip="The path from above and from the side; blue is the first frame, red the last.",
                ),
            ],
        )

    @classmethod
    def execute(
        cls,
        preset: str,
        frames: int,
        amount: float,
        strength: float,
        start: Literal["source", "full"],
        ease: Literal["linear", "smooth"],
        relative_to: Literal["source", "world"],
        keyframes: str = "",
        video: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        count = frames if video is None else len(video)
        if keyframes.strip():
            path = keyframe_path(keyframes, count, ease=ease, relative_to=relative_to)
        else:
            full = (amount or PRESETS[preset].amount) * strength
            full = math.radians(full) if PRESETS[preset].unit == "degrees" else full
            path = preset_path(preset, count, full, start=start, ease=ease, relative_to=relative_to)
        return io.NodeOutput(path, path_picture(path)[None])


NODES: list[type[io.ComfyNode]] = [InverseCrafterCameraPath]
