"""The node that makes footage of any rate, size and shape a clip that a video model takes."""

from __future__ import annotations

from collections.abc import Iterator

import comfy.model_management
import numpy as np
import torch
from comfy.sd import VAE
from comfy_api.latest import Input, io

from ...inversecrafter_core.errors import InputError, require_choice
from ...inversecrafter_core.footage import Fit, Placement, Timing, at_constant_rate, place
from ...inversecrafter_core.latent_grid import WAN, LatentGrid
from ..host.footage import Picture, hdr_of, pictures_in, pictures_of, rate_of, sound_of
from ..host.progress import host_progress
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import HOLES_TOOLTIP, WARP, vae_input
from ..host.vae import grid_of

WITHOUT_RATE = 16.0
"""Frames a second of an IMAGE, which has none: those of Wan."""


def _inputs() -> list[io.Input]:
    return [
        io.MultiType.Input("video", types=[io.Video, io.Image], tooltip="Footage: a file from Load Video, or pictures."),
        io.Int.Input("width", default=832, min=16, max=16384, step=16, tooltip="Width of the clip to make."),
        io.Int.Input("height", default=480, min=16, max=16384, step=16, tooltip="Height of the clip to make."),
        io.Int.Input("frames", default=81, min=1, max=10000, tooltip="Most frames; the VAE's next length below is taken."),
        io.Float.Input(
            "fps",
            default=0.0,
            min=0.0,
            max=240.0,
            step=0.01,
            tooltip="Frames a second to take, in time with the footage; 0: its own average. Wan was trained at 16.",
        ),
        io.Float.Input("start", default=0.0, min=0.0, max=36000.0, step=0.1, tooltip="Seconds of the footage to skip."),
        io.Combo.Input(
            "fit",
            options=[*Fit],
            default=Fit.CROP,
            tooltip="Footage of another shape. crop: keep the middle. pad: leave a rim of holes. stretch: distort.",
        ),
        io.Boolean.Input(
            "turn", default=True, tooltip="Swap width and height for portrait footage, so that it is not cut to a strip."
        ),
        vae_input("The model's VAE: lengths and sizes are those that it takes. Without it, Wan's."),
    ]


class InverseCrafterPrepareFootage(io.ComfyNode):
    """Node from a VIDEO or IMAGE to a clip of a given size, rate and length."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["load video", "resize video", "frame rate", "variable frame rate", "portrait", "resample"],
            node_id="InverseCrafterPrepareFootage",
            display_name="Prepare Footage (InverseCrafter)",
            category=WARP,
            description="Makes a clip that the model takes of footage as it comes: any rate, any size, upright or lying.",
            inputs=_inputs(),
            outputs=[
                io.Image.Output(display_name="video", tooltip="The clip, for Estimate Depth and Warp Video."),
                io.Mask.Output(display_name="holes", tooltip=f"{HOLES_TOOLTIP} The rim of pad, and transparent pixels."),
                io.Float.Output(display_name="fps", tooltip="Frames a second of the clip, for Create Video."),
                io.Audio.Output(display_name="audio", tooltip="The footage's sound as long as the clip, for Create Video."),
                io.String.Output(display_name="report", tooltip="Rates, sizes, and what was cut, left out or shown twice."),
            ],
        )

    @classmethod
    def execute(
        cls,
        video: Input.Video | torch.Tensor,
        width: int,
        height: int,
        frames: int,
        fps: float,
        start: float,
        fit: str,
        turn: bool,
        vae: VAE | None = None,
    ) -> io.NodeOutput:
        grid, known = grid_of(vae) or WAN, require_choice("fit", fit, Fit)
        images = isinstance(video, torch.Tensor)
        rate = fps or (WITHOUT_RATE if images else rate_of(video))
        timing, frame = Timing(), _Frame((height, width), known, grid.multiple, turn)
        source = pictures_in(video, rate) if images else pictures_of(video)
        wanted = grid.nearest(frames)[0] if frames > 1 else 1
        progress = host_progress()
        clip: list[tuple[np.ndarray, np.ndarray]] = []
        for picture in at_constant_rate(_cancellable(source), rate, wanted, start, timing):
            clip.append(frame.put(picture()))
            progress(len(clip), wanted)
        count = _length(len(clip), grid, timing)
        audio = None if images else sound_of(video, timing.times[0] + start, count / rate)
        report = _report(frame.placement, timing, count, rate, images) + ("" if images else _colour(hdr_of(video)))
        pixels, holes = (torch.from_numpy(np.stack(part)) for part in zip(*clip[:count], strict=True))
        device = comfy.model_management.intermediate_device()
        return io.NodeOutput(pixels.to(device), holes.to(device), rate, audio, report, ui=report_ui(report))


def _cancellable(pictures: Iterator[tuple[float, Picture]]) -> Iterator[tuple[float, Picture]]:
    """Yield pictures; before each the user may have cancelled, as while a long part is skipped."""
    for picture in pictures:
        comfy.model_management.throw_exception_if_processing_interrupted()
        yield picture


class _Frame:
    """The frame that pictures are put in; the first picture's size decides how."""

    def __init__(self, size: tuple[int, int], fit: Fit, multiple: int, turn: bool) -> None:
        self.size, self.fit, self.multiple, self.turn = size, fit, multiple, turn
        self.placement: Placement | None = None

    def put(self, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return a picture in its frame and its holes."""
        size = picture.shape[0], picture.shape[1]
        if self.placement is None or self.placement.source != size:
            self.placement = place(size, self.size, self.fit, self.multiple, self.turn and self.placement is None)
            self.size = self.placement.frame
        return self.placement.apply(picture)


def _length(found: int, grid: LatentGrid, timing: Timing) -> int:
    """Return the length that the VAE takes of so many frames.

    Raises:
        InputError: too few.
    """
    if not found:
        seconds = timing.times[-1] - timing.times[0] if timing.times else 0.0
        raise InputError("start", f"no frame there; the footage has {seconds:.2f} s", "Begin earlier.")
    below = grid.nearest(found)[0] if found > 1 else 1
    return below if below <= found else 1


def _report(placement: Placement | None, timing: Timing, count: int, rate: float, images: bool) -> str:
    size = "" if placement is None else placement.report()
    pace = f"{count} frames at {rate:.4g} a second, {count / rate:.2f} s."
    return "\n".join([size, pace] if images else [size, timing.report(), pace])


def _colour(curve: str) -> str:
    """Return the line of a report about HDR footage."""
    advice = "colours are pale and flat. Convert it to SDR (BT.709) first."
    return f"\nThe footage is HDR ({curve}) and is not tone mapped: {advice}" if curve else ""


NODES: list[type[io.ComfyNode]] = [InverseCrafterPrepareFootage]
