"""Editing: name what is edited, follow it through the clip, carry an edit of the first frame along."""

from __future__ import annotations

import torch
from comfy_api.latest import io, ui

from ...inversecrafter_core.editing import box_region, edited_region, first_mask, mask_video, outlined, propagate, shaped, track
from ...inversecrafter_core.editing.propagate import GUESS, MARGIN
from ...inversecrafter_core.editing.regions import CHANGE
from ...inversecrafter_core.errors import InputError, require_video
from ..host.progress import host_progress
from ..host.sockets import CATEGORY, HOLES_TOOLTIP

STOP, GO_ON = "stop", "mask nothing from there"
OUTLINE, BOX = "outline", "box"
INSIDE_TOOLTIP = "1 = inside the region that is edited, 0 = to be kept."


class InverseCrafterEditDifference(io.ComfyNode):
    """Two IMAGEs to a MASK of what differs."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterEditDifference",
            display_name="InverseCrafter Edit Difference",
            category=CATEGORY,
            description="Where an edited frame differs from the original: the region of the edit, for Track Mask.",
            inputs=[
                io.Image.Input("original", tooltip="The frame before the edit; of a clip, its first frame."),
                io.Image.Input("edited", tooltip="The same frame after the edit, from any editor or node, in the same size."),
                io.Float.Input(
                    "threshold",
                    default=CHANGE,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    tooltip="How much the largest of red, green and blue must change. Raise it when a JPEG makes specks.",
                ),
                io.Int.Input("grow", default=2, min=0, max=256, tooltip="Pixels added around what differs."),
            ],
            outputs=[io.Mask.Output(display_name="mask", tooltip=INSIDE_TOOLTIP)],
        )

    @classmethod
    def execute(cls, original: torch.Tensor, edited: torch.Tensor, threshold: float, grow: int) -> io.NodeOutput:
        before, after = require_video("original", original)[0], require_video("edited", edited)
        if len(after) != 1:
            raise InputError("edited", f"{len(after)} images", "Give one: the first frame after the edit.")
        return io.NodeOutput(edited_region(before, after[0], threshold, grow)[None].float())


class InverseCrafterTrackMask(io.ComfyNode):
    """A first-frame MASK or a box, followed: MASK video."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterTrackMask",
            display_name="InverseCrafter Track Mask",
            category=CATEGORY,
            description="Follows a region of the first frame through the clip: a mask, a box, or the difference an edit made.",
            inputs=[
                io.Image.Input("video", tooltip="The clip before the edit; at least two frames."),
                *_box_inputs(),
                io.Boolean.Input(
                    "snap_to_edges",
                    default=True,
                    tooltip="Lays the mask along the edges of what it covers, in every frame (GrabCut). Turn off for a "
                    "region without an outline of its own.",
                ),
                io.Combo.Input(
                    "shape",
                    options=[OUTLINE, BOX],
                    default=OUTLINE,
                    tooltip="outline: as tracked. box: its bounding rectangle in each frame, which tells a model less about "
                    "what stood there; better for putting something else.",
                ),
                io.Int.Input("grow", default=0, min=0, max=256, tooltip="Pixels added around it in every frame."),
                io.Combo.Input(
                    "if_lost",
                    options=[STOP, GO_ON],
                    default=STOP,
                    tooltip="When the region cannot be found again: stop and name the frame, or go on with nothing masked "
                    "from there. Leaving the picture is no error.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="In place of the box. 1 = inside. One mask, of the first frame, is tracked; as many as the clip "
                    "has frames are taken as they are and only grown and shaped.",
                ),
            ],
            outputs=[
                io.Mask.Output(display_name="masks", tooltip=f"One a frame. {INSIDE_TOOLTIP} Holes, to Encode Measurement."),
                io.Image.Output(display_name="preview", tooltip="The clip with the region in magenta."),
                io.String.Output(display_name="report", tooltip="How well it was followed; where it was lost or left."),
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
        mask: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        video = require_video("video", video)
        if mask is not None and mask.ndim == 3 and len(mask) > 1:
            inside, report = mask_video(mask, *video.shape[:3]), f"Taken as given: {len(mask)} masks."
        else:
            region = start_region(video, mask, (x, y, width, height), snap_to_edges)
            found = track(video, region, snap_to_edges, host_progress())
            if found.lost is not None and if_lost == STOP:
                raise InputError(
                    "mask track",
                    f"lost at frame {found.lost}",
                    f"Trim the clip to before it (4k+1 frames), connect a mask for every frame, or set if_lost to '{GO_ON}'.",
                )
            inside, report = found.inside, found.report()
        inside = shaped(inside, grow, shape == BOX)
        return io.NodeOutput(inside.float(), tinted(video, inside), report, ui=ui.PreviewText(report))


class InverseCrafterPropagateEdit(io.ComfyNode):
    """IMAGE clip, edited first frame, MASK video to what is known of the edited clip."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="InverseCrafterPropagateEdit",
            display_name="InverseCrafter Propagate Edit",
            category=CATEGORY,
            description="Carries an edit of the first frame along with what it was made on, as evidence for Encode "
            "Measurement; what was not to be seen in the first frame becomes a hole.",
            inputs=[
                io.Image.Input("video", tooltip="The clip before the edit."),
                io.Image.Input("edited", tooltip="Its first frame after the edit, in the same size."),
                io.Mask.Input("masks", tooltip=f"The region in every frame, from Track Mask. {INSIDE_TOOLTIP}"),
                io.Float.Input(
                    "guess",
                    default=GUESS,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How far the smooth filling of what could not be carried (new sides, what was hidden) is held. "
                    "0: the model invents it; 1: it stays as filled.",
                ),
                io.Int.Input(
                    "margin",
                    default=MARGIN,
                    min=0,
                    max=256,
                    tooltip="Pixels around the region that are left to the model in later frames: where the edge of the edit "
                    "may run.",
                ),
                io.Boolean.Input(
                    "follow_light",
                    default=True,
                    tooltip="Carried colours grow brighter and darker as the clip does there. Turn off for what shines "
                    "by itself.",
                ),
            ],
            outputs=[
                io.Image.Output(
                    display_name="video",
                    tooltip="The edited clip as far as it is known, its holes filled smoothly: 'warp' of Encode Measurement.",
                ),
                io.Mask.Output(display_name="holes", tooltip=f"{HOLES_TOOLTIP} Soft inside the region."),
                io.String.Output(display_name="report", tooltip="How much of the region could be carried, frame by frame."),
            ],
        )

    @classmethod
    def execute(
        cls, video: torch.Tensor, edited: torch.Tensor, masks: torch.Tensor, guess: float, margin: int, follow_light: bool
    ) -> io.NodeOutput:
        found = propagate(video, edited, masks > 0.5, guess, margin, follow_light, host_progress())
        report = found.report()
        return io.NodeOutput(found.video, 1 - found.visible, report, ui=ui.PreviewText(report))


def _box_inputs() -> list[io.Int.Input]:
    words = {"x": "Left edge", "y": "Top edge", "width": "Width", "height": "Height"}
    defaults = {"x": 64, "y": 40, "width": 64, "height": 56}
    return [
        io.Int.Input(
            name,
            default=defaults[name],
            min=0 if name in "xy" else 1,
            max=16384,
            tooltip=f"{word} of the box around what is to be followed, in pixels of the clip's first frame; not looked at when "
            "a mask is connected.",
        )
        for name, word in words.items()
    ]


def start_region(video: torch.Tensor, mask: torch.Tensor | None, box: tuple[int, int, int, int], snap: bool) -> torch.Tensor:
    """The region of the first frame: the mask or, without one, the box or what is in it."""
    height, width = video.shape[1:3]
    if mask is None:
        region = box_region(*box, height, width)
        return outlined(video[0], region) if snap else region
    return first_mask(mask, height, width)


def tinted(video: torch.Tensor, inside: torch.Tensor) -> torch.Tensor:
    """The clip with the region half in magenta."""
    return torch.where(inside.unsqueeze(-1).to(video.device), torch.lerp(video, video.new_tensor([1.0, 0.0, 1.0]), 0.5), video)


NODES: list[type[io.ComfyNode]] = [InverseCrafterEditDifference, InverseCrafterTrackMask, InverseCrafterPropagateEdit]
