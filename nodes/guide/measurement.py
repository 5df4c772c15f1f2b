"""The node that encodes a measurement: the known part of the new clip in latent space, and its latent mask."""

from __future__ import annotations

from enum import StrEnum

import torch
from comfy.sd import VAE
from comfy_api.latest import io

from ...inversecrafter_core.camera import CameraPath
from ...inversecrafter_core.errors import require_choice, require_video
from ...inversecrafter_core.inverse import encode_measurement
from ...inversecrafter_core.masks import MaskMethod, MaskSettings
from ...inversecrafter_core.preview.latent_mask import PREVIEWS
from ..host.checks import choose, require_like, visible_from_holes
from ..host.reports import report_ui
from ..host.sockets import GUIDE, HOLES_TOOLTIP, MaskEncoderSocket, MeasurementSocket
from ..host.vae import TILE, VideoVae
from .first_frame import EDITED, TURNED_OFF, first_frame, first_frame_inputs
from .mask_encoder import MaskEncoder


class Encoding(StrEnum):
    """Size of the pieces in which the VAE encodes a clip's frames."""

    WHOLE = "whole"
    TILED = "tiled"


def _mask_inputs() -> list[io.Input]:
    """Return the widgets of the latent mask."""
    return [
        io.Combo.Input(
            "mask",
            options=[*MaskMethod],
            default=MaskMethod.AREA,
            tooltip="The latent mask; this node's page has a table. area for most clips; known_source for editing, where the "
            "source is the clip itself.",
        ),
        io.Float.Input(
            "mask_strength",
            default=1.0,
            min=0.1,
            max=10.0,
            step=0.05,
            tooltip="Exponent of the mask: above 1 trusts cells beside holes less, below 1 more; 1 leaves the mask as it is.",
        ),
    ]


class InverseCrafterEncodeMeasurement(io.ComfyNode):
    """Node from a video ``y`` and its holes to ``w = E(y)`` and ``h``, in VAE space."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterEncodeMeasurement",
            display_name="Encode Measurement (InverseCrafter)",
            category=GUIDE,
            description="Encodes a video with filled holes and makes its latent mask: the measurement that guides the sampler.",
            inputs=[
                io.Vae.Input("vae", tooltip="The video VAE of the model that will sample."),
                io.Image.Input("video", tooltip="The warped video, holes filled, of a length and size that the VAE takes."),
                io.Mask.Input("holes", tooltip=f"Holes of the video. {HOLES_TOOLTIP} One mask a frame, or one for all."),
                *_mask_inputs(),
                io.Boolean.Input(
                    "first_frame_known",
                    default=True,
                    tooltip="Source frame 0 replaces frame 0, wholly known, if camera_path starts at its view. Not with "
                    "known_source.",
                ),
                io.Combo.Input(
                    "preview",
                    options=list(PREVIEWS),
                    default="mean",
                    tooltip="Picture of the latent mask: mean over channels, one a frame; or all channels tiled, one a latent "
                    "frame.",
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
                    tooltip="Latent frames that the model's own node puts before the clip: 1 for VACE with a reference image "
                    "(its trim_latent), 0 otherwise.",
                ),
                io.Int.Input(
                    "guide_frames",
                    optional=True,
                    default=0,
                    min=0,
                    max=64,
                    tooltip="Latent frames that the model's own nodes put behind the clip: 1 for each guide image of LTXV, 0 "
                    "otherwise.",
                ),
                io.Combo.Input(
                    "encoding",
                    optional=True,
                    options=[*Encoding],
                    default=Encoding.WHOLE,
                    tooltip="tiled: in overlapping tiles of 512 pixels, for little memory; nearly the same. whole: exact; "
                    "tiles only when memory runs out.",
                ),
            ],
            outputs=[
                MeasurementSocket.Output(display_name="measurement", tooltip="For the guidance nodes."),
                io.Image.Output(display_name="preview", tooltip="The latent mask as pictures; white = known."),
                io.String.Output(display_name="report", tooltip="Where frame 0 comes from, and why."),
            ],
        )

    @classmethod
    def execute(
        cls,
        vae: VAE,
        video: torch.Tensor,
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
        guide_frames: int = 0,
        encoding: str = Encoding.WHOLE,
    ) -> io.NodeOutput:
        tiled = require_choice("encoding", encoding, Encoding) is Encoding.TILED
        video_vae = VideoVae.of(vae, TILE if tiled else None)
        video = require_video("video", video)
        video_vae.grid.require_clip("video", video)
        settings = MaskSettings(require_choice("mask", mask, MaskMethod), mask_strength)
        uses_encoder = mask_encoder is not None and settings.method is MaskMethod.LEARNED
        learned = mask_encoder.require_fit(video_vae.grid) if mask_encoder is not None and uses_encoder else None
        visible = visible_from_holes(holes, video)
        source = None if source is None else require_like("source", require_video("source", source), "video", video)
        unchanged = EDITED if settings.method is MaskMethod.KNOWN_SOURCE else None if first_frame_known else TURNED_OFF
        start = first_frame(video, source, camera_path, start_image, unchanged)
        measurement = encode_measurement(
            video_vae,
            start.replace_in(video),
            start.known(visible),
            settings,
            first_frame_known=start.image is not None,
            source=start.replace_in(source),
            predict=None if learned is None else learned.predict,
        )
        return io.NodeOutput(
            measurement.with_frames_around(reference_frames, guide_frames),
            choose("preview", preview, PREVIEWS)(measurement.h, video_vae.grid),
            start.report,
            ui=report_ui(start.report),
        )


NODES: list[type[io.ComfyNode]] = [InverseCrafterEncodeMeasurement]
