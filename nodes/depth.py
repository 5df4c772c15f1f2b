"""Depth nodes: a model or somebody else's depth in, GEOMETRY, a picture of it and a report out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, get_args

import comfy.model_management
import comfy.utils
import torch
from comfy_api.latest import io

from ..inversecrafter_core.depth import (
    ENCODINGS,
    KINDS,
    PRIOR_NAME,
    GeometryReport,
    ImportedGeometry,
    RawDepth,
    build_geometry,
    depth_from_images,
    depth_preview,
    from_da3,
    from_moge,
    match_size,
)
from ..inversecrafter_core.depth.convert import FAR_RATIO
from ..inversecrafter_core.depth.pipeline import Stabilisation
from ..inversecrafter_core.errors import require_same_frames, require_video
from .depth_models import AUTOMATIC, PRECISIONS, LoadedDepthModel, found_models, load_model
from .sockets import CATEGORY, DepthModelSocket, GeometrySocket

MoGeSocket = io.Custom("MOGE_GEOMETRY")
DA3Socket = io.Custom("DA3_GEOMETRY")
AUTOMATIC_KIND = "automatic"


def _fov_input() -> io.Float.Input:
    return io.Float.Input(
        "fov",
        default=0.0,
        min=0.0,
        max=170.0,
        step=0.1,
        tooltip="Horizontal field of view of the source camera, in degrees. 0: what the model says, else 55.",
    )


def _stabilise_input(default: Stabilisation) -> io.Combo.Input:
    return io.Combo.Input(
        "stabilise",
        options=list(get_args(Stabilisation)),
        default=default,
        tooltip="Take the flicker out. 'frames': one scale (and shift) for each frame. 'frames and "
        "pixels': also a filter along the "
        "optical flow. The report gives the flicker before and after.",
    )


def _far_input() -> io.Float.Input:
    return io.Float.Input(
        "far_ratio",
        default=FAR_RATIO,
        min=1.1,
        max=10000.0,
        step=0.5,
        tooltip="Disparity only: depth of the farthest over the nearest pixel. A relative model cannot "
        "know it; more = stronger parallax.",
    )


def _preview_input() -> io.Combo.Input:
    return io.Combo.Input(
        "preview", options=["colour", "grey"], default="colour", tooltip="Look of the preview: near is bright."
    )


def _outputs() -> list[Any]:
    return [
        GeometrySocket.Output(display_name="geometry", tooltip="Depth, lens and source cameras of the clip, for Warp Video."),
        io.Image.Output(
            display_name="preview", tooltip="Inverse depth, one scale for the clip, near is bright, black where unknown."
        ),
        io.String.Output(display_name="report", tooltip="What was done: kind, flicker before and after, lens, range."),
    ]


def _progress() -> Callable[[int, int], None]:
    """A callback for the core that moves the host's bar and stops when the user cancels."""
    bar = comfy.utils.ProgressBar(1)

    def advance(done: int, total: int) -> None:
        comfy.model_management.throw_exception_if_processing_interrupted()
        bar.update_absolute(done, total)

    return advance


def _answer(made: GeometryReport, preview: str) -> io.NodeOutput:
    picture = depth_preview(made.geometry.depth, made.geometry.valid, "grey" if preview == "grey" else "colour")
    device = comfy.model_management.intermediate_device()
    return io.NodeOutput(made.geometry, picture.to(device), "\n".join(made.lines))


