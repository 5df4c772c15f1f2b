"""What becomes a clip: one photo that a camera moves through, two ends with everything or little open between."""

from __future__ import annotations

import torch
from comfy_api.latest import io

from ...inversecrafter_core.camera import Geometry
from ...inversecrafter_core.clips import CAMERAS, Between, warp_from_ends
from ...inversecrafter_core.clips.ends import LEAST, between_ends
from ...inversecrafter_core.clips.still import still_clip
from ..host.progress import host_progress
from ..host.sockets import CATEGORY, HOLES_TOOLTIP, GeometrySocket


class InverseCrafterPhotoClip(io.ComfyNode):
    """One IMAGE and its GEOMETRY to a clip and its geometry."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterPhotoClip",
            display_name="InverseCrafter Photo Clip",
            category=CATEGORY,
            description="Makes a still clip of one photo and its depth, which is so estimated once, for Warp Video to move "
            "through.",
            inputs=[
                io.Image.Input("photo", tooltip="One RGB image; sides multiples of 16."),
                GeometrySocket.Input("geometry", tooltip="Of the photo alone, from Estimate Depth."),
                io.Int.Input(
                    "frames", default=17, min=1, max=4001, step=4, tooltip="How many frames the clip gets: 4k+1, e.g. 17 to 81."
                ),
            ],
            outputs=[
                io.Image.Output(display_name="video", tooltip="The photo, once a frame."),
                GeometrySocket.Output(display_name="geometry", tooltip="The photo's geometry, once a frame."),
            ],
        )

    @classmethod
    def execute(cls, photo: torch.Tensor, geometry: Geometry, frames: int) -> io.NodeOutput:
        return io.NodeOutput(*still_clip(photo, geometry, frames))


def _start_input() -> io.Image.Input:
    return io.Image.Input("start", tooltip="A picture, or a clip whose last frame is the new clip's first.")


def _frames_input() -> io.Int.Input:
    return io.Int.Input(
        "frames",
        default=17,
        min=LEAST,
        max=4001,
        step=4,
        tooltip="Frames of the new clip, both ends included: 4k+1, at least 9.",
    )


class InverseCrafterBetweenEnds(io.ComfyNode):
    """Two IMAGEs to a clip with its middle open."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterBetweenEnds",
            display_name="InverseCrafter Between Ends",
            category=CATEGORY,
            description="Two pictures, or the ends of two clips, as the ends of a clip of which everything between is to be "
            "generated.",
            inputs=[
                _start_input(),
                io.Image.Input(
                    "end",
                    tooltip="A picture, or a clip whose first four frames are the new clip's last four; a picture stands "
                    "still for four.",
                ),
                _frames_input(),
            ],
            outputs=[
                io.Image.Output(
                    display_name="video", tooltip="Both ends and, between them, a cross-fade that fills the holes."
                ),
                io.Mask.Output(display_name="holes", tooltip=f"All of every frame between the ends. {HOLES_TOOLTIP}"),
            ],
        )

    @classmethod
    def execute(cls, start: torch.Tensor, end: torch.Tensor, frames: int) -> io.NodeOutput:
        video, visible = between_ends(start, end, frames)
        return io.NodeOutput(video, 1 - visible)


class InverseCrafterWarpFromEnds(io.ComfyNode):
    """Two IMAGEs and their GEOMETRY to a clip of what both saw of the way between."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        default = Between()
        return io.Schema(
            node_id="InverseCrafterWarpFromEnds",
            display_name="InverseCrafter Warp From Ends",
            category=CATEGORY,
            description="Two pictures with depth, or the ends of two clips, seen from every camera between them: both are "
            "warped and blended by which saw a place better. Holes where neither did.",
            inputs=[
                _start_input(),
                io.Image.Input(
                    "end",
                    tooltip="A picture, which is the new clip's last frame, or a clip of four frames and more, whose first "
                    "four are its last four.",
                ),
                _frames_input(),
                io.Combo.Input(
                    "camera",
                    options=list(CAMERAS),
                    default=CAMERAS[0],
                    tooltip="Where the end's camera comes from. automatic: multi-view depth, else matches, else none. "
                    "none: optical flow alone. from matches: stop where none is found.",
                ),
                io.Boolean.Input(
                    "follow",
                    default=default.follow,
                    tooltip="Where the ends contradict the cameras, because something moves by itself, move it along optical "
                    "flow. Off: the scene stands still.",
                ),
                io.Float.Input(
                    "sharpness",
                    default=default.sharpness,
                    min=1.0,
                    max=16.0,
                    step=0.5,
                    tooltip="1 fades evenly from end to end; higher takes each place from the end that saw it better.",
                ),
                io.Boolean.Input(
                    "regenerate",
                    default=default.regenerate,
                    tooltip="Holes also where something moves by itself and optical flow does not find there and back: for a "
                    "strong video model. Off: flow's guess counts as known.",
                ),
                GeometrySocket.Input(
                    "geometry",
                    optional=True,
                    tooltip="Depth of both pictures as a batch of two, start first: Batch Images, then Estimate Depth. Of "
                    "clips: the last frame of the start and the first of the end.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="video", tooltip="The ends and what is known between; holes are filled by flow."),
                io.Mask.Output(display_name="holes", tooltip=HOLES_TOOLTIP),
                io.String.Output(display_name="report", tooltip="Where the camera came from, and how much is holes."),
            ],
        )

    @classmethod
    def execute(
        cls,
        start: torch.Tensor,
        end: torch.Tensor,
        frames: int,
        camera: str,
        follow: bool,
        sharpness: float,
        regenerate: bool,
        geometry: Geometry | None = None,
    ) -> io.NodeOutput:
        settings = Between(sharpness, follow, regenerate)
        found = warp_from_ends(start, end, geometry, frames, camera=camera, settings=settings, progress=host_progress())
        return io.NodeOutput(found.video, 1 - found.visible, found.report)


NODES: list[type[io.ComfyNode]] = [InverseCrafterPhotoClip, InverseCrafterBetweenEnds, InverseCrafterWarpFromEnds]
