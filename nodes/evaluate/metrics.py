"""The metrics node, whose figures appear on the node, in the history, and as text for the graph."""

from __future__ import annotations

from functools import partial
from math import isnan
from statistics import mean
from typing import Any

import torch
from comfy_api.latest import io

from ...inversecrafter_core.errors import InputError, require_finite, require_same_frames, require_same_size, require_video
from ...inversecrafter_core.evaluation import (
    by_region,
    feature_distance,
    flicker,
    frame_consistency,
    hole_coverage,
    measurement_lpips,
    measurement_psnr,
    measurement_ssim,
    motion_ratio,
    motion_smoothness,
    psnr_gain,
    seam_band,
    seam_psnr,
    temporal_change,
    temporal_flickering,
)
from ...inversecrafter_core.evaluation.consistency import MOST_DB
from ..host.checks import require_like
from ..host.progress import host_progress
from ..host.reports import report_outputs, report_result
from ..host.schema import node_schema
from ..host.sockets import EVALUATE, HOLES_TOOLTIP
from .metric_files import FEATURES_FILE, LPIPS_FILE, lpips_maps, patch_features, vgg_features, why_missing, why_no_lpips

Figures = dict[str, Any]
"""Numbers, lists and dictionaries by region, as they go into JSON."""
NAMES = {
    "lpips_vgg": "LPIPS (VGG)",
    "source_distance_vit_s14": "distance to the source's content",
    "subject_consistency_vit_s14": "subject consistency",
    "background_consistency_vgg16": "background consistency",
    "temporal_flickering": "temporal flickering",
    "motion_smoothness_dis_flow": "motion smoothness",
}
"""Labels of the figures that are a single number, by key."""


class InverseCrafterMetrics(io.ComfyNode):
    """Node from a clip and a reference to metrics: consistency, quality over time, seams and, for a true view, holes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["psnr", "ssim", "lpips", "vbench", "flicker", "compare video"],
            node_id="InverseCrafterMetrics",
            display_name="Compute Metrics (InverseCrafter)",
            category=EVALUATE,
            description="Compares a clip with a reference on the known pixels (PSNR, SSIM, LPIPS), and measures flicker, "
            "seams and holes.",
            is_output_node=True,
            inputs=[
                io.Image.Input("video", tooltip="The decoded clip."),
                io.Image.Input(
                    "reference",
                    tooltip="The clip to compare with: the warped video for measurement consistency, or a true view.",
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
                    tooltip="On: the reference is correct in the holes too, so they are measured as well. Off for a warp.",
                ),
                io.Image.Input(
                    "baseline", optional=True, tooltip="Another result of the same clip, to give the gain over it in dB."
                ),
                io.Image.Input(
                    "source",
                    optional=True,
                    tooltip="The clip that was recaptured, to give the distance from its content.",
                ),
                io.Boolean.Input(
                    "networks",
                    optional=True,
                    default=True,
                    tooltip="Also LPIPS and picture features, if models/inversecrafter_metrics has their files. Off is faster.",
                ),
            ],
            outputs=report_outputs(),
        )

    @classmethod
    def execute(
        cls,
        video: torch.Tensor,
        reference: torch.Tensor,
        holes: torch.Tensor | None = None,
        seam_width: int = 8,
        reference_is_true_view: bool = False,
        baseline: torch.Tensor | None = None,
        source: torch.Tensor | None = None,
        networks: bool = True,
    ) -> io.NodeOutput:
        result, reference = require_video("video", video), require_video("reference", reference)
        require_like("reference", reference, "video", result)
        visible = known_pixels(result, holes)
        figures: Figures = {
            "psnr_db": round(measurement_psnr(result, reference, visible), 3),
            "ssim": round(measurement_ssim(result, reference, visible), 4),
        }
        if holes is not None:
            masks = holes.reshape(-1, *visible.shape[1:]).expand_as(visible)
            figures["hole_coverage"] = [round(share, 4) for share in hole_coverage(masks)]
        figures |= over_time(result, reference, visible)
        if bool(seam_band(visible, seam_width, not reference_is_true_view).any()):
            seam = seam_psnr(result, reference, visible, seam_width, not reference_is_true_view)
            figures["seam_psnr_db"] = round(min(seam, MOST_DB), 3)  # JSON has no infinity
        if reference_is_true_view:
            figures["psnr_db_by_region"] = rounded(by_region(measurement_psnr, result, reference, visible), 3)
            figures["ssim_by_region"] = rounded(by_region(measurement_ssim, result, reference, visible), 4)
        if baseline is not None:
            gain = psnr_gain(result, require_like("baseline", baseline, "video", result), reference, visible)
            figures["gain_db"] = rounded(gain if reference_is_true_view else {"kept": gain["kept"]}, 3)
        figures |= steadiness(result)
        if networks:
            figures |= perceptual(result, reference, visible, reference_is_true_view)
            figures |= features(result, source) | background(result)
        return report_result("; ".join(in_words(figures)), figures)


def known_pixels(result: torch.Tensor, holes: torch.Tensor | None) -> torch.Tensor:
    """Return ``visible [F, H, W]``, 1 = known, of the warp's holes; a single mask is used for every frame.

    Raises:
        InputError: masks of another size or number than the frames', or nothing visible.
    """
    if holes is None:
        return torch.ones(result.shape[:3])
    require_same_size("holes", holes.shape[-2:], "video", result.shape[1:3], "Use the mask that came with the warp.")
    holes = require_finite("holes", holes.float()).reshape(-1, *holes.shape[-2:])
    require_same_frames(video=len(result), holes=len(result) if len(holes) == 1 else len(holes))
    visible = holes.expand(len(result), -1, -1).lt(0.5).float()
    if not bool(visible.any()):
        raise InputError("holes", "a hole in every pixel", "Nothing is left to compare: check that the mask is not inverted.")
    return visible


def over_time(result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor) -> dict[str, float]:
    """Return flicker and speed of motion on known pixels, relative to the reference's own; empty if nothing changes."""
    if not bool((visible[1:] * visible[:-1]).any()):
        return {}
    change, speed = temporal_change(reference, visible), motion_ratio(result, reference, visible)
    found = {"flicker": round(flicker(result, reference, visible) / change, 4)} if change > 0 else {}
    return found if isnan(speed) else found | {"motion": round(speed, 4)}


