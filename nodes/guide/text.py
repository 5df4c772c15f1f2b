"""Prompts for the small embedded models, which need no text encoder, or through a connected CLIP for the real Wan."""

from __future__ import annotations

import logging

import torch
from comfy.sd import CLIP
from comfy_api.latest import io

from ...inversecrafter_core.prompt import VOCABULARY, encode_prompt
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import GUIDE

logger = logging.getLogger(__name__)


def _hashed(prompt: str) -> tuple[list[list[torch.Tensor | dict[str, object]]], str]:
    """Return conditioning and report of a prompt for the embedded models, which take hashed words."""
    encoded = encode_prompt(prompt)
    lines = [f"{len(encoded.words)} words read." if encoded.words else "Empty prompt: the model runs without text."]
    unknown = encoded.unknown(VOCABULARY)
    if unknown:
        lines.append(f"Not known to the embedded model, so without effect: {', '.join(unknown)}.")
        lines.append(f"It knows: {', '.join(sorted(VOCABULARY))}.")
    if encoded.dropped:
        lines.append(f"{encoded.dropped} words beyond the limit of {len(encoded.words)} were ignored.")
    if len(lines) > 1:
        logger.warning("InverseCrafter, Encode Text: %s", " ".join(lines[1:]))
    return [[encoded.tokens, {}]], " ".join(lines)


class InverseCrafterTextEncode(io.ComfyNode):
    """Node from a prompt to CONDITIONING, without weights or through a connected CLIP."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["prompt", "clip text encode"],
            node_id="InverseCrafterTextEncode",
            display_name="Encode Text (InverseCrafter)",
            category=GUIDE,
            description="A prompt for the small models that ship with this pack; with a CLIP connected, for the real Wan.",
            inputs=[
                io.String.Input(
                    "prompt",
                    multiline=True,
                    default="",
                    tooltip="The whole clip in words, for example 'a plain red box moving left, outdoors under a blue sky'. "
                    "May be empty.",
                ),
                io.Clip.Input(
                    "clip",
                    optional=True,
                    tooltip="For the real Wan: Load CLIP with umT5-XXL, type wan. Without it, the embedded models' words are "
                    "used.",
                ),
            ],
            outputs=[
                io.Conditioning.Output(display_name="conditioning", tooltip="For the sampler's positive or negative input."),
                io.String.Output(display_name="report", tooltip="Words read, and words the embedded model does not know."),
            ],
        )

    @classmethod
    def execute(cls, prompt: str, clip: CLIP | None = None) -> io.NodeOutput:
        if clip is None:
            conditioning, report = _hashed(prompt)
        else:
            conditioning = clip.encode_from_tokens_scheduled(clip.tokenize(prompt))
            report = "Encoded by the connected CLIP."
        return io.NodeOutput(conditioning, report, ui=report_ui(report))


NODES: list[type[io.ComfyNode]] = [InverseCrafterTextEncode]
