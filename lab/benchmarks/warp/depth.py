"""The basis of the depth room's defaults: edge-aware upsampling on a stereo pair, stabilisation on known and real clips.

"Error" is the mean of ``|log z - log z_true|`` in percent. The sliding clip is the stereo pair's left view through a moving
window, its true depth disturbed by a factor a frame (5 %) and smooth local noise (4 %), both seeded.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from inversecrafter_core.depth import OnnxDepth, RawDepth, build_geometry, measure_flicker, stabilise
from inversecrafter_core.depth.convert import fill_invalid
from inversecrafter_core.depth.upsample import guided_upsample, joint_bilateral_upsample, resize_map
from inversecrafter_core.flow import clip_flow
from inversecrafter_core.warp import Viewer
from lab.benchmarks.report import Place, Row, not_measured, row
from lab.benchmarks.runner import main
from lab.data.assets import asset, why_missing
from lab.data.stereo import StereoPair, psnr, stereo_pair, why_no_pair
from lab.data.unseen import REAL_CLIPS, real_clip

WINDOW, STEP, FRAMES = (240, 320), 4, 25
REAL_SIZE = 288, 352


def upsampling(pair: StereoPair) -> list[Row]:
    """Shrink true inverse depth and bring it back; measure its error and the warp that it makes to the right view."""
    truth = fill_invalid(pair.geometry.depth, pair.geometry.valid)
    size, image, found = (truth.shape[1], truth.shape[2]), pair.left[None], []
    for small in ((224, 224), (64, 96)):
        low = resize_map(1 / truth, small, "area")
        made = {
            "bilinear": resize_map(low, size),
            "joint bilateral": joint_bilateral_upsample(low, image),
            "guided": guided_upsample(low, image, radius=2),
        }
        for name, inverse in made.items():
            found += _against_truth(f"truth from {small[0]}x{small[1]}, {name}", 1 / inverse, truth, pair)
    return found


def fastdepth(pair: StereoPair, model: Path) -> list[Row]:
    """Measure FastDepth on the left view, brought to the truth's scale and shift in inverse depth."""
    truth, found = fill_invalid(pair.geometry.depth, pair.geometry.valid), []
    for name, edge_aware in (("bilinear", False), ("edge-aware", True)):
        inverse = 1 / OnnxDepth(model, edge_aware=edge_aware).estimate(pair.left[None]).values
        known = inverse[pair.geometry.valid]
        fit = torch.linalg.lstsq(torch.stack([known, torch.ones_like(known)], 1), 1 / truth[pair.geometry.valid][:, None])
        scale, shift = fit.solution[:, 0]
        aligned = 1 / (scale * inverse + shift).clamp(min=float(1 / truth.max()) / 4)
        found += _against_truth(f"FastDepth, {name}", aligned, truth, pair)
    return found


def _against_truth(name: str, depth: torch.Tensor, truth: torch.Tensor, pair: StereoPair) -> list[Row]:
    viewer = Viewer(replace(pair.geometry, depth=depth), pair.camera[None], pair.intrinsics[None], 1.0)
    view = viewer.see(pair.left, 0, 0)
    error = (depth.log() - truth.log()).abs()[0]
    reach = np.ones((7, 7), np.uint8)
    edge = torch.from_numpy(cv2.dilate(truth[0].numpy(), reach) > 1.15 * cv2.erode(truth[0].numpy(), reach))
    known = pair.geometry.valid[0]
    return [
        row("error", 100 * float(error[known].mean()), "%", case=name),
        row("error at depth edges", 100 * float(error[known & edge].mean()), "%", case=name),
        row("warp, PSNR on covered pixels", psnr(view.image, pair.right, view.visible), "dB", case=name),
        row("warp, covered", 100 * float(view.visible.float().mean()), "%", case=name),
    ]


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
    """Measure upsampling, FastDepth and stabilisation; ``frames`` of each real clip."""
    pair, model = stereo_pair(), asset("fastdepth")
    if pair is None or model is None:
        return [not_measured("depth", why_no_pair() or why_missing("fastdepth"))]
    return upsampling(pair) + fastdepth(pair, model) + stabilisation(pair, seed) + real_clips(model, frames)


if __name__ == "__main__":
    main(rows)