class InverseCrafterLoadDepthModel(io.ComfyNode):
    """Choose and load a depth estimator."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterLoadDepthModel",
            display_name="InverseCrafter Load Depth Model",
            category=CATEGORY,
            description="Loads a monocular depth model: a transformers folder or hub id, or an ONNX file "
            "from models/geometry_estimation.",
            inputs=[
                io.Combo.Input(
                    "model",
                    options=[AUTOMATIC, *found_models(), PRIOR_NAME],
                    default=AUTOMATIC,
                    tooltip="Models found in models/geometry_estimation and models/depth_estimation "
                    "(.onnx files, transformers folders). "
                    "Automatic takes the first that can run, and the prior when there is none. The prior looks at no pixel.",
                ),
                io.String.Input(
                    "hub_id",
                    default="",
                    optional=True,
                    tooltip="Overrides the list: a hub id such as "
                    "depth-anything/Depth-Anything-V2-Small-hf (downloaded on first use), "
                    "or a path to a folder or .onnx file.",
                ),
                io.Combo.Input(
                    "kind",
                    options=[AUTOMATIC_KIND, *KINDS],
                    default=AUTOMATIC_KIND,
                    optional=True,
                    tooltip="What the model's values are. Automatic reads it from the configuration; an "
                    "ONNX file counts as metric depth.",
                ),
                io.Boolean.Input(
                    "edge_aware",
                    default=True,
                    optional=True,
                    tooltip="Bring small depth maps to the video's size so that depth edges follow image edges.",
                ),
                io.Combo.Input(
                    "precision",
                    options=["automatic", *PRECISIONS],
                    default="automatic",
                    optional=True,
                    tooltip="Of the weights of transformers models. Automatic: float16 where the device is fast at it.",
                ),
            ],
            outputs=[DepthModelSocket.Output(display_name="depth_model", tooltip="A depth estimator, for Estimate Depth.")],
        )

    @classmethod
    def execute(
        cls,
        model: str,
        hub_id: str = "",
        kind: str = AUTOMATIC_KIND,
        edge_aware: bool = True,
        precision: str = "automatic",
    ) -> io.NodeOutput:
        chosen = next((known for known in KINDS if known == kind), None)
        return io.NodeOutput(load_model(model, hub_id, chosen, precision, edge_aware))


class InverseCrafterEstimateDepth(io.ComfyNode):
    """Estimate a clip's depth and make a geometry of it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterEstimateDepth",
            display_name="InverseCrafter Estimate Depth",
            category=CATEGORY,
            description="Estimates the depth of every frame, takes the flicker out, and makes the geometry "
            "that Warp Video needs.",
            inputs=[
                DepthModelSocket.Input("depth_model", tooltip="From Load Depth Model."),
                io.Image.Input("images", tooltip="The source clip, RGB without alpha; one frame is enough."),
                _fov_input(),
                _stabilise_input("frames and pixels"),
                _far_input(),
                io.Int.Input("batch_size", default=4, min=1, max=64, tooltip="Frames at once. Lower it when memory runs out."),
                _preview_input(),
            ],
            outputs=_outputs(),
        )

    @classmethod
    def execute(
        cls,
        depth_model: LoadedDepthModel,
        images: torch.Tensor,
        fov: float = 0.0,
        stabilise: Stabilisation = "frames and pixels",
        far_ratio: float = FAR_RATIO,
        batch_size: int = 4,
        preview: str = "colour",
    ) -> io.NodeOutput:
        video = require_video("images", images).cpu()
        depth_model.prepare(batch_size)
        raw = depth_model.estimator.estimate(video, batch_size, _progress())
        angle = math.radians(fov) if fov > 0 else None
        return _answer(build_geometry(raw, video, stabilise, far_ratio, fov=angle, progress=_progress()), preview)


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
                _far_input(),
                io.Boolean.Input("metric", default=False, tooltip="near, far and scale are in metres."),
                _fov_input(),
                io.Float.Input(
                    "focal_length",
                    default=0.0,
                    min=0.0,
                    max=1e5,
                    step=0.1,
                    tooltip="Focal length in pixels of the video. Above 0 it wins over fov.",
                ),
                _stabilise_input("frames"),
                _preview_input(),
                io.Image.Input(
                    "video",
                    optional=True,
                    tooltip="The source clip. Depth is brought to its size, and flicker is measured and "
                    "removed along its motion.",
                ),
            ],
            outputs=_outputs(),
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
        made = build_geometry(raw, video, stabilise, far_ratio, focal, angle, progress=_progress())
        return _answer(made, preview)


def _imported_schema(node_id: str, title: str, description: str, socket: io.Input) -> io.Schema:
    video = io.Image.Input(
        "video", optional=True, tooltip="The clip to warp, where it is of another size than the one the geometry was made from."
    )
    return io.Schema(
        node_id=node_id,
        display_name=f"InverseCrafter {title}",
        category=CATEGORY,
        description=description,
        inputs=[socket, _fov_input(), _stabilise_input("frames and pixels"), _preview_input(), video],
        outputs=_outputs(),
    )


def _from_imported(
    imported: ImportedGeometry, fov: float, stabilise: Stabilisation, preview: str, video: torch.Tensor | None
) -> io.NodeOutput:
    raw, focal = imported.raw, imported.focal
    images = imported.images if video is None else require_video("video", video).cpu()
    if images is not None:
        require_same_frames(geometry=len(raw.values), video=len(images))
        own_width = raw.values.shape[2]
        raw = match_size(RawDepth(raw.values, raw.kind, raw.fov, raw.source), images)
        focal = None if focal is None else focal * raw.values.shape[2] / own_width
    angle = math.radians(fov) if fov > 0 else None
    made = build_geometry(
        raw,
        images,
        stabilise,
        focal=focal if angle is None else None,
        fov=angle,
        camera_to_world=imported.camera_to_world,
        progress=_progress(),
    )
    made.lines.extend(imported.notes)
    return _answer(made, preview)


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
    InverseCrafterLoadDepthModel,
    InverseCrafterEstimateDepth,
    InverseCrafterGeometryFromDepth,
    InverseCrafterGeometryFromMoGe,
    InverseCrafterGeometryFromDA3,
]
