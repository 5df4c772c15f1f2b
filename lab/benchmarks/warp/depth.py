"""Stabilisation of depth: its error and flicker on a known clip, and its flicker on real ones.

"Error" is the mean of ``|log z - log z_true|`` in percent. The sliding clip is the stereo pair's left view through a moving
window, its true depth disturbed by a factor a frame (5 %) and smooth local noise (4 %), both seeded.
"""

from __future__ import annotations

from pathlib import Path

import torch

from inversecrafter_core.depth import OnnxDepth, RawDepth, build_geometry, measure_flicker, stabilise
from inversecrafter_core.depth.convert import fill_invalid
from inversecrafter_core.flow import clip_flow
from lab.benchmarks.report import Place, Row, not_measured, row
from lab.benchmarks.runner import main
from lab.data.assets import asset, why_missing
from lab.data.stereo import StereoPair, stereo_pair, why_no_pair
from lab.data.unseen import REAL_CLIPS, real_clip

WINDOW, STEP, FRAMES = (240, 320), 4, 25
REAL_SIZE = 288, 352


def stabilisation(pair: StereoPair, seed: int) -> list[Row]:
    """Measure error and flicker of a disturbed sliding clip before and after, and the error that right depth gets."""
    truth = fill_invalid(pair.geometry.depth, pair.geometry.valid)[0]
    height, width = WINDOW
    views = [(slice(100, 100 + height), slice(20 + STEP * t, 20 + STEP * t + width)) for t in range(FRAMES)]
    video, depth = torch.stack([pair.left[v] for v in views]), torch.stack([truth[v] for v in views])
    generator = torch.Generator().manual_seed(seed)
    local = torch.nn.functional.interpolate(torch.randn(FRAMES, 1, 6, 8, generator=generator), size=WINDOW, mode="bicubic")
    disturbed = depth * torch.exp(0.05 * torch.randn(FRAMES, 1, 1, generator=generator) + 0.04 * local[:, 0])
    flow = clip_flow(video)
    clips = {"disturbed": disturbed}
    for name, pixels in (("frames", False), ("frames and pixels", True)):
        clips[name] = stabilise(RawDepth(disturbed, "relative_depth"), flow, pixels)[0].values
    found = []
    for name, shown in clips.items():
        found.append(row("error", _error(shown, depth), "%", case="sliding clip", method=name))
        found.append(row("flicker", measure_flicker(shown, flow).percent, "%", case="sliding clip", method=name))
    kept = stabilise(RawDepth(depth, "relative_depth"), flow)[0].values
    return [*found, row("error", _error(kept, depth), "%", most=0.5, case="right depth, stabilised")]


def _error(depth: torch.Tensor, truth: torch.Tensor) -> float:
    difference = depth.log() - truth.log()
    return 100 * float((difference - difference.median()).abs().mean())


def real_clips(model: Path, frames: int) -> list[Row]:
    """Measure the flicker of FastDepth on real footage; the pack promises at most half of what came in."""
    found = []
    for name in REAL_CLIPS:
        if asset(name) is None:
            found.append(not_measured(name, why_missing(name)))
            continue
        video = real_clip(name, frames, *REAL_SIZE)
        made = build_geometry(OnnxDepth(model).estimate(video), video)
        if made.before is not None and made.after is not None:
            place, half = Place(case=f"{name}, FastDepth"), made.before.percent / 2
            found.append(row("flicker before", made.before.percent, "% a frame", **place))
            found.append(row("flicker after", made.after.percent, "% a frame", most=half, **place))
    return found


def rows(seed: int, frames: int = 33) -> list[Row]:
    """Measure stabilisation on a known clip and on ``frames`` of each real one."""
    pair, model = stereo_pair(), asset("fastdepth")
    if pair is None or model is None:
        return [not_measured("depth", why_no_pair() or why_missing("fastdepth"))]
    return stabilisation(pair, seed) + real_clips(model, frames)


if __name__ == "__main__":
    main(rows)
