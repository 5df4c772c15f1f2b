"""Conditioning of Fun-InP and I2V checkpoints (36 or 100 input channels) on a first frame or a masked video.

``concat_latent_image`` is the clip with grey holes, encoded, in VAE space; the host normalises it. ``concat_mask`` is
``[1, S, T', H', W']``, 1 = generate, with one of ``S`` channels for every frame of a latent frame; frame 0 fills all channels
of latent frame 0. The host inverts it and concatenates it before the latent. ``clip_vision_output`` becomes the image tokens of
checkpoints that attend to them. A model without those input channels ignores the rest: for it nothing is encoded.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import node_helpers
import torch
import torch.nn.functional as F
from comfy.clip_vision import Output as ClipVisionOutput
from comfy.model_patcher import ModelPatcher
from comfy.sd import VAE
from comfy_api.latest import io

from ...inversecrafter_core.camera import CameraPath
from ...inversecrafter_core.errors import InputError, require_choice, require_video
from ...inversecrafter_core.latent_grid import LatentGrid
from ...inversecrafter_core.masks import hide
from ..host.checks import visible_from_holes
from ..host.compat import takes_video
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import GUIDE, HOLES_TOOLTIP
from ..host.vae import VideoVae
from .first_frame import first_frame, first_frame_inputs

MASKED_VIDEO = ("Wan21", "Wan22")
"""Latent formats of the families with checkpoints that take a masked video."""
NOT_TAKEN = "The model has no input for a video: nothing was encoded for it."


class ConditionOn(StrEnum):
    """Part of the video that the model is conditioned on."""

    FIRST_FRAME = "first_frame"
    WHOLE_VIDEO = "whole_video"


class InverseCrafterInpaintConditioning(io.ComfyNode):
    """Node from a masked video to conditioning and an empty latent."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["fun inp", "inpaint video", "image to video", "masked video"],
            node_id="InverseCrafterInpaintConditioning",
            display_name="Add Inpaint Conditioning (InverseCrafter)",
            category=GUIDE,
            description="Feeds the first frame, or the whole masked video, to Fun-InP and image-to-video checkpoints. A "
            "text-to-video model ignores it.",
            inputs=[
                io.Conditioning.Input("positive", tooltip="The positive prompt."),
                io.Conditioning.Input("negative", tooltip="The negative prompt; the same video is attached to it."),
                io.Vae.Input("vae", tooltip="The Wan VAE of the model."),
                io.Image.Input("video", tooltip="The warped video with its holes filled in."),
                io.Mask.Input("holes", tooltip=f"Holes of the video. {HOLES_TOOLTIP}"),
                io.Combo.Input(
                    "condition_on",
                    options=[*ConditionOn],
                    default=ConditionOn.FIRST_FRAME,
                    tooltip="first_frame: only frame 0, as in the paper. whole_video: everything that is known.",
                ),
                io.Image.Input(
                    "source",
                    optional=True,
                    tooltip="The source clip. With camera_path, its frame 0 becomes frame 0 where the path starts at its view.",
                ),
                *first_frame_inputs(),
                io.ClipVisionOutput.Input(
                    "clip_vision_output",
                    optional=True,
                    tooltip="The first frame through CLIP Vision Encode. Wan 2.1 I2V and Fun-InP checkpoints need it.",
                ),
                io.Model.Input(
                    "model",
                    optional=True,
                    tooltip="The model that will sample. For one that takes no video, as text-to-video, nothing is encoded.",
                ),
            ],
            outputs=[
                io.Conditioning.Output(display_name="positive", tooltip="The prompt with the video attached."),
                io.Conditioning.Output(display_name="negative", tooltip="The prompt with the video attached."),
                io.Latent.Output(display_name="latent", tooltip="An empty latent of the video's size."),
                io.String.Output(display_name="report", tooltip="Where frame 0 comes from, and why."),
            ],
        )

    @classmethod
    def execute(
        cls,
        positive: io.Conditioning.CondList,
        negative: io.Conditioning.CondList,
        vae: VAE,
        video: torch.Tensor,
        holes: torch.Tensor,
        condition_on: str,
        source: torch.Tensor | None = None,
        camera_path: CameraPath | None = None,
        start_image: torch.Tensor | None = None,
        clip_vision_output: ClipVisionOutput | None = None,
        model: ModelPatcher | None = None,
    ) -> io.NodeOutput:
        part, video_vae = require_choice("condition_on", condition_on, ConditionOn), VideoVae.of(vae)
        video = require_video("video", video)
        if video_vae.grid.latent_format not in MASKED_VIDEO:
            raise InputError(
                "vae",
                f"the VAE of {video_vae.grid.family}, whose models take no masked video",
                "Leave this node out: connect the prompts to the sampler.",
            )
        video_vae.grid.require_clip("video", video)
        start = first_frame(video, source, camera_path, start_image)
        video, visible = start.replace_in(video), start.known(visible_from_holes(holes, video))
        if part == ConditionOn.FIRST_FRAME:
            visible = torch.cat([visible[:1], torch.zeros_like(visible[1:])])
        taken = model is None or takes_video(model)
        values = encoded(video_vae, video, visible) if taken else {}
        if clip_vision_output is not None:
            values["clip_vision_output"] = clip_vision_output
        report = start.report if taken else NOT_TAKEN
        return io.NodeOutput(
            node_helpers.conditioning_set_values(positive, values),
            node_helpers.conditioning_set_values(negative, values),
            {"samples": video_vae.empty(video)},
            report,
            ui=report_ui(report),
        )


def encoded(vae: VideoVae, video: torch.Tensor, visible: torch.Tensor) -> dict[str, Any]:
    """Return the conditioning of ``video [F, H, W, 3]`` where it is ``visible [F, H, W]``, by the host's names."""
    latent = vae.encode(hide(video, visible))
    return {"concat_latent_image": latent, "concat_mask": concat_mask(visible, vae.grid).to(latent.device)}


def concat_mask(visible: torch.Tensor, grid: LatentGrid) -> torch.Tensor:
    """Return the host's ``concat_mask [1, S, T', H', W']`` of ``visible [F, H, W]``: the share of holes in each square.

    ``S`` is the size of the largest group; a smaller group fills its channels evenly.
    """
    holes, most = 1 - F.avg_pool2d(visible[:, None], grid.cell)[:, 0], max(grid.cycle)
    groups = [holes[group.start : group.stop] for group in grid.groups(len(visible))]
    return torch.stack([group.repeat_interleave(most // len(group), 0) for group in groups], 1)[None]


NODES: list[type[io.ComfyNode]] = [InverseCrafterInpaintConditioning]
