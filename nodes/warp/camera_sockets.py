"""The nodes between camera paths and the host's own sockets: cameras of its 3D viewer, and embeddings for Wan checkpoints."""

from __future__ import annotations

from typing import TypeAlias

import comfy.model_management
import torch
from comfy_api.latest import io

from ...inversecrafter_core.camera import CameraPath, Geometry
from ...inversecrafter_core.camera.interchange import (
    CameraInfo,
    default_optics,
    optics_of,
    path_from_views,
    view_from_path,
    wan_embedding,
)
from ...inversecrafter_core.preview.camera_path import path_picture
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import WARP, CameraPathSocket, GeometrySocket

Camera: TypeAlias = CameraInfo | None


def _scale_input(tooltip: str, default: float = 1.0) -> io.Float.Input:
    return io.Float.Input("scale", default=default, min=0.0001, max=1000000.0, step=0.01, tooltip=tooltip)


class InverseCrafterCameraFrom3D(io.ComfyNode):
    """Node from one or two cameras of the host's 3D viewer to a camera path."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["load 3d", "preview 3d", "camera_info", "orbit controls"],
            node_id="InverseCrafterCameraFrom3D",
            display_name="Take Path from 3D View (InverseCrafter)",
            category=WARP,
            description="Makes a camera path of a view that you set in ComfyUI's own 3D viewer, or between two of them.",
            inputs=[
                io.Load3DCamera.Input("camera_info", tooltip="The last frame's view, from Load 3D or Preview 3D."),
                io.Int.Input(
                    "frames",
                    default=81,
                    min=1,
                    max=10000,
                    tooltip="Length of the path, as many frames as the video; unused when video is connected.",
                ),
                io.Load3DCamera.Input(
                    "start_camera_info",
                    optional=True,
                    tooltip="The view that stands for the source camera. Without it: from the front, at the same distance.",
                ),
                io.Image.Input("video", optional=True, tooltip="Its number of frames sets the length; nothing else is used."),
            ],
            outputs=[
                CameraPathSocket.Output(display_name="camera_path", tooltip="Target cameras, one a frame, for Warp Video."),
                io.Image.Output(display_name="preview", tooltip="The path from above and from the side."),
                io.String.Output(display_name="report", tooltip="How far the last camera is turned and moved."),
            ],
        )

    @classmethod
    def execute(
        cls, camera_info: Camera, frames: int, start_camera_info: Camera = None, video: torch.Tensor | None = None
    ) -> io.NodeOutput:
        count = frames if video is None else len(video)
        path, report = path_from_views(camera_info, start_camera_info, count)
        return io.NodeOutput(path, path_picture(path)[None], report, ui=report_ui(report))


class InverseCrafterCameraTo3D(io.ComfyNode):
    """Node from one frame of a camera path to a camera of the host's 3D viewer."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["load 3d", "preview 3d", "camera_info"],
            node_id="InverseCrafterCameraTo3D",
            display_name="Show Path in 3D View (InverseCrafter)",
            category=WARP,
            description="Gives one camera of a path to ComfyUI's own 3D nodes, in their axes.",
            inputs=[
                CameraPathSocket.Input("camera_path", tooltip="Any camera path, as from Plan Camera Path."),
                io.Int.Input("frame", default=-1, min=-10000, max=10000, tooltip="Frame of the path; -1 is the last."),
                _scale_input("Units of one rho in the 3D scene; unused when geometry is connected."),
                GeometrySocket.Input(
                    "geometry", optional=True, tooltip="The scene: its unit, its lens, and the motion of its own camera."
                ),
            ],
            outputs=[io.Load3DCamera.Output(display_name="camera_info", tooltip="Y up, looking along -Z, for 3D nodes.")],
        )

    @classmethod
    def execute(cls, camera_path: CameraPath, frame: int, scale: float, geometry: Geometry | None = None) -> io.NodeOutput:
        optics = default_optics() if geometry is None else optics_of(geometry)
        return io.NodeOutput(view_from_path(camera_path, frame, optics, geometry, scale))


class InverseCrafterCameraEmbedding(io.ComfyNode):
    """Node from a camera path to the conditioning of camera-controlled Wan checkpoints."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["wan camera", "fun camera", "camera control", "plucker"],
            node_id="InverseCrafterCameraEmbedding",
            display_name="Embed Path for Wan Camera (InverseCrafter)",
            category=WARP,
            description="Gives a camera path to Wan Fun Camera checkpoints, in place of the host's nine motions.",
            inputs=[
                CameraPathSocket.Input("camera_path", tooltip="The path, of 4k+1 frames."),
                io.Int.Input("width", default=832, min=16, max=16384, step=16, tooltip="Width of the clip to make."),
                io.Int.Input("height", default=480, min=16, max=16384, step=16, tooltip="Height of the clip to make."),
                _scale_input("Strength: units of one rho. The host's own motions go 1.5 units sideways or 3 forward.", 3.0),
                GeometrySocket.Input(
                    "geometry", optional=True, tooltip="The scene: its lens, and the motion of its own camera."
                ),
            ],
            outputs=[
                io.WanCameraEmbedding.Output(display_name="camera_embedding", tooltip="For Wan Camera Image to Video."),
                io.Int.Output(display_name="width", tooltip="For Wan Camera Image to Video."),
                io.Int.Output(display_name="height", tooltip="For Wan Camera Image to Video."),
                io.Int.Output(display_name="length", tooltip="For Wan Camera Image to Video."),
            ],
        )

    @classmethod
    def execute(
        cls, camera_path: CameraPath, width: int, height: int, scale: float, geometry: Geometry | None = None
    ) -> io.NodeOutput:
        embedding = wan_embedding(camera_path, height, width, geometry, scale)
        device = comfy.model_management.intermediate_device()
        return io.NodeOutput(embedding.to(device), width, height, camera_path.frames)


NODES: list[type[io.ComfyNode]] = [InverseCrafterCameraFrom3D, InverseCrafterCameraTo3D, InverseCrafterCameraEmbedding]
