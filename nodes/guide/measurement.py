"""Warp and holes to MEASUREMENT: what is known of the new clip, in latent space, and how far to trust it."""

from __future__ import annotations

from typing import Any

import torch
from comfy_api.latest import io, ui

from ...inversecrafter_core.camera import CameraPath
from ...inversecrafter_core.errors import require_choice, require_video
from ...inversecrafter_core.inverse import encode_measurement
from ...inversecrafter_core.masks import MaskMethod, MaskSettings
from ...inversecrafter_core.preview.latent_mask import PREVIEWS
from ..host.checks import same_size, visible_from_holes
from ..host.compat import VideoVae
from ..host.sockets import CATEGORY, HOLES_TOOLTIP, MaskEncoderSocket, MeasurementSocket
from .first_frame import EDITED, TURNED_OFF, first_frame, first_frame_inputs
from .mask_encoder import MaskEncoder


def _mask_inputs() -> list[Any]:
    """How the latent mask is made."""
    return [
        io.Combo.Input(
            "mask",
            options=[*MaskMethod],
            default=MaskMethod.AREA,
            tooltip="Which latent mask; the page of this node has a table. For editing, where the clip itself is the source: "
            "known_source or area.",
        ),
        io.Float.Input(
            "mask_strength",
            default=1.0,
            min=0.1,
            max=10.0,
            step=0.05,
            tooltip="Exponent of the mask: 1 = as measured for it, 2 doubts what the holes touch more, 0.5 trusts it more.",
        ),
    ]


class InverseCrafterEncodeMeasurement(io.ComfyNode):
    """IMAGE y and MASK holes to ``w = E(y)`` and ``h``."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterEncodeMeasurement",
            display_name="InverseCrafter Encode Measurement",
            category=CATEGORY,
            description="Encodes the infilled warp and makes the latent mask: what is known of the new clip, right in time.",
            inputs=[
                io.Vae.Input("vae", tooltip="The Wan VAE of the model that will sample (16 or 48 channels)."),
                io.Image.Input(
                    "warp", tooltip="The warped video with its holes filled in; 4k+1 frames, sides multiples of 16."
                ),
                io.Mask.Input("holes", tooltip=f"Holes of the warp. {HOLES_TOOLTIP} One mask for every frame, or one for all."),
                *_mask_inputs(),
                io.Boolean.Input(
                    "first_frame_known",
                    default=True,
                    tooltip="With source and camera_path: source frame 0 replaces the warp's and is fully known, if the path "
                    "starts at its view. Not in known_source.",
                ),
                io.Combo.Input(
                    "preview",
                    options=list(PREVIEWS),
                    default="mean",
                    tooltip="Picture of the latent mask: mean over channels as a clip, or all channels tiled, one "
                    "picture a latent frame.",
                ),
                io.Image.Input("source", optional=True, tooltip="The clean source clip; known_source needs it."),
                MaskEncoderSocket.Input("mask_encoder", optional=True, tooltip="For the mask 'learned'."),
                *first_frame_inputs(),
                io.Int.Input(
                    "reference_frames",
                    optional=True,
                    default=0,
                    min=0,
                    max=64,
                    tooltip="Latent frames that the model's own node puts in front of the clip: 1 for VACE with a reference "
                    "image (its trim_latent), else 0.",
                ),
            ],
            outputs=[
                MeasurementSocket.Output(display_name="measurement", tooltip="For the guidance nodes."),
                io.Image.Output(display_name="latent_mask", tooltip="The latent mask as pictures; white = known."),
                io.String.Output(display_name="report", tooltip="What the first frame is, and why."),
            ],
        )

    @classmethod
    def execute(
        cls,
        vae: Any,
        warp: torch.Tensor,
        holes: torch.Tensor,
        mask: str,
        mask_strength: float,
        first_frame_known: bool,
        preview: str,
        source: torch.Tensor | None = None,
        mask_encoder: MaskEncoder | None = None,
        camera_path: CameraPath | None = None,
        start_image: torch.Tensor | None = None,
        reference_frames: int = 0,
    ) -> io.NodeOutput:
        video_vae = VideoVae.of(vae)
        warp = require_video("warp", warp)
        video_vae.require_size("warp", warp)
        settings = MaskSettings(require_choice("mask", mask, MaskMethod), mask_strength)
        uses_encoder = mask_encoder is not None and settings.method is MaskMethod.LEARNED
        learned = mask_encoder.require_fit(video_vae) if mask_encoder is not None and uses_encoder else None
        visible = visible_from_holes(holes, warp, "warp")
        source = None if source is None else same_size("source", require_video("source", source), "warp", warp)
        kept = EDITED if settings.method is MaskMethod.KNOWN_SOURCE else None if first_frame_known else TURNED_OFF
        start = first_frame(warp, source, camera_path, start_image, kept)
        measurement = encode_measurement(
            video_vae,
            start.put_into(warp),
            start.known(visible),
            settings,
            first_frame_known=start.image is not None,
            source=start.put_into(source),
            predict=None if learned is None else learned.predict,
        )
        return io.NodeOutput(
            measurement.behind(reference_frames),
            PREVIEWS[preview](measurement.h, video_vae.spatial),
            start.report,
            ui=ui.PreviewText(start.report),
        )


NODES: list[type[io.ComfyNode]] = [InverseCrafterEncodeMeasurement]
