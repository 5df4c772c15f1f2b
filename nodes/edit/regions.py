"""The nodes that find an edited region, track it through the clip, and propagate an edit of the first frame."""

from __future__ import annotations

from enum import StrEnum

import torch
from comfy_api.latest import io

from ...inversecrafter_core.editing import box_region, edited_region, first_mask, mask_video, outlined, propagate, shaped, track
from ...inversecrafter_core.editing.propagate import GUESS, MARGIN
from ...inversecrafter_core.editing.regions import CHANGE
from ...inversecrafter_core.errors import InputError, require_choice, require_video
from ..host.checks import require_clip
from ..host.progress import host_progress
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import EDIT, HOLES_TOOLTIP

INSIDE_TOOLTIP = "1 = inside the edited region, 0 = to be kept."


class IfLost(StrEnum):
    """Consequence of a region that cannot be tracked to the end: an error, or empty masks from there."""

    STOP = "stop"
    LEAVE_EMPTY = "leave_empty"


class Shape(StrEnum):
    """Shape of the tracked region: its outline, or its bounding rectangle."""

    OUTLINE = "outline"
    BOX = "box"


class InverseCrafterEditDifference(io.ComfyNode):
    """Node from two frames to the mask of their difference."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["mask from edit", "difference mask", "edit video"],
            node_id="InverseCrafterEditDifference",
            display_name="Find Edited Region (InverseCrafter)",
            category=EDIT,
            description="Finds the region in which an edited frame differs from the original, for Track Mask.",
            inputs=[
                io.Image.Input("original", tooltip="The frame before the edit; of a clip, its first frame."),
                io.Image.Input("edited", tooltip="The same frame after the edit, from any editor or node, in the same size."),
                io.Float.Input(
                    "threshold",
                    default=CHANGE,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="Smallest change of red, green or blue that counts, 0...1. Raise it if JPEG artefacts appear.",
                ),
                io.Int.Input("grow", default=2, min=0, max=256, tooltip="Pixels added around the region."),
            ],
            outputs=[io.Mask.Output(display_name="holes", tooltip=INSIDE_TOOLTIP)],
        )

    @classmethod
    def execute(cls, original: torch.Tensor, edited: torch.Tensor, threshold: float, grow: int) -> io.NodeOutput:
        before, after = require_video("original", original)[0], require_video("edited", edited)
        if len(after) != 1:
            raise InputError("edited", f"{len(after)} images", "Give one: the first frame after the edit.")
        return io.NodeOutput(edited_region(before, after[0], threshold, grow)[None].float())


class InverseCrafterTrackMask(io.ComfyNode):
    """Node from a box or a mask of the first frame to a mask of every frame."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["follow mask", "mask tracking", "propagate mask", "segment video"],
            node_id="InverseCrafterTrackMask",
            display_name="Track Mask (InverseCrafter)",
            category=EDIT,
            description="Tracks a region of the first frame, given as a box or as a mask, through the clip.",
            inputs=[
                io.Image.Input("video", tooltip="The clip before the edit; at least two frames."),
                *_box_inputs(),
                io.Boolean.Input(
                    "snap_to_edges",
                    default=True,
                    tooltip="Fit the mask to the edges of the thing in every frame. Turn off for a region without an outline.",
                ),
                io.Combo.Input(
                    "shape",
                    options=[*Shape],
                    default=Shape.OUTLINE,
                    tooltip="outline: as tracked. box: its bounding rectangle in each frame, with room for a thing of another "
                    "shape.",
                ),
                io.Int.Input("grow", default=0, min=0, max=256, tooltip="Pixels added around the region in every frame."),
                io.Combo.Input(
                    "if_lost",
                    options=[*IfLost],
                    default=IfLost.STOP,
                    tooltip="If the region is lost: stop and name the frame, or leave_empty from there. Leaving the picture is "
                    "not an error.",
                ),
                io.Mask.Input(
                    "holes",
                    optional=True,
                    tooltip="In place of the box, 1 = inside. A mask of frame 0 is tracked; masks of all frames are only grown "
                    "and shaped.",
                ),
            ],
            outputs=[
                io.Mask.Output(display_name="holes", tooltip=f"One a frame. {INSIDE_TOOLTIP}"),
                io.Image.Output(display_name="preview", tooltip="The clip with the region in magenta."),
                io.String.Output(display_name="report", tooltip="Size of the region, and the frame hardest to follow."),
            ],
        )

    @classmethod
    def execute(
        cls,
        video: torch.Tensor,
        x: int,
        y: int,
        width: int,
        height: int,
        snap_to_edges: bool,
        shape: str,
        grow: int,
        if_lost: str,
        holes: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        video = require_clip("video", video)
        as_box, stops = require_choice("shape", shape, Shape) == Shape.BOX, require_choice("if_lost", if_lost, IfLost)
        if holes is not None and holes.ndim == 3 and len(holes) > 1:
            inside, report = mask_video(holes, *video.shape[:3]), f"{len(holes)} masks, used without tracking."
        else:
            region = start_region(video, holes, (x, y, width, height), snap_to_edges)
            found = track(video, region, snap_to_edges, host_progress())
            if found.lost is not None and stops == IfLost.STOP:
                raise InputError(
                    "region",
                    f"lost at frame {found.lost}",
                    "Trim the clip to before it, connect a mask for every frame to holes, or set if_lost to "
                    f"'{IfLost.LEAVE_EMPTY}'.",
                )
            inside, report = found.inside, found.report()
        inside = shaped(inside, grow, as_box)
        return io.NodeOutput(inside.float(), tinted(video, inside), report, ui=report_ui(report))


class InverseCrafterPropagateEdit(io.ComfyNode):
    """Node from a clip, its edited first frame and the region's masks to the known part of the edited clip."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["edit video", "edit propagation", "first frame edit"],
            node_id="InverseCrafterPropagateEdit",
            display_name="Propagate Edit (InverseCrafter)",
            category=EDIT,
            description="Propagates an edit of the first frame along the motion of the edited thing, for Encode Measurement. "
            "Parts that frame 0 does not show become holes.",
            inputs=[
                io.Image.Input("video", tooltip="The clip before the edit."),
                io.Image.Input("edited", tooltip="Its first frame after the edit, in the same size."),
                io.Mask.Input("holes", tooltip=f"The region in every frame, from Track Mask. {INSIDE_TOOLTIP}"),
                io.Float.Input(
                    "guess",
                    default=GUESS,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="Trust in the smooth filling of parts without a correspondence. 0: the model generates them; 1: "
                    "they stay as filled.",
                ),
                io.Int.Input(
                    "margin",
                    default=MARGIN,
                    min=0,
                    max=256,
                    tooltip="Pixels around the region that the model generates in later frames, where the edit's edge may lie.",
                ),
                io.Boolean.Input(
                    "follow_light",
                    default=True,
                    tooltip="Let propagated colours brighten and darken with the clip. Turn off for things that shine.",
                ),
            ],
            outputs=[
                io.Image.Output(
                    display_name="video",
                    tooltip="The edited clip as far as it is known, holes filled smoothly, for Encode Measurement.",
                ),
                io.Mask.Output(display_name="holes", tooltip=f"{HOLES_TOOLTIP} Soft inside the region."),
                io.String.Output(display_name="report", tooltip="Share of the region that was propagated: mean and least."),
            ],
        )

    @classmethod
    def execute(
        cls, video: torch.Tensor, edited: torch.Tensor, holes: torch.Tensor, guess: float, margin: int, follow_light: bool
    ) -> io.NodeOutput:
        found = propagate(video, edited, holes > 0.5, guess, margin, follow_light, host_progress())
        report = found.report()
        return io.NodeOutput(found.video, 1 - found.visible, report, ui=report_ui(report))


def _box_inputs() -> list[io.Int.Input]:
    words = {"x": "Left edge", "y": "Top edge", "width": "Width", "height": "Height"}
    defaults = {"x": 64, "y": 40, "width": 64, "height": 56}
    return [
        io.Int.Input(
            name,
            default=defaults[name],
            min=0 if name in "xy" else 1,
            max=16384,
            tooltip=f"{word} of the box around the thing, in pixels of the first frame; unused when holes is connected.",
        )
        for name, word in words.items()
    ]


def start_region(video: torch.Tensor, mask: torch.Tensor | None, box: tuple[int, int, int, int], snap: bool) -> torch.Tensor:
    """Return the region ``[H, W]`` of the first frame: the mask or, without one, the box or, with ``snap``, the thing in it."""
    height, width = video.shape[1:3]
    if mask is None:
        region = box_region(*box, height, width)
        return outlined(video[0], region) if snap else region
    return first_mask(mask, height, width)


def tinted(video: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """Return the clip with the region tinted in magenta."""
    return torch.where(inside.unsqueeze(-1).to(video.device), torch.lerp(video, video.new_tensor([1.0, 0.0, 1.0]), 0.5), video)


NODES: list[type[io.ComfyNode]] = [InverseCrafterEditDifference, InverseCrafterTrackMask, InverseCrafterPropagateEdit]
