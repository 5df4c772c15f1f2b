"""The nodes that make operators: a degradation applied to a clip, and the mask of an incomplete clip."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import comfy.model_management
import torch
from comfy_api.latest import io

from ...inversecrafter_core.errors import InputError, require_choice, require_video
from ...inversecrafter_core.inverse.operators import (
    AveragePool,
    Border,
    Degradation,
    PixelMask,
    TemporalAverage,
    VideoOperator,
    blur_of_image,
    gaussian_blur,
    random_visible,
    size_of,
)
from ..host.checks import visible_from_holes
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import HOLES_TOOLTIP, RESTORE, OperatorSocket


class Spatial(StrEnum):
    """Degradation of every frame."""

    NONE = "none"
    BLUR = "blur"
    KERNEL = "kernel"
    DOWNSCALE = "downscale"
    RANDOM_HOLES = "random_holes"
    HOLES = "holes"


@dataclass(frozen=True)
class SpatialWidgets:
    """Widgets and sockets of the spatial degradation."""

    sigma: float
    kernel_size: int
    factor: int
    missing: float
    each_frame: bool
    mask_seed: int
    border: Border
    kernel: torch.Tensor | None
    holes: torch.Tensor | None


def _spatial_inputs() -> list[io.Input]:
    """Return the widgets of the spatial degradation."""
    return [
        io.Combo.Input(
            "spatial",
            options=[*Spatial],
            default=Spatial.DOWNSCALE,
            tooltip="Of each frame: blur, a blur by a drawn kernel, the mean of blocks, random pixels or given holes.",
        ),
        io.Int.Input(
            "factor", default=4, min=2, max=16, tooltip="downscale: side of the blocks, 2, 4 or 8; it divides the size."
        ),
        io.Float.Input(
            "sigma", default=3.0, min=0.1, max=100.0, step=0.1, tooltip="blur: deviation of the Gaussian, in pixels."
        ),
        io.Int.Input("kernel_size", default=61, min=1, max=513, tooltip="blur: taps of the Gaussian, odd, within the picture."),
        io.Combo.Input(
            "border", options=[*Border], default=Border.REFLECT, tooltip="blur and kernel: continuation of the picture."
        ),
        io.Float.Input(
            "missing", default=0.5, min=0.0, max=0.99, step=0.01, tooltip="random_holes: share of the pixels that is hidden."
        ),
        io.Boolean.Input(
            "each_frame", default=False, tooltip="random_holes: other pixels in every frame, not one mask for all."
        ),
        io.Int.Input("mask_seed", default=0, min=0, max=0xFFFFFFFFFFFFFFFF, tooltip="random_holes: the seed of the mask."),
    ]


class InverseCrafterDegradeVideo(io.ComfyNode):
    """Node from a clip to its measurement and the operator that made it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["blur video", "downscale video", "motion blur", "degradation", "measurement operator"],
            node_id="InverseCrafterDegradeVideo",
            display_name="Degrade Video (InverseCrafter)",
            category=RESTORE,
            description="Applies a linear degradation to a clip, in space, in time or both, and gives its operator to Restore "
            "Video.",
            inputs=[
                io.Image.Input("video", tooltip="A clip of the size that is to be restored."),
                *_spatial_inputs(),
                io.Int.Input(
                    "temporal_length",
                    default=1,
                    min=1,
                    max=201,
                    tooltip="Frames that are averaged, odd, as by motion; 1 = none.",
                ),
                io.Combo.Input(
                    "temporal_border",
                    options=[*Border],
                    default=Border.CIRCULAR,
                    tooltip="Continuation of the clip before its start and behind its end.",
                ),
                io.Image.Input("kernel", optional=True, tooltip="kernel: a small picture of odd sides, bright on black."),
                io.Mask.Input("holes", optional=True, tooltip=f"holes: {HOLES_TOOLTIP} One for the clip, or one a frame."),
            ],
            outputs=[
                io.Image.Output(display_name="video", tooltip="The degraded clip; smaller after downscale."),
                OperatorSocket.Output(display_name="operator", tooltip="What degraded it, for Restore Video."),
                io.String.Output(display_name="report", tooltip="The degradation in words."),
            ],
        )

    @classmethod
    def execute(
        cls,
        video: torch.Tensor,
        spatial: str,
        factor: int,
        sigma: float,
        kernel_size: int,
        border: str,
        missing: float,
        each_frame: bool,
        mask_seed: int,
        temporal_length: int,
        temporal_border: str,
        kernel: torch.Tensor | None = None,
        holes: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        video = require_video("video", video)
        edge = require_choice("border", border, Border)
        widgets = SpatialWidgets(sigma, kernel_size, factor, missing, each_frame, mask_seed, edge, kernel, holes)
        parts: dict[str, VideoOperator] = {}
        time_edge = require_choice("temporal_border", temporal_border, Border)
        if temporal_length != 1:
            parts[f"the mean of {temporal_length} frames"] = TemporalAverage(temporal_length, time_edge)
        parts |= spatial_operator(require_choice("spatial", spatial, Spatial), widgets, video)
        degradation = degradation_of(parts, video)
        y = degradation.measure(video, comfy.model_management.get_torch_device())
        report = f"{degradation.name[0].upper()}{degradation.name[1:]}: {len(y)} frames of {y.shape[2]}x{y.shape[1]}."
        return io.NodeOutput(y, degradation, report, ui=report_ui(report))


def spatial_operator(spatial: Spatial, widgets: SpatialWidgets, video: torch.Tensor) -> dict[str, VideoOperator]:
    """Return the operator on every frame by its name in words; nothing for ``none``.

    Raises:
        InputError: a picture or a mask that it needs is missing, or a value out of its range.
    """
    if spatial == Spatial.BLUR:
        return {f"a blur of {widgets.sigma:g} pixels": gaussian_blur(widgets.sigma, widgets.kernel_size, widgets.border)}
    if spatial == Spatial.KERNEL:
        return {"a blur by a drawn kernel": blur_of_image(_given("kernel", widgets.kernel, "a small picture"), widgets.border)}
    if spatial == Spatial.DOWNSCALE:
        return {f"the mean of {widgets.factor}x{widgets.factor} pixels": AveragePool(widgets.factor)}
    if spatial == Spatial.RANDOM_HOLES:
        mask = random_visible(size_of(video), widgets.missing, widgets.mask_seed, widgets.each_frame)
        return {f"{widgets.missing:.0%} of the pixels hidden": PixelMask.of(mask)}
    if spatial == Spatial.HOLES:
        return hidden_pixels(_given("holes", widgets.holes, "a MASK"), video)
    return {}


def hidden_pixels(holes: torch.Tensor, video: torch.Tensor) -> dict[str, VideoOperator]:
    """Return the operator that hides the holes of a clip, by its name in words."""
    visible = visible_from_holes(holes, video)
    return {f"{1 - float(visible.mean()):.0%} of the pixels hidden": PixelMask.of(visible)}


def degradation_of(parts: dict[str, VideoOperator], video: torch.Tensor) -> Degradation:
    """Return the degradation of a clip by operators, the first one first, which their names describe."""
    return Degradation.of(list(parts.values()), size_of(video), ", then ".join(parts))


def _given(name: str, value: torch.Tensor | None, what: str) -> torch.Tensor:
    if value is None:
        raise InputError(name, "not connected", f"Connect {what}, or choose another spatial degradation.")
    return value


class InverseCrafterOperatorFromMask(io.ComfyNode):
    """Node from an incomplete clip and its holes to the measurement and its operator."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["inpaint video", "remove scratches", "missing pixels", "mask operator"],
            node_id="InverseCrafterOperatorFromMask",
            display_name="Operator From Mask (InverseCrafter)",
            category=RESTORE,
            description="Makes the operator of a clip with holes, such as scratches or dead pixels, for Restore Video.",
            inputs=[
                io.Image.Input("video", tooltip="The clip; what its holes show does not matter."),
                io.Mask.Input("holes", tooltip=f"{HOLES_TOOLTIP} One for the clip, or one a frame."),
            ],
            outputs=[
                io.Image.Output(display_name="video", tooltip="The clip with black holes, for Restore Video."),
                OperatorSocket.Output(display_name="operator", tooltip="The mask as an operator, for Restore Video."),
            ],
        )

    @classmethod
    def execute(cls, video: torch.Tensor, holes: torch.Tensor) -> io.NodeOutput:
        video = require_video("video", video)
        degradation = degradation_of(hidden_pixels(holes, video), video)
        return io.NodeOutput(degradation.measure(video, video.device), degradation)


NODES: list[type[io.ComfyNode]] = [InverseCrafterDegradeVideo, InverseCrafterOperatorFromMask]
