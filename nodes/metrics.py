"""Metrics as a node: numbers in the graph, shown on the node and handed on as text."""

from __future__ import annotations

import json
from statistics import mean
from typing import Any

import torch
from comfy_api.latest import io, ui

from ..inversecrafter_core.errors import InputError
from ..inversecrafter_core.evaluation import (
    by_region,
    flicker,
    hole_coverage,
    masked_psnr,
    masked_ssim,
    psnr_gain,
    seam_band,
    seam_psnr,
    temporal_change,
)
from .checks import same_size
from .sockets import CATEGORY, HOLES_TOOLTIP


class InverseCrafterMetrics(io.ComfyNode):
    """PSNR, SSIM and flicker on known pixels, seam error, hole coverage; with a true view also what lies in the holes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterMetrics",
            display_name="InverseCrafter Metrics",
            category=CATEGORY,
            description="How well a result agrees with a reference on the known pixels: PSNR, SSIM, flicker, seams, hole "
            "coverage; with a true view also in the holes.",
            is_output_node=True,
            inputs=[
                io.Image.Input("result", tooltip="The decoded result."),
                io.Image.Input(
                    "reference",
                    tooltip="What it is compared with: the warped video for measurement consistency, or a true view.",
                ),
                io.Mask.Input("holes", optional=True, tooltip=f"Pixels to leave out. {HOLES_TOOLTIP}"),
                io.Int.Input(
                    "seam_width",
                    optional=True,
                    default=8,
                    min=1,
                    max=256,
                    tooltip="Pixels beside the edge of a hole that count as seam; 8 is one latent cell of Wan 2.1.",
                ),
                io.Boolean.Input(
                    "reference_is_true_view",
                    optional=True,
                    default=False,
                    tooltip="On: the reference is right in the holes too, so they are judged as well. Off for a warp.",
                ),
                io.Image.Input(
                    "baseline", optional=True, tooltip="Another result of the same clip: how many dB better is this one?"
                ),
            ],
            outputs=[
                io.String.Output(display_name="text", tooltip="The figures in one readable line each."),
                io.String.Output(display_name="json", tooltip="The same figures as JSON, for scripts."),
            ],
        )

    @classmethod
    def execute(
        cls,
        result: torch.Tensor,
        reference: torch.Tensor,
        holes: torch.Tensor | None = None,
        seam_width: int = 8,
        reference_is_true_view: bool = False,
        baseline: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        visible = known_pixels(result, holes)
        figures: dict[str, Any] = {
            "psnr_db": round(masked_psnr(result, reference, visible), 3),
            "ssim": round(masked_ssim(result, reference, visible), 4),
        }
        if holes is not None:
            figures["hole_coverage"] = [round(share, 4) for share in hole_coverage(holes.expand_as(visible))]
        figures |= over_time(result, reference, visible)
        if bool(seam_band(visible, seam_width, not reference_is_true_view).any()):
            figures["seam_psnr_db"] = round(seam_psnr(result, reference, visible, seam_width, not reference_is_true_view), 3)
        if reference_is_true_view:
            figures["psnr_db_by_region"] = rounded(by_region(masked_psnr, result, reference, visible), 3)
            figures["ssim_by_region"] = rounded(by_region(masked_ssim, result, reference, visible), 4)
        if baseline is not None:
            gain = psnr_gain(result, same_size("baseline", baseline, "result", result), reference, visible)
            figures["gain_db"] = rounded(gain if reference_is_true_view else {"kept": gain["kept"]}, 3)
        text = "; ".join(in_words(figures))
        return io.NodeOutput(text, json.dumps(figures), ui=ui.PreviewText(text))


def known_pixels(result: torch.Tensor, holes: torch.Tensor | None) -> torch.Tensor:
    """``[F, H, W]``, 1 = known, from the MASK that came with the warp; a single mask serves every frame."""
    if holes is None:
        return torch.ones(result.shape[:3])
    if holes.shape[-2:] != result.shape[1:3]:
        raise InputError(
            "holes",
            f"size {holes.shape[-1]}x{holes.shape[-2]} beside a result of {result.shape[2]}x{result.shape[1]}",
            "Use the mask that came with the warp.",
        )
    return (holes.expand(len(result), -1, -1) if len(holes) == 1 else holes).lt(0.5).float()


def over_time(result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor) -> dict[str, float]:
    """Flicker on known pixels as a multiple of the reference's own change; empty for a still or where nothing changes."""
    if not bool((visible[1:] * visible[:-1]).any()):
        return {}
    change = temporal_change(reference, visible)
    return {"flicker": round(flicker(result, reference, visible) / change, 4)} if change > 0 else {}


def rounded(figures: dict[str, float], digits: int) -> dict[str, float]:
    return {name: round(value, digits) for name, value in figures.items()}


def in_words(figures: dict[str, Any]) -> list[str]:
    """One phrase a figure."""
    phrases = [f"PSNR {figures['psnr_db']} dB, SSIM {figures['ssim']} on known pixels"]
    if "hole_coverage" in figures:
        phrases.append(f"holes {100 * mean(figures['hole_coverage']):.1f} % on average")
    if "flicker" in figures:
        phrases.append(f"flicker {figures['flicker']} of the reference's own change")
    if "seam_psnr_db" in figures:
        phrases.append(f"seams {figures['seam_psnr_db']} dB")
    if "psnr_db_by_region" in figures:
        phrases += [f"{name} {value} dB" for name, value in figures["psnr_db_by_region"].items() if name != "kept"]
    phrases += [f"{name} {value:+} dB over the baseline" for name, value in figures.get("gain_db", {}).items()]
    return phrases


NODES: list[type[io.ComfyNode]] = [InverseCrafterMetrics]
