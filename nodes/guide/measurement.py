"""Nodes of measurements: encoding what is known of a clip, and long clips in passes that are chained in latent space."""

from __future__ import annotations

from enum import StrEnum

import comfy.model_management
import torch
from comfy.sd import VAE
from comfy_api.latest import io

from ...inversecrafter_core.camera import CameraPath
from ...inversecrafter_core.errors import InputError, require_choice, require_video
from ...inversecrafter_core.inverse import OVERLAP, Measurement, encode_measurement, join_pass, join_sound, next_pass
from ...inversecrafter_core.masks import MaskMethod, MaskSettings
from ...inversecrafter_core.preview.latent_mask import PREVIEWS
from ..host.checks import choose, require_like, visible_from_holes
from ..host.compat import packed, sound_axis, unpacked, video_latent
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import GUIDE, HOLES_TOOLTIP, MaskEncoderSocket, MeasurementSocket
from ..host.vae import TILE, VideoVae
from .first_frame import EDITED, TURNED_OFF, first_frame, first_frame_inputs
from .mask_encoder import MaskEncoder
from .settings import measurement_input


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
        return node_schema(
            aliases=["inpaint video", "latent mask", "vae encode", "recapture"],
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


def _previous_input() -> io.Input:
    """Return the socket of the passes so far."""
    return io.Latent.Input(
        "previous", optional=True, tooltip="The passes so far, from Join Passes. Leave it open for the first pass."
    )


class InverseCrafterNextPass(io.ComfyNode):
    """Node from the measurement of a long clip to that of the next pass over it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["long video", "extend video", "chain clips"],
            node_id="InverseCrafterNextPass",
            display_name="Measure Next Pass (InverseCrafter)",
            category=GUIDE,
            description="One pass of a clip that is longer than the model's: it knows the end of the pass before, in latent "
            "space, and of the rest what the long measurement knows.",
            inputs=[
                measurement_input(),
                io.Int.Input(
                    "frames",
                    default=81,
                    min=1,
                    max=1025,
                    tooltip="Frames of every pass, a length that the model was trained with: 81 for Wan.",
                ),
                io.Int.Input(
                    "overlap",
                    default=OVERLAP,
                    min=1,
                    max=64,
                    tooltip="Latent frames of the pass before that this one knows, 4 frames each for Wan. More keep motion "
                    "steadier.",
                ),
                _previous_input(),
            ],
            outputs=[
                MeasurementSocket.Output(display_name="measurement", tooltip="Of this pass, for the guidance nodes."),
                io.Latent.Output(display_name="latent", tooltip="An empty latent of this pass, for stock samplers."),
                io.String.Output(display_name="report", tooltip="Frames of this pass in the long clip, and how many are left."),
            ],
        )

    @classmethod
    def execute(
        cls, measurement: Measurement, frames: int, overlap: int, previous: io.Latent.LatentDict | None = None
    ) -> io.NodeOutput:
        done = None if previous is None else video_latent(previous["samples"])
        part = next_pass(measurement, frames, overlap, done)
        empty = torch.zeros_like(part.w, device=comfy.model_management.intermediate_device())
        report = _placed(part, measurement, 0 if done is None else done.shape[2])
        return io.NodeOutput(part, {"samples": empty}, report, ui=report_ui(report))


def _placed(part: Measurement, whole: Measurement, made: int) -> str:
    """Return the place of a pass in the long clip, in words."""
    grid, stop = part.grid, part.start + part.w[:, :, part.clip].shape[2]
    total = whole.video_size[0]
    known = f", of which {grid.frames(made) - grid.frames(part.start)} are known" if made else ""
    left = total - grid.frames(stop)
    after = f"{left} are left for further passes." if left else "It is the last pass."
    return f"Frames {grid.frames(part.start)} to {grid.frames(stop) - 1} of {total}{known}. {after}"


class InverseCrafterJoinPasses(io.ComfyNode):
    """Node that puts the latents of a pass behind those of the passes before."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["long video", "extend video", "concatenate latents"],
            node_id="InverseCrafterJoinPasses",
            display_name="Join Passes (InverseCrafter)",
            category=GUIDE,
            description="Joins the passes of a long clip in latent space, to be decoded as one clip.",
            inputs=[
                measurement_input("Of this pass, from Measure Next Pass."),
                io.Latent.Input("latent", tooltip="This pass, sampled."),
                _previous_input(),
            ],
            outputs=[io.Latent.Output(display_name="latent", tooltip="All passes so far: decode it, or continue with it.")],
        )

    @classmethod
    def execute(
        cls, measurement: Measurement, latent: io.Latent.LatentDict, previous: io.Latent.LatentDict | None = None
    ) -> io.NodeOutput:
        video, sound = unpacked(latent["samples"])
        before, heard = (None, None) if previous is None else unpacked(previous["samples"])
        if previous is not None and (sound is None) != (heard is None):
            with_sound, without = ("latent", "previous") if heard is None else ("previous", "latent")
            advice = f"Give it its sound, or take that of {with_sound} off with 'LTXVSeparateAVLatent'."
            raise InputError(without, f"no sound beside its video, and {with_sound} has one", advice)
        joined = join_pass(measurement, video, before)
        together = None if sound is None else join_sound(measurement, sound, heard, sound_axis(sound))
        return io.NodeOutput({"samples": packed(joined, together)})


NODES: list[type[io.ComfyNode]] = [InverseCrafterEncodeMeasurement, InverseCrafterNextPass, InverseCrafterJoinPasses]
