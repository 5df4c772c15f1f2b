"""The nodes that make a clip of one photo, or of its two ends with holes between them."""

from __future__ import annotations

import torch
from comfy.sd import VAE
from comfy_api.latest import io

from ...inversecrafter_core.camera import Geometry
from ...inversecrafter_core.clips import Between, EndCamera, warp_from_ends
from ...inversecrafter_core.clips.ends import between_ends
from ...inversecrafter_core.clips.still import still_clip
from ...inversecrafter_core.errors import require_choice
from ...inversecrafter_core.latent_grid import WAN
from ..host.checks import valid_length
from ..host.progress import host_progress
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import HOLES_TOOLTIP, WARP, GeometrySocket, vae_input
from ..host.vae import grid_of


class InverseCrafterPhotoClip(io.ComfyNode):
    """Node from a photo and its geometry to a still clip and its geometry."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["still to video", "photo to video", "static clip"],
            node_id="InverseCrafterPhotoClip",
            display_name="Repeat Photo (InverseCrafter)",
            category=WARP,
            description="Makes a still clip of one photo and its depth, for Warp Video to move through.",
            inputs=[
                io.Image.Input("photo", tooltip="One RGB image; sides multiples of the VAE's."),
                GeometrySocket.Input("geometry", tooltip="Depth of the photo alone, from Estimate Depth."),
                _frames_input(1, "Number of frames of the clip, e.g. 17 to 81: the nearest length that the VAE takes."),
                _vae_input(),
            ],
            outputs=[
                io.Image.Output(display_name="video", tooltip="The photo in every frame."),
                GeometrySocket.Output(display_name="geometry", tooltip="The photo's geometry in every frame."),
                io.String.Output(display_name="report", tooltip="The number of frames, and the reason for it."),
            ],
        )

    @classmethod
    def execute(cls, photo: torch.Tensor, geometry: Geometry, frames: int, vae: VAE | None = None) -> io.NodeOutput:
        grid = grid_of(vae) or WAN
        length, report = valid_length(frames, grid)
        return io.NodeOutput(*still_clip(photo, geometry, length, grid), report, ui=report_ui(report))


def _start_input() -> io.Image.Input:
    return io.Image.Input("start", tooltip="A picture, or a clip whose last frame is the new clip's first.")


BOTH_ENDS = "Frames of the new clip, both ends included: the nearest length that the VAE takes."


def _frames_input(least: int, tooltip: str) -> io.Int.Input:
    return io.Int.Input("frames", default=17, min=least, max=4001, tooltip=tooltip)


def _vae_input() -> io.Vae.Input:
    return vae_input("The model's VAE, whose lengths count; without it Wan's, 4k+1 frames.")


class InverseCrafterBetweenEnds(io.ComfyNode):
    """Node from two ends to a clip with holes between them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["interpolate", "first last frame", "keyframe interpolation"],
            node_id="InverseCrafterBetweenEnds",
            display_name="Join Ends (InverseCrafter)",
            category=WARP,
            description="Makes a clip of two pictures, or of the ends of two clips, with everything between to be generated.",
            inputs=[
                _start_input(),
                io.Image.Input(
                    "end",
                    tooltip="A picture, repeated for the last latent frame's frames (Wan: 4), or a clip that begins with them.",
                ),
                _frames_input(3, BOTH_ENDS),
                _vae_input(),
            ],
            outputs=[
                io.Image.Output(
                    display_name="video", tooltip="Both ends and, between them, a cross-fade that fills the holes."
                ),
                io.Mask.Output(display_name="holes", tooltip=f"Every pixel between the ends. {HOLES_TOOLTIP}"),
                io.String.Output(display_name="report", tooltip="The number of frames, and the reason for it."),
            ],
        )

    @classmethod
    def execute(cls, start: torch.Tensor, end: torch.Tensor, frames: int, vae: VAE | None = None) -> io.NodeOutput:
        grid = grid_of(vae) or WAN
        length, report = valid_length(frames, grid, least=3)
        video, visible = between_ends(start, end, length, grid)
        return io.NodeOutput(video, 1 - visible, report, ui=report_ui(report))


class InverseCrafterWarpFromEnds(io.ComfyNode):
    """Node from two ends and their geometry to a clip warped from both, with holes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        default = Between()
        return node_schema(
            aliases=["interpolate", "first last frame", "keyframe interpolation"],
            node_id="InverseCrafterWarpFromEnds",
            display_name="Warp Ends (InverseCrafter)",
            category=WARP,
            description="Warps two pictures with depth, or the ends of two clips, to every camera between them and blends "
            "them. Places that neither end shows become holes.",
            inputs=[
                _start_input(),
                io.Image.Input(
                    "end",
                    tooltip="A picture, which becomes the last frame, or a clip that begins with the last latent frame's.",
                ),
                _frames_input(3, BOTH_ENDS),
                io.Combo.Input(
                    "camera",
                    options=[*EndCamera],
                    default=EndCamera.AUTO,
                    tooltip="Camera of the end. auto: from multi-view depth, else matches, else none. matches: stop if none is "
                    "found. none: optical flow alone.",
                ),
                io.Boolean.Input(
                    "follow",
                    default=default.follow,
                    tooltip="Move things along optical flow where the ends contradict the cameras. Off: the scene counts as "
                    "static.",
                ),
                io.Float.Input(
                    "sharpness",
                    default=default.sharpness,
                    min=1.0,
                    max=16.0,
                    step=0.5,
                    tooltip="1 fades evenly from end to end; higher takes each place from the end that shows it better.",
                ),
                io.Boolean.Input(
                    "regenerate",
                    default=default.regenerate,
                    tooltip="Make holes where optical flow cannot follow a moving thing, for a strong video model. Off: flow's "
                    "guess counts as known.",
                ),
                GeometrySocket.Input(
                    "geometry",
                    optional=True,
                    tooltip="Depth of both pictures: Batch Images, start first, then Estimate Depth. Of clips: of the last and "
                    "the first frame.",
                ),
                _vae_input(),
            ],
            outputs=[
                io.Image.Output(display_name="video", tooltip="The ends and the warps between; holes are filled by flow."),
                io.Mask.Output(display_name="holes", tooltip=HOLES_TOOLTIP),
                io.String.Output(display_name="report", tooltip="Origin of the camera, and the share of holes."),
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
        vae: VAE | None = None,
    ) -> io.NodeOutput:
        settings, grid = Between(sharpness, follow, regenerate), grid_of(vae) or WAN
        length, note = valid_length(frames, grid, least=3)
        found = warp_from_ends(
            start,
            end,
            geometry,
            length,
            camera=require_choice("camera", camera, EndCamera),
            settings=settings,
            grid=grid,
            progress=host_progress(),
        )
        report = found.report if length == frames else f"{note} {found.report}"
        return io.NodeOutput(found.video, 1 - found.visible, report, ui=report_ui(report))


NODES: list[type[io.ComfyNode]] = [InverseCrafterPhotoClip, InverseCrafterBetweenEnds, InverseCrafterWarpFromEnds]
