"""The nodes that convert depth images of any pack, and the geometry of newer hosts, to a geometry."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from comfy_api.latest import io

from ...inversecrafter_core.depth import (
    ImportedGeometry,
    build_geometry,
    depth_from_images,
    from_da3,
    from_moge,
    match_size,
)
from ...inversecrafter_core.depth.convert import FAR_RATIO
from ...inversecrafter_core.depth.image_depth import Encoding
from ...inversecrafter_core.errors import require_same_frames
from ...inversecrafter_core.preview.depth import DepthStyle
from ..host.checks import choose, require_clip
from ..host.progress import host_progress
from ..host.schema import node_schema
from ..host.sockets import DEPTH
from .inputs import (
    STABILISE,
    Lens,
    LensUnit,
    far_input,
    geometry_outputs,
    geometry_result,
    lens_from,
    lens_inputs,
    preview_input,
    stabilise_input,
)

ENCODING: dict[str, Encoding] = {
    "disparity": Encoding.DISPARITY,
    "depth_white_far": Encoding.WHITE_FAR,
    "depth_white_near": Encoding.WHITE_NEAR,
    "depth_x_scale": Encoding.SCALED,
    "scale_over_value": Encoding.INVERSE_SCALED,
}
MoGeSocket = io.Custom("MOGE_GEOMETRY")
DA3Socket = io.Custom("DA3_GEOMETRY")


class InverseCrafterGeometryFromDepth(io.ComfyNode):
    """Node from the depth images of any pack to a geometry."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["depth map", "depth of other packs", "import depth", "point cloud"],
            node_id="InverseCrafterGeometryFromDepth",
            display_name="Convert Depth to Geometry (InverseCrafter)",
            category=DEPTH,
            description="Makes a geometry from the depth or disparity images of any other node.",
            inputs=[
                io.Image.Input("depth_images", tooltip="Grey depth images, one a frame. Coloured maps cannot be read."),
                io.Combo.Input(
                    "encoding",
                    options=list(ENCODING),
                    default="disparity",
                    tooltip="Meaning of the grey values. disparity: white is near, as from most depth nodes. The last two are "
                    "raw values, 0 = no depth.",
                ),
                io.Float.Input(
                    "near", default=1.0, min=0.001, max=1e5, step=0.01, tooltip="Depth at the near end (linear encodings)."
                ),
                io.Float.Input(
                    "far", default=20.0, min=0.002, max=1e6, step=0.1, tooltip="Depth at the far end (linear encodings)."
                ),
                io.Float.Input(
                    "scale",
                    default=1.0,
                    min=1e-6,
                    max=1e6,
                    step=0.001,
                    tooltip="Depth is value x scale, or scale / value, in the last two encodings.",
                ),
                far_input(),
                io.Boolean.Input("metric", default=False, tooltip="near, far and scale are in metres."),
                *lens_inputs(),
                stabilise_input("frames"),
                preview_input(),
                io.Image.Input(
                    "video",
                    optional=True,
                    tooltip="The source clip. Depth takes its size; flicker is measured and removed along its motion.",
                ),
            ],
            outputs=geometry_outputs(),
        )

    @classmethod
    def execute(
        cls,
        depth_images: torch.Tensor,
        encoding: str = "disparity",
        near: float = 1.0,
        far: float = 20.0,
        scale: float = 1.0,
        far_ratio: float = FAR_RATIO,
        metric: bool = False,
        lens: str = LensUnit.AUTO,
        lens_value: float = 55.0,
        stabilise: str = "frames",
        preview: str = DepthStyle.COLOUR,
        video: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        raw = depth_from_images(depth_images.cpu(), choose("encoding", encoding, ENCODING), near, far, scale, metric)
        if video is not None:
            video = require_clip("video", video, pair=True).cpu()
            require_same_frames(depth_images=len(raw.values), video=len(video))
            raw = match_size(raw, video)
        source = lens_from(lens, lens_value)
        built = build_geometry(
            raw, video, choose("stabilise", stabilise, STABILISE), far_ratio, source.focal, source.fov, progress=host_progress()
        )
        return geometry_result(built, preview)


def _imported_schema(node_id: str, title: str, description: str, socket: io.Input) -> io.Schema:
    video = io.Image.Input(
        "video", optional=True, tooltip="The clip to warp, if its size differs from the one that the geometry was made from."
    )
    return node_schema(
        aliases=["depth of other packs", "import depth", "point cloud"],
        node_id=node_id,
        display_name=f"{title} (InverseCrafter)",
        category=DEPTH,
        description=description,
        inputs=[socket, *lens_inputs(), stabilise_input("frames_pixels"), preview_input(), video],
        outputs=geometry_outputs(),
    )


def _from_imported(
    imported: ImportedGeometry, lens: Lens, stabilise: str, preview: str, video: torch.Tensor | None
) -> io.NodeOutput:
    raw, own = imported.raw, imported.focal
    images = imported.images if video is None else require_clip("video", video, pair=True).cpu()
    if images is not None:
        require_same_frames(geometry=len(raw.values), video=len(images))
        own_width = raw.values.shape[2]
        raw = match_size(raw, images)
        own = None if own is None else own * raw.values.shape[2] / own_width
    built = build_geometry(
        raw,
        images,
        choose("stabilise", stabilise, STABILISE),
        focal=own if lens == Lens() else lens.focal,
        fov=lens.fov,
        camera_to_world=imported.camera_to_world,
        progress=host_progress(),
    )
    built.lines.extend(imported.notes)
    return geometry_result(built, preview)


class InverseCrafterGeometryFromMoGe(io.ComfyNode):
    """Node from the host's MoGe output to a geometry."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _imported_schema(
            "InverseCrafterGeometryFromMoGe",
            "Convert MoGe to Geometry",
            "Converts the MoGe geometry of newer hosts: one lens and one scale for the clip, sky marked as unknown.",
            MoGeSocket.Input("moge_geometry", tooltip="From the host's MoGe node (perspective, not panorama)."),
        )

    @classmethod
    def execute(
        cls,
        moge_geometry: Mapping[str, object],
        lens: str = LensUnit.AUTO,
        lens_value: float = 55.0,
        stabilise: str = "frames_pixels",
        preview: str = DepthStyle.COLOUR,
        video: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        return _from_imported(from_moge(moge_geometry), lens_from(lens, lens_value), stabilise, preview, video)


class InverseCrafterGeometryFromDA3(io.ComfyNode):
    """Node from the host's Depth Anything 3 output to a geometry."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return _imported_schema(
            "InverseCrafterGeometryFromDA3",
            "Convert Depth Anything 3 to Geometry",
            "Converts the Depth Anything 3 geometry of newer hosts; multi-view keeps the motion of the source camera.",
            DA3Socket.Input("da3_geometry", tooltip="From the host's Depth Anything 3 node, mono or multi-view."),
        )

    @classmethod
    def execute(
        cls,
        da3_geometry: Mapping[str, object],
        lens: str = LensUnit.AUTO,
        lens_value: float = 55.0,
        stabilise: str = "frames_pixels",
        preview: str = DepthStyle.COLOUR,
        video: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        return _from_imported(from_da3(da3_geometry), lens_from(lens, lens_value), stabilise, preview, video)


NODES: list[type[io.ComfyNode]] = [
    InverseCrafterGeometryFromDepth,
    InverseCrafterGeometryFromMoGe,
    InverseCrafterGeometryFromDA3,
]
