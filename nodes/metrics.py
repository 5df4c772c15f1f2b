"""Metrics as a node: numbers in the graph, shown on the node and handed on as text."""

from __future__ import annotations

import json

import torch
from comfy_api.latest import io, ui

from ..inversecrafter_core.errors import InputError
from ..inversecrafter_core.evaluation import hole_coverage, masked_psnr, masked_ssim
from .sockets import CATEGORY, HOLES_TOOLTIP


class InverseCrafterMetrics(io.ComfyNode):
    """Measurement PSNR and SSIM on known pixels, and hole coverage."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterMetrics",
            display_name="InverseCrafter Metrics",
            category=CATEGORY,
            description="How well a result agrees with a reference on the known pixels: PSNR, SSIM, hole coverage.",
            is_output_node=True,
            inputs=[
                io.Image.Input("result", tooltip="The decoded result."),
                io.Image.Input(
                    "reference",
                    tooltip="What it is compared with: the warped video for measurement consistency, or a true view.",
                ),
                io.Mask.Input("holes", optional=True, tooltip=f"Pixels to leave out. {HOLES_TOOLTIP}"),
            ],
            outputs=[
                io.String.Output(display_name="text", tooltip="The figures in one readable line each."),
                io.String.Output(display_name="json", tooltip="The same figures as JSON, for scripts."),
            ],
        )

    @classmethod
    def execute(cls, result: torch.Tensor, reference: torch.Tensor, holes: torch.Tensor | None = None) -> io.NodeOutput:
        if holes is not None and holes.shape[-2:] != result.shape[1:3]:
            raise InputError(
                "holes",
                f"size {holes.shape[-1]}x{holes.shape[-2]} beside a result of {result.shape[2]}x{result.shape[1]}",
                "Use the mask that came with the warp.",
            )
        if holes is not None and len(holes) == 1:
            holes = holes.expand(len(result), -1, -1)
        visible = None if holes is None else (holes < 0.5).float()
        figures: dict[str, float | list[float]] = {
            "psnr_db": round(masked_psnr(result, reference, visible), 3),
            "ssim": round(masked_ssim(result, reference, visible), 4),
        }
        if holes is not None:
            figures["hole_coverage"] = [round(share, 4) for share in hole_coverage(holes)]
        text = f"PSNR {figures['psnr_db']} dB, SSIM {figures['ssim']} on known pixels"
        if holes is not None:
            text += f"; holes {100 * float(holes.float().mean()):.1f} % on average"
        return io.NodeOutput(text, json.dumps(figures), ui=ui.PreviewText(text))


NODES: list[type[io.ComfyNode]] = [InverseCrafterMetrics]
