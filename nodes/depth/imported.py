"""Depth made by other nodes in, GEOMETRY out: images of any pack, and the geometry of newer hosts."""

from __future__ import annotations

import math
from typing import Any

import torch
from comfy_api.latest import io

from ...inversecrafter_core.depth import (
    ENCODINGS,
    ImportedGeometry,
    build_geometry,
    depth_from_images,
    from_da3,
    from_moge,
    match_size,
)
from ...inversecrafter_core.depth.convert import FAR_RATIO
from ...inversecrafter_core.depth.pipeline import Stabilisation
from ...inversecrafter_core.errors import require_same_frames, require_video
from ..host.progress import host_progress
from ..host.sockets import CATEGORY
from .inputs import far_input, fov_input, geometry_answer, geometry_outputs, preview_input, stabilise_input

MoGeSocket = io.Custom("MOGE_GEOMETRY")
DA3Socket = io.Custom("DA3_GEOMETRY")


class InverseCrafterGeometryFromDepth(io.ComfyNode):
    """A depth video of any other pack becomes a geometry."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterGeometryFromDepth",
            display_name="InverseCrafter Geometry From Depth",
            category=CATEGORY,
            description="Makes a geometry from the depth or disparity images of any other node.",
            inputs=[
                io.Image.Input("depth_images", tooltip="Grey depth images, one a frame. Coloured maps cannot be read."),
                io.Combo.Input(
                    "encoding",
                    options=list(ENCODINGS),
                    default="disparity",
                    tooltip="disparity: white is near, the usual output of depth nodes. depth: 0...1 is near...far, linearly. "
                    "x scale: raw values times scale (or scale over value), 0 = no depth.",
                ),
                io.Float.Input(
                    "near", default=1.0, min=0.001, max=1e5, step=0.01, tooltip="Depth at the near end (linear encodings)."
                ),
                io.Float.Input(
                    "far", default=20.0, min=0.002, max=1e6, step=0.1, tooltip="Depth at the far end (linear encodings)."
                ),
                io.Float.Input("scale", default=1.0, min=1e-6, max=1e6, step=0.001, tooltip="For the two 'x scale' encodings."),
                far_input(),
                io.Boolean.Input("metric", default=False, tooltip="near, far and scale are in metres."),
                fov_input(),
                io.Float.Input(
                    "focal_length",
                    default=0.0,
                    min=0.0,
                    max=1e5,
                    step=0.1,
                    tooltip="Focal length in pixels of the video. Above 0 it wins over fov.",
                ),
                stabilise_input("frames"),
                preview_input(),
                io.Image.Input(
                    "video",
                    optional=True,
                    tooltip="The source clip. Depth is brought to its size, and flicker is measured and "
                    "removed along its motion.",
                ),
            ],
            outputs=geometry_outputs(),
        )

    @classmethod
    def execute(
        cls,
        depth_images: torch.Tensor,
        encoding: Any = "disparity",
        near: float = 1.0,
        far: float = 20.0,
        scale: float = 1.0,
        far_ratio: float = FAR_RATIO,
        metric: bool = False,
        fov: float = 0.0,
        focal_length: float = 0.0,
        stabilise: Stabilisation = "frames",
        preview: str = "colour",
        video: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        raw = depth_from_images(depth_images.cpu(), encoding, near, far, scale, metric)
        if video is not None:
            video = require_video("video", video).cpu()
            require_same_frames(depth_images=len(raw.values), video=len(video))
            raw = match_size(raw, video)
        angle = math.radians(fov) if fov > 0 else None
        focal = focal_length if focal_length > 0 else None
        made = build_geometry(raw, video, stabilise, far_ratio, focal, angle, progress=host_progress())
        return geometry_answer(made, preview)


def _imported_schema(node_id: str, title: str, description: str, socket: io.Input) -> io.Schema:
    video = io.Image.Input(
        "video", optional=True, tooltip="The clip to warp, where it is of another size than the one the geometry was made from."
    )
    return io.Schema(
        node_id=node_id,
        display_name=f"InverseCrafter {title}",
        category=CATEGORY,
        description=description,
        inputs=[socket, fov_input(), stabilise_input("frames and pixels"), preview_input(), video],
        outputs=geometry_outputs(),
    )


def _from_imported(
    imported: ImportedGeometry, fov: float, stabilise: Stabilisation, preview: str, video: torch.Tensor | None
) -> io.NodeOutput:
    raw, focal = imported.raw, imported.focal
    images = imported.images if video is None else require_video("video", video).cpu()
    if images is not None:
        require_same_frames(geometry=len(raw.values), video=len(images))
        own_width = raw.values.shape[2]
        raw = match_size(raw, images)
        focal = None if focal is None else focal * raw.values.shape[2] / own_width
    angle = math.radians(fov) if fov > 0 else None
    made = build_geometry(
        raw,
        images,
        stabilise,
        focal=focal if angle is None else None,
        fov=angle,
        camera_to_world=imported.camera_to_world,
        progress=host_progress(),
    )
    made.lines.extend(imported.notes)
    return geometry_answer(made, preview)


class InverseCrafterGeometryFromMoGe(io.ComfyNode):
    """The host's MoGe output becomes a geometry."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _imported_schema(
            "InverseCrafterGeometryFromMoGe",
            "Geometry From MoGe",
            "Takes over the MoGe geometry of newer hosts: one lens and one scale for the clip, sky marked as unknown.",
            MoGeSocket.Input("moge_geometry", tooltip="From the host's MoGe node (perspective, not panorama)."),
        )

    @classmethod
    def execute(
        cls,
        moge_geometry: dict[str, Any],
        fov: float = 0.0,
        stabilise: Stabilisation = "frames and pixels",
        preview: str = "colour",
        video: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        return _from_imported(from_moge(moge_geometry), fov, stabilise, preview, video)


class InverseCrafterGeometryFromDA3(io.ComfyNode):
    """The host's Depth Anything 3 output becomes a geometry."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _imported_schema(
            "InverseCrafterGeometryFromDA3",
            "Geometry From Depth Anything 3",
            "Takes over the Depth Anything 3 geometry of newer hosts; multi-view keeps the motion of the source camera.",
            DA3Socket.Input("da3_geometry", tooltip="From the host's Depth Anything 3 node, mono or multi-view."),
        )

    @classmethod
    def execute(
        cls,
        da3_geometry: dict[str, Any],
        fov: float = 0.0,
        stabilise: Stabilisation = "frames and pixels",
        preview: str = "colour",
        video: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        return _from_imported(from_da3(da3_geometry), fov, stabilise, preview, video)


NODES: list[type[io.ComfyNode]] = [
    InverseCrafterGeometryFromDepth,
    InverseCrafterGeometryFromMoGe,
    InverseCrafterGeometryFromDA3,
]
