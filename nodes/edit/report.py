"""The nodes that measure the drift of kept pixels and put the source's own pixels back."""

from __future__ import annotations

import torch
from comfy.sd import VAE
from comfy_api.latest import io

from ...inversecrafter_core.editing import composite, drift
from ...inversecrafter_core.errors import require_video
from ..host.checks import require_like, visible_from_holes
from ..host.reports import report_outputs, report_result
from ..host.schema import node_schema
from ..host.sockets import EDIT, HOLES_TOOLTIP
from ..host.vae import VideoVae


def _video_input() -> io.Image.Input:
    return io.Image.Input("video", tooltip="The decoded clip.")


def _source_input() -> io.Image.Input:
    return io.Image.Input(
        "source", tooltip="The clip that was to stay: before the edit, or the video of Warp Video or Propagate Edit."
    )


class InverseCrafterDriftReport(io.ComfyNode):
    """Decoded IMAGE, source IMAGE and MASK holes to figures."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["colour shift", "color shift", "psnr", "compare video"],
            node_id="InverseCrafterDriftReport",
            display_name="Report Drift (InverseCrafter)",
            category=EDIT,
            description="Measures how much the decoded clip differs from the source outside the holes, in dB and in colour.",
            is_output_node=True,
            inputs=[
                _video_input(),
                _source_input(),
                io.Mask.Input("holes", tooltip=f"{HOLES_TOOLTIP} Only wholly known pixels are measured."),
                io.Vae.Input("vae", optional=True, tooltip="Connect it to separate the VAE's own error from the edit's."),
            ],
            outputs=report_outputs(),
        )

    @classmethod
    def execute(cls, video: torch.Tensor, source: torch.Tensor, holes: torch.Tensor, vae: VAE | None = None) -> io.NodeOutput:
        video = require_video("video", video)
        source = require_like("source", require_video("source", source), "video", video)
        reconstruction = None if vae is None else VideoVae.of(vae).round_trip("source", source)
        found = drift(video, source, visible_from_holes(holes, video), reconstruction)
        return report_result(found.report(), found.as_dict())


class InverseCrafterKeepKnownPixels(io.ComfyNode):
    """Node from a decoded clip and its source to their composite: the source where known, the decoded clip in the holes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["composite", "paste back", "blend mask"],
            node_id="InverseCrafterKeepKnownPixels",
            display_name="Keep Known Pixels (InverseCrafter)",
            category=EDIT,
            description="Puts the known pixels back after decoding, so that the VAE does not blur them. Bypass it to see "
            "the decoded clip as it is.",
            inputs=[
                _video_input(),
                _source_input(),
                io.Mask.Input("holes", tooltip=f"{HOLES_TOOLTIP} Holes keep the decoded clip."),
                io.Int.Input(
                    "seam",
                    default=8,
                    min=0,
                    max=256,
                    tooltip="Pixels on the known side over which the two are blended; 0 is a hard edge.",
                ),
            ],
            outputs=[io.Image.Output(display_name="video", tooltip="The clip with its known pixels as they were.")],
        )

    @classmethod
    def execute(cls, video: torch.Tensor, source: torch.Tensor, holes: torch.Tensor, seam: int) -> io.NodeOutput:
        video = require_video("video", video)
        source = require_like("source", require_video("source", source), "video", video)
        return io.NodeOutput(composite(video, source, visible_from_holes(holes, video), seam))


NODES: list[type[io.ComfyNode]] = [InverseCrafterDriftReport, InverseCrafterKeepKnownPixels]
