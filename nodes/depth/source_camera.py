"""The node that finds how the camera of a clip moved."""

from __future__ import annotations

import torch
from comfy_api.latest import io

from ...inversecrafter_core.camera import Geometry
from ...inversecrafter_core.clips import find_source_cameras
from ...inversecrafter_core.errors import require_video
from ...inversecrafter_core.preview.camera_path import path_picture
from ..host.progress import host_progress
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import DEPTH, CameraPathSocket, GeometrySocket


class InverseCrafterFindCamera(io.ComfyNode):
    """Node from a clip and its depth to its own camera's motion."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["camera tracking", "match move", "structure from motion", "stabilize", "camera pose"],
            node_id="InverseCrafterFindCamera",
            display_name="Find Camera (InverseCrafter)",
            category=DEPTH,
            description="Finds how the camera of a hand-held clip moved, so that a new path stays where it is in the scene.",
            inputs=[
                io.Image.Input("video", tooltip="The clip, at the size that the geometry was made from."),
                GeometrySocket.Input("geometry", tooltip="Its depth, from Estimate Depth or of another pack."),
                io.Image.Input(
                    "replay_on",
                    optional=True,
                    tooltip="Another clip, to be moved like this one: camera_path gets as many frames as it has.",
                ),
            ],
            outputs=[
                GeometrySocket.Output(display_name="geometry", tooltip="The same with the camera's motion, for Warp Video."),
                CameraPathSocket.Output(
                    display_name="camera_path", tooltip="The motion itself, to replay it on another clip; not for this one."
                ),
                io.Image.Output(display_name="preview", tooltip="The motion from above and from the side."),
                io.String.Output(display_name="report", tooltip="How far the camera moved, and how many matches agree."),
            ],
        )

    @classmethod
    def execute(cls, video: torch.Tensor, geometry: Geometry, replay_on: torch.Tensor | None = None) -> io.NodeOutput:
        found = find_source_cameras(require_video("video", video).cpu(), geometry, host_progress())
        path = found.path(None if replay_on is None else len(replay_on))
        figures = {"agreeing": found.shares, "lost": found.lost, "rivals": found.rivals, "key_frames": found.key_frames}
        report = found.report()
        return io.NodeOutput(found.geometry, path, path_picture(path)[None], report, ui=report_ui(report, figures))


NODES: list[type[io.ComfyNode]] = [InverseCrafterFindCamera]
