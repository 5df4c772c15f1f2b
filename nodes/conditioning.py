"""A masked video into Fun-InP and I2V checkpoints (36 or 100 input channels): the conditioning no stock node makes.

``concat_latent_image`` is the clip with its holes grey, encoded, in VAE space: the host normalises it. ``concat_mask`` is
``[1, 4, T', H', W']``, 1 = generate: sub-channel ``j`` of latent frame ``t`` is frame ``4(t-1) + 1 + j``, and frame 0
fills all four of its own. The host inverts it and puts it ahead of the latent.
"""

from __future__ import annotations

from typing import Any

import comfy.model_management
import node_helpers
import torch
import torch.nn.functional as F
from comfy_api.latest import io

from ..inversecrafter_core.errors import InputError, require_video
from ..inversecrafter_core.masks import by_group, hide
from .checks import begin_with, visible_from_holes
from .compat import VideoVae
from .sockets import CATEGORY, HOLES_TOOLTIP


class InverseCrafterInpaintConditioning(io.ComfyNode):
    """Masked video to conditioning and an empty latent."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterInpaintConditioning",
            display_name="InverseCrafter Inpaint Conditioning",
            category=CATEGORY,
            description="Feeds a masked video to Fun-InP and image-to-video checkpoints. A text-to-video model ignores it.",
            inputs=[
                io.Conditioning.Input("positive", tooltip="The positive prompt."),
                io.Conditioning.Input("negative", tooltip="The negative prompt; it gets the same video."),
                io.Vae.Input("vae", tooltip="The Wan VAE of the model."),
                io.Image.Input(
                    "video", tooltip="The warped video, 4k+1 frames; what lies in its holes is replaced by mid-grey."
                ),
                io.Mask.Input("holes", tooltip=f"Holes of the video. {HOLES_TOOLTIP}"),
                io.Image.Input(
                    "start_image",
                    optional=True,
                    tooltip="Replaces frame 0 and counts as fully known, e.g. the source's first frame.",
                ),
            ],
            outputs=[
                io.Conditioning.Output(display_name="positive", tooltip="With the masked video."),
                io.Conditioning.Output(display_name="negative", tooltip="With the masked video."),
                io.Latent.Output(display_name="latent", tooltip="An empty latent of the video's size."),
            ],
        )

    @classmethod
    def execute(
        cls,
        positive: Any,
        negative: Any,
        vae: Any,
        video: torch.Tensor,
        holes: torch.Tensor,
        start_image: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        video_vae = VideoVae.of(vae)
        video = require_video("video", video)
        video_vae.require_size("video", video)
        visible = visible_from_holes(holes, video)
        if start_image is not None:
            video, visible = with_start(video, visible, start_image)
        latent = video_vae.encode(hide(video, visible))
        values = {"concat_latent_image": latent, "concat_mask": concat_mask(visible, video_vae.spatial).to(latent.device)}
        empty = torch.zeros_like(latent, device=comfy.model_management.intermediate_device())
        return io.NodeOutput(
            node_helpers.conditioning_set_values(positive, values),
            node_helpers.conditioning_set_values(negative, values),
            {"samples": empty},
        )


def concat_mask(visible: torch.Tensor, spatial: int) -> torch.Tensor:
    """``visible [4k+1, H, W]`` to the host's ``concat_mask [1, 4, k+1, H', W']``, 1 = generate; the share of holes in each
    square.
    """
    holes = 1 - F.avg_pool2d(visible[:, None], spatial)[:, 0]
    return by_group(holes).movedim(1, 0).unsqueeze(0).contiguous()


def with_start(video: torch.Tensor, visible: torch.Tensor, start_image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Copies whose first frame is the first of ``start_image``, all known."""
    start = require_video("start_image", start_image)[0]
    if start.shape != video.shape[1:]:
        raise InputError(
            "start_image",
            f"size {start.shape[1]}x{start.shape[0]} beside a video of {video.shape[2]}x{video.shape[1]}",
            "Resize it to the video's size.",
        )
    return begin_with(start, video, visible)


NODES: list[type[io.ComfyNode]] = [InverseCrafterInpaintConditioning]
