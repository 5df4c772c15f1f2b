"""The pipeline from estimated values and their clip to a geometry and its report."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

import torch

from ..camera import Geometry
from ..camera.intrinsics import field_of_view
from ..errors import require_choice, require_same_frames, require_same_size, require_video
from ..flow import clip_flow
from ..progress import Progress
from .convert import FAR_RATIO, to_depth
from .geometry import DEFAULT_FOV, geometry_from_depth
from .protocol import RawDepth
from .steady.denoise import LEAST, denoise, noise_level
from .steady.flicker import Flicker, measure_flicker
from .steady.stabilise import stabilise


class Stabilisation(StrEnum):
    """Kind of flicker that is removed from a clip's depth."""

    FRAMES_AND_PIXELS = "frames and pixels"
    FRAMES = "frames"
    OFF = "off"
    FRAMES_PIXELS_AND_NOISE = "frames, pixels and noise"


@dataclass(frozen=True)
class GeometryReport:
    """A geometry and the report on it.

    Attributes:
        geometry: the result.
        before, after: flicker without and with stabilisation; None without a video, or for one frame.
        lines: sentences of the report.
    """

    geometry: Geometry
    before: Flicker | None
    after: Flicker | None
    lines: list[str] = field(default_factory=list)


def build_geometry(
    raw: RawDepth,
    video: torch.Tensor | None,
    stabilisation: Stabilisation = Stabilisation.FRAMES_AND_PIXELS,
    far_ratio: float = FAR_RATIO,
    focal: float | None = None,
    fov: float | None = None,
    camera_to_world: torch.Tensor | None = None,
    progress: Progress | None = None,
) -> GeometryReport:
    """Return the geometry of raw values: stabilised, converted to depth, with a lens, and with its flicker measured.

    Args:
        raw: ``[F, H, W]`` values.
        video: ``[F, H, W, 3]`` of the same size; without it nothing is stabilised or measured.
        stabilisation: kind of flicker to remove.
        far_ratio: for disparity, see ``convert.to_depth``.
        focal: focal length in pixels. It takes precedence over ``fov``, that over the model's estimate, that over 55 degrees.
        fov: horizontal field of view in radians.
        camera_to_world: ``[F, 4, 4]`` source cameras. The scale of frames is tied to their motion and not changed.
        progress: called during flow and stabilisation.

    Raises:
        InputError: video and depth differ in count or size, an unknown stabilisation, or an error of a step.
    """
    stabilisation = require_choice("stabilise", stabilisation, Stabilisation)
    if video is not None:
        video = require_video("video", video)
        require_same_frames(video=len(video), depth=len(raw.values))
        require_same_size("depth", raw.values.shape[1:], "video", video.shape[1:3])
    lines = [f"Depth by {raw.source}: {raw.kind.replace('_', ' ')}, {len(raw.values)} frames."]
    depth, before, after = to_depth(raw, far_ratio), None, None
    if video is not None and len(video) > 1:
        flow = clip_flow(video, progress=progress)
        before = after = measure_flicker(depth.depth, flow, depth.valid)
        if stabilisation != Stabilisation.OFF:
            del depth  # a long clip's worth of memory
            pixels = stabilisation != Stabilisation.FRAMES
            steady, alignment = stabilise(raw, flow, pixels, progress, frames=camera_to_world is None)
            if stabilisation == Stabilisation.FRAMES_PIXELS_AND_NOISE:
                level = noise_level(raw, flow)
                steady = denoise(steady, flow, level, progress)
                lines.append(f"Noise that flickers: {level:.1%}" + (", smoothed." if level >= LEAST else ", left alone."))
            depth = to_depth(steady, far_ratio)
            after = measure_flicker(depth.depth, flow, depth.valid)
            lines.append(f"Stabilised ({stabilisation}): still in {alignment.still_pairs} of {len(video) - 1} pairs of frames.")
        lines.append(
            f"Flicker: {before}" + (f" before, {after} after." if stabilisation != Stabilisation.OFF else ", not stabilised.")
        )
    elif len(raw.values) > 1:
        lines.append("Flicker is not known without the video: connect it to measure and to stabilise.")
    chosen = fov if fov is not None else raw.fov
    geometry = geometry_from_depth(depth.depth, depth.valid, focal, chosen, camera_to_world, depth.metric)
    lines += [*depth.notes, _lens_line(geometry, focal, fov, raw.fov), _range_line(geometry)]
    return GeometryReport(geometry, before, after, lines)


def _lens_line(geometry: Geometry, focal: float | None, fov: float | None, own: float | None) -> str:
    pixels = float(geometry.intrinsics[0, 0, 0])
    degrees = math.degrees(field_of_view(geometry.intrinsics[0], geometry.size[1]))
    origin = "given" if focal is not None or fov is not None else "the model's estimate"
    if origin != "given" and own is None:
        origin = f"assumed; nothing says otherwise, so {math.degrees(DEFAULT_FOV):.0f} degrees"
    return f"Lens: {degrees:.1f} degrees across, {pixels:.0f} px ({origin})."


def _range_line(geometry: Geometry) -> str:
    known = geometry.depth[geometry.valid]
    unit = " m" if geometry.metric else ""
    return f"Depth from {float(known.min()):.3g} to {float(known.max()):.3g}{unit}, pivot {geometry.pivot_depth:.3g}{unit}."
