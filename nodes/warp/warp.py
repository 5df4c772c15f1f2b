"""The nodes that warp a clip along a camera path and fill its holes. MASK: 1 = hole."""

from __future__ import annotations

from enum import StrEnum

import comfy.model_management
import torch
from comfy_api.latest import io

from ...inversecrafter_core.camera import CameraPath, Geometry
from ...inversecrafter_core.errors import InputError, require_choice, require_video
from ...inversecrafter_core.warp import Cleanup, Sampling, fill_from_clip_then_telea, fill_holes, warp_video
from ..host.checks import require_clip, visible_from_holes
from ..host.progress import host_progress
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import HOLES_TOOLTIP, WARP, CameraPathSocket, GeometrySocket


class FillMethod(StrEnum):
    """Method of filling holes: from their surroundings, or first from other frames of the clip."""

    TELEA = "telea"
    OTHER_FRAMES = "other_frames"


def _cleanup_inputs() -> list[io.Input]:
    """Return the widgets of :class:`Cleanup` and of the dilation of holes."""
    return [
        io.Float.Input(
            "edge_cleanup",
            default=0.08,
            min=0.0,
            max=1.0,
            step=0.01,
            tooltip="Relative change of depth that counts as an edge, whose stretched pixels become holes. Lower removes "
            "more; 0 is off.",
        ),
        io.Int.Input(
            "edge_radius",
            default=2,
            min=1,
            max=32,
            tooltip="Pixels over which edge_cleanup measures: about half the width of the depth map's blurred outlines.",
        ),
        io.Int.Input(
            "dilation", default=0, min=0, max=64, tooltip="Pixels by which every hole grows, to hide frayed outlines."
        ),
    ]


def _holes(visible: torch.Tensor) -> torch.Tensor:
    return (~visible).float().to(comfy.model_management.intermediate_device())


def _image(video: torch.Tensor) -> torch.Tensor:
    return video.to(comfy.model_management.intermediate_device())


class InverseCrafterWarpVideo(io.ComfyNode):
    """Node from a clip, its geometry and a camera path to the warped clip and its holes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["recapture", "novel view", "reproject", "point cloud", "camera control"],
            node_id="InverseCrafterWarpVideo",
            display_name="Warp Video (InverseCrafter)",
            category=WARP,
            description="Shows the clip as the new camera would see it, with holes where the source camera never looked.",
            inputs=[
                io.Image.Input("video", tooltip="The source clip: the images that the geometry was made from."),
                GeometrySocket.Input("geometry", tooltip="Depth and source cameras of the clip, from Estimate Depth."),
                CameraPathSocket.Input("camera_path", tooltip="Target cameras, as many as the clip has frames."),
                *_cleanup_inputs(),
                io.Combo.Input(
                    "sampling",
                    options=[*Sampling],
                    default=Sampling.BILINEAR,
                    tooltip="Interpolation of colours between source pixels; bicubic is sharper and takes longer.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="video", tooltip="The warped clip, black in holes. Fill Holes comes next."),
                io.Mask.Output(display_name="holes", tooltip=HOLES_TOOLTIP),
                io.String.Output(display_name="report", tooltip="Frames, size, and the share of holes."),
            ],
        )

    @classmethod
    def execute(
        cls,
        video: torch.Tensor,
        geometry: Geometry,
        camera_path: CameraPath,
        edge_cleanup: float,
        edge_radius: int,
        dilation: int,
        sampling: str,
    ) -> io.NodeOutput:
        warp = warp_video(
            require_clip("video", video),
            geometry,
            camera_path,
            cleanup=Cleanup(edge_cleanup, edge_radius),
            dilation=dilation,
            sampling=require_choice("sampling", sampling, Sampling),
            device=comfy.model_management.get_torch_device(),
            progress=host_progress(),
        )
        return io.NodeOutput(_image(warp.video), _holes(warp.visible), warp.report, ui=report_ui(warp.report))


class InverseCrafterFillHoles(io.ComfyNode):
    """Node from a clip with holes to a clip without."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["inpaint video", "infill", "outpaint"],
            node_id="InverseCrafterFillHoles",
            display_name="Fill Holes (InverseCrafter)",
            category=WARP,
            description="Fills holes smoothly for the VAE to encode, or with pixels of other frames that saw the place.",
            inputs=[
                io.Image.Input("video", tooltip="The clip with holes, from Warp Video."),
                io.Mask.Input("holes", tooltip=HOLES_TOOLTIP),
                io.Combo.Input(
                    "method",
                    options=[*FillMethod],
                    default=FillMethod.TELEA,
                    tooltip="telea: from the hole's surroundings. other_frames: first from other source frames; needs source, "
                    "geometry and camera_path.",
                ),
                io.Int.Input("radius", default=3, min=1, max=16, tooltip="Pixels around a hole that its filling depends on."),
                io.Image.Input("source", optional=True, tooltip="The clip that was warped. Only for other_frames."),
                GeometrySocket.Input("geometry", optional=True, tooltip="That of Warp Video. Only for other_frames."),
                CameraPathSocket.Input("camera_path", optional=True, tooltip="That of Warp Video. Only for other_frames."),
            ],
            outputs=[io.Image.Output(display_name="video", tooltip="The clip without holes; known pixels are unchanged.")],
        )

    @classmethod
    def execute(
        cls,
        video: torch.Tensor,
        holes: torch.Tensor,
        method: str,
        radius: int,
        source: torch.Tensor | None = None,
        geometry: Geometry | None = None,
        camera_path: CameraPath | None = None,
    ) -> io.NodeOutput:
        video = require_video("video", video)
        visible = visible_from_holes(holes, video) > 0.5
        if require_choice("method", method, FillMethod) == FillMethod.TELEA:
            return io.NodeOutput(_image(fill_holes(video, visible, radius, host_progress())))
        if source is None or geometry is None or camera_path is None:
            inputs = {"source": source, "geometry": geometry, "camera_path": camera_path}
            missing = " and ".join(name for name, value in inputs.items() if value is None)
            advice = f"The method '{FillMethod.OTHER_FRAMES}' needs it; connect it or choose '{FillMethod.TELEA}'."
            raise InputError(missing, "not connected", advice)
        filled = fill_from_clip_then_telea(
            video,
            visible,
            source,
            geometry,
            camera_path,
            radius=radius,
            device=comfy.model_management.get_torch_device(),
            progress=host_progress(),
        )
        return io.NodeOutput(_image(filled))


NODES: list[type[io.ComfyNode]] = [InverseCrafterWarpVideo, InverseCrafterFillHoles]