def steadiness(result: torch.Tensor) -> dict[str, float]:
    """Return VBench's temporal flickering, and motion smoothness by DIS flow, if the clip is long enough."""
    found = {}
    if len(result) >= 2:
        found["temporal_flickering"] = round(temporal_flickering(result), 4)
    if len(result) >= 3:
        found["motion_smoothness_dis_flow"] = round(motion_smoothness(result), 4)
    return found


def perceptual(
    result: torch.Tensor, reference: torch.Tensor, visible: torch.Tensor, true_view: bool
) -> dict[str, float | dict[str, float] | str]:
    """Return LPIPS with VGG features on known pixels and, for a true view, by region; or the reason for leaving it out."""
    if missing := why_no_lpips(result):
        return {"lpips_vgg_left_out": missing}
    metric = partial(measurement_lpips, distance=lpips_maps(*result.shape[1:3]))
    if true_view:
        regions = rounded(by_region(metric, result, reference, visible), 4)
        return {"lpips_vgg": regions["kept"], "lpips_vgg_by_region": regions}
    return {"lpips_vgg": round(metric(result, reference, visible), 4)}


def features(result: torch.Tensor, source: torch.Tensor | None) -> dict[str, float | str]:
    """Return subject consistency and the distance to the source's content, by a ViT in place of DINO.

    Without its file, return the reason for leaving them out.
    """
    if missing := why_missing(FEATURES_FILE):
        return {"picture_features_left_out": missing}
    network, found = patch_features(), {}
    ours = network.of_frames(result, host_progress())
    if len(result) >= 2:
        found["subject_consistency_vit_s14"] = round(frame_consistency(ours), 4)
    if source is not None:
        found["source_distance_vit_s14"] = round(feature_distance(ours, network.of_frames(source, host_progress())), 4)
    return found


def background(result: torch.Tensor) -> dict[str, float]:
    """Return VBench's background consistency by VGG16 in place of CLIP, if its file is there and the clip long enough."""
    if why_missing(LPIPS_FILE) or len(result) < 2:
        return {}
    return {"background_consistency_vgg16": round(frame_consistency(vgg_features(result, host_progress())), 4)}


def rounded(figures: dict[str, float], digits: int) -> dict[str, float]:
    """Return the figures rounded to so many digits."""
    return {name: round(value, digits) for name, value in figures.items()}


def in_words(figures: Figures) -> list[str]:
    """Return one phrase a figure."""
    phrases = [f"PSNR {figures['psnr_db']} dB, SSIM {figures['ssim']} on known pixels"]
    phrases += [f"{words} {figures[key]}" for key, words in NAMES.items() if key in figures]
    if "hole_coverage" in figures:
        phrases.append(f"holes {100 * mean(figures['hole_coverage']):.1f} % on average")
    if "flicker" in figures:
        phrases.append(f"flicker {figures['flicker']} of the reference's own change")
    if "motion" in figures:
        phrases.append(f"motion {figures['motion']} times as fast as the reference's")
    if "seam_psnr_db" in figures:
        phrases.append(f"seams {figures['seam_psnr_db']} dB")
    if "psnr_db_by_region" in figures:
        phrases += [f"{name} {value} dB" for name, value in figures["psnr_db_by_region"].items() if name != "kept"]
    phrases += [f"{name} {value:+} dB over the baseline" for name, value in figures.get("gain_db", {}).items()]
    left_out = {"lpips_vgg_left_out": "LPIPS", "picture_features_left_out": "picture features"}
    return phrases + [f"{words} left out: {figures[key]}" for key, words in left_out.items() if key in figures]


NODES: list[type[io.ComfyNode]] = [InverseCrafterMetrics]
