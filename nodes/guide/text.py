"""Prompts for the small embedded models, which have no text encoder to download; with a CLIP connected, for the real Wan."""

from __future__ import annotations

import logging
from typing import Any

from comfy_api.latest import io, ui

from ...inversecrafter_core.prompt import VOCABULARY, encode_prompt
from ..host.sockets import CATEGORY

logger = logging.getLogger(__name__)


def _hashed(prompt: str) -> tuple[list[Any], str]:
    """Conditioning and report of the embedded models' hashed words."""
    encoded = encode_prompt(prompt)
    lines = [f"{len(encoded.words)} words read." if encoded.words else "Empty prompt: the model runs without text."]
    unknown = encoded.unknown(VOCABULARY)
    if unknown:
        lines.append(f"Not known to the embedded model, so without meaning to it: {', '.join(unknown)}.")
        lines.append(f"It knows: {', '.join(sorted(VOCABULARY))}.")
    if encoded.dropped:
        lines.append(f"{encoded.dropped} words past the limit of {len(encoded.words)} were left out.")
    if len(lines) > 1:
        logger.warning("InverseCrafter Text Encode: %s", " ".join(lines[1:]))
    return [[encoded.tokens, {}]], " ".join(lines)


class InverseCrafterTextEncode(io.ComfyNode):
    """STRING to CONDITIONING without weights, or through a CLIP when one is connected."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterTextEncode",
            display_name="InverseCrafter Text Encode",
            category=CATEGORY,
            description="A prompt for the small models that ship with this pack; with a CLIP connected, for the real Wan.",
            inputs=[
                io.String.Input(
                    "prompt",
                    multiline=True,
                    default="",
                    tooltip="What the clip shows, e.g. 'a plain red box, a photographic panel moving left, outdoors on a plain "
                    "green ground under a blue sky, the camera moves right'. May be empty.",
                ),
                io.Clip.Input(
                    "clip",
                    optional=True,
                    tooltip="For the real Wan: Load CLIP with umT5-XXL, type wan. Connected, it encodes the prompt "
                    "and the embedded models' words are not used.",
                ),
            ],
            outputs=[
                io.Conditioning.Output(display_name="conditioning", tooltip="For the sampler's positive or negative input."),
                io.String.Output(
                    display_name="report", tooltip="What was read, and which words the embedded model does not know."
                ),
            ],
        )

    @classmethod
    def execute(cls, prompt: str, clip: Any = None) -> io.NodeOutput:
        if clip is None:
            conditioning, report = _hashed(prompt)
        else:
            conditioning = clip.encode_from_tokens_scheduled(clip.tokenize(prompt))
            report = "Encoded by the connected CLIP."
        return io.NodeOutput(conditioning, report, ui=ui.PreviewText(report))


NODES: list[type[io.ComfyNode]] = [InverseCrafterTextEncode]
