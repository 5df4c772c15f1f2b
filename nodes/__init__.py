"""The nodes, listed. Adding one is a line here."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io
from typing_extensions import override

from . import (
    camera,
    clips,
    conditioning,
    depth,
    editing,
    editing_report,
    guidance,
    ksampler,
    mask_encoder,
    measurement,
    metrics,
    stochastic,
    text,
    warp,
)
from .models import register_model_folders

NODES: list[type[io.ComfyNode]] = [
    *depth.NODES,
    *camera.NODES,
    *clips.NODES,
    *warp.NODES,
    *mask_encoder.NODES,
    *measurement.NODES,
    *guidance.NODES,
    *ksampler.NODES,
    *stochastic.NODES,
    *conditioning.NODES,
    *text.NODES,
    *editing.NODES,
    *editing_report.NODES,
    *metrics.NODES,
]


class InverseCrafterExtension(ComfyExtension):
    """What the host asks for."""

    def __init__(self) -> None:
        register_model_folders()

    @override
    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return NODES
