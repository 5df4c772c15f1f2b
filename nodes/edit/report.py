"""What editing did to what was to stay, in numbers; on request the source's own pixels are put back there."""

from __future__ import annotations

import json
from typing import Any

import torch
from comfy_api.latest import io, ui

from ...inversecrafter_core.editing import composite as composited
from ...inversecrafter_core.editing import drift
from ...inversecrafter_core.errors import require_video
from ..host.checks import same_size, visible_from_holes
from ..host.compat import VideoVae
from ..host.sockets import CATEGORY, HOLES_TOOLTIP


class InverseCrafterDriftReport(io.ComfyNode):
    """Decoded IMAGE, source IMAGE and MASK holes to figures, and to the clip with or without a composite."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterDriftReport",
            display_name="InverseCrafter Drift Report",
            category=CATEGORY,
            description="How far the decoded clip has moved from the source where nothing was to change, in dB and in colour; "
            "optionally puts the source's own pixels back there.",
            is_output_node=True,
            inputs=[
                io.Image.Input("result", tooltip="The decoded clip."),
                io.Image.Input(
                    "source",
                    tooltip="What was to stay: the clip before the edit or, for edit propagation, the video of Propagate Edit.",
                ),
                io.Mask.Input("holes", tooltip=f"Of the edit. {HOLES_TOOLTIP} Only pixels that are wholly known are measured."),
                io.Boolean.Input(
                    "composite",
                    default=False,
                    tooltip="On: outside the holes the clip gets the source's own pixels. It hides the VAE's colour "
                    "shift and any other error there; the report says so.",
                ),
                io.Int.Input(
                    "seam",
                    default=8,
                    min=0,
                    max=256,
                    tooltip="For the composite: pixels on the known side over which the two are blended; 0 = a hard edge.",
                ),
                io.Vae.Input(
                    "vae",
                    optional=True,
                    tooltip="With it, the source is encoded and decoded too, so that the VAE's own part can be told apart.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="video", tooltip="The result as it came or, on request, the composite."),
                io.String.Output(display_name="text", tooltip="The figures in words, and which of the two was used."),
                io.String.Output(display_name="json", tooltip="The same figures as JSON, for scripts."),
            ],
        )

    @classmethod
    def execute(
        cls,
        result: torch.Tensor,
        source: torch.Tensor,
        holes: torch.Tensor,
        composite: bool,
        seam: int,
        vae: Any = None,
    ) -> io.NodeOutput:
        result = require_video("result", result)
        source = same_size("source", require_video("source", source), "result", result)
        visible = visible_from_holes(holes, result, "result")
        final = composited(result, source, visible, seam) if composite else result
        reconstruction = None if vae is None else reconstructed(vae, source)
        found = drift(final, source, visible, reconstruction, composite)
        text = found.report()
        return io.NodeOutput(final, text, json.dumps(found.as_dict()), ui=ui.PreviewText(text))


def reconstructed(vae: Any, video: torch.Tensor) -> torch.Tensor:
    """``video`` through the VAE and back."""
    VideoVae.of(vae).require_size("source", video)
    decoded = vae.decode(vae.encode(video))
    return decoded.reshape(-1, *decoded.shape[-3:]).to(video)


NODES: list[type[io.ComfyNode]] = [InverseCrafterDriftReport]
