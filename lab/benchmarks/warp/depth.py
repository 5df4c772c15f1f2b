"""What the depth room's defaults rest on: edge-aware upsampling on a stereo pair, stabilisation on known and real clips.

    python -m lab.benchmarks.warp.depth --seed 0 --json FILE

"Error" is the mean of ``|log z - log z_true|`` in percent. The sliding clip is the stereo pair's left view through a moving
window, its true depth disturbed by a factor a frame (5 %) and smooth local noise (4 %), both seeded.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
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
from lab.benchmarks.report import Row, at_most, main
from lab.data.assets import asset, why_missing
from lab.data.stereo import StereoPair, load_stereo_pair, psnr

PAIR = ("motorcycle_left", "motorcycle_right", "motorcycle_disp")
WINDOW, STEP, FRAMES = (240, 320), 4, 25
CLIPS = ("carphone", "bikes", "bigbuckbunny")


def upsampling(pair: StereoPair) -> list[Row]:
    """True inverse depth, shrunk and brought back, in error and in what the warp to the right view makes of it."""
    truth = fill_invalid(pair.geometry.depth, pair.geometry.valid)
    size, image, rows = (truth.shape[1], truth.shape[2]), pair.left[None], []
    for small in ((224, 224), (64, 96)):
        low = resize_map(1 / truth, small, "area")
        made = {
            "bilinear": resize_map(low, size),
            "joint bilateral": joint_bilateral_upsample(low, image),
            "guided": guided_upsample(low, image, radius=2),
        }
        for name, inverse in made.items():
            rows += _against_truth(f"truth from {small[0]}x{small[1]}, {name}", 1 / inverse, truth, pair)
    return rows


def fastdepth(pair: StereoPair, model: Path) -> list[Row]:
    """FastDepth on the left view, brought to the truth's scale and shift in inverse depth."""
    truth, rows = fill_invalid(pair.geometry.depth, pair.geometry.valid), []
    for name, edge_aware in (("bilinear", False), ("edge-aware", True)):
        inverse = 1 / OnnxDepth(model, edge_aware=edge_aware).estimate(pair.left[None]).values
        known = inverse[pair.geometry.valid]
        fit = torch.linalg.lstsq(torch.stack([known, torch.ones_like(known)], 1), 1 / truth[pair.geometry.valid][:, None])
        scale, shift = fit.solution[:, 0]
        aligned = 1 / (scale * inverse + shift).clamp(min=float(1 / truth.max()) / 4)
        rows += _against_truth(f"FastDepth, {name}", aligned, truth, pair)
    return rows


def _against_truth(name: str, depth: torch.Tensor, truth: torch.Tensor, pair: StereoPair) -> list[Row]:
    viewer = Viewer(replace(pair.geometry, depth=depth), pair.camera[None], pair.intrinsics[None], 1.0)
    view = viewer.see(pair.left, 0, 0)
    error = (depth.log() - truth.log()).abs()[0]
    reach = np.ones((7, 7), np.uint8)
    edge = torch.from_numpy(cv2.dilate(truth[0].numpy(), reach) > 1.15 * cv2.erode(truth[0].numpy(), reach))
    known = pair.geometry.valid[0]
    return [
        Row(f"{name}: error", 100 * float(error[known].mean()), "%"),
        Row(f"{name}: error at depth edges", 100 * float(error[known & edge].mean()), "%"),
        Row(f"{name}: warp, PSNR on covered pixels", psnr(view.image, pair.right, view.visible), "dB"),
        Row(f"{name}: warp, covered", 100 * float(view.visible.float().mean()), "%"),
    ]


def stabilisation(pair: StereoPair, seed: int) -> list[Row]:
    """Error and flicker of a disturbed sliding clip, before and after; and what stabilisation does to depth that is right."""
    truth = fill_invalid(pair.geometry.depth, pair.geometry.valid)[0]
    height, width = WINDOW
    views = [(slice(100, 100 + height), slice(20 + STEP * t, 20 + STEP * t + width)) for t in range(FRAMES)]
    video, depth = torch.stack([pair.left[v] for v in views]), torch.stack([truth[v] for v in views])
    generator = torch.Generator().manual_seed(seed)
    local = torch.nn.functional.interpolate(torch.randn(FRAMES, 1, 6, 8, generator=generator), size=WINDOW, mode="bicubic")
    disturbed = depth * torch.exp(0.05 * torch.randn(FRAMES, 1, 1, generator=generator) + 0.04 * local[:, 0])
    flow = clip_flow(video)
    rows = [Row("sliding clip, disturbed: error", _error(disturbed, depth), "%")]
    rows.append(Row("sliding clip, disturbed: flicker", measure_flicker(disturbed, flow).percent, "%"))
    for name, pixels in (("frames", False), ("frames and pixels", True)):
        steady = stabilise(RawDepth(disturbed, "relative_depth"), flow, pixels)[0].values
        rows.append(Row(f"sliding clip, {name}: error", _error(steady, depth), "%"))
        rows.append(Row(f"sliding clip, {name}: flicker", measure_flicker(steady, flow).percent, "%"))
    kept = stabilise(RawDepth(depth, "relative_depth"), flow)[0].values
    return [*rows, at_most("right depth, stabilised: error", _error(kept, depth), "%", 0.5)]


def _error(depth: torch.Tensor, truth: torch.Tensor) -> float:
    difference = depth.log() - truth.log()
    return 100 * float((difference - difference.median()).abs().mean())


def real_clips(model: Path, frames: int) -> list[Row]:
    """Flicker of FastDepth on real footage; the target is what the pack promises: at most half of what came in."""
    rows = []
    for name in CLIPS:
        path = asset(name)
        if path is None:
            rows.append(Row(f"{name} not measured ({why_missing(name)})", 0, ""))
            continue
        video = _read(path, frames)
        made = build_geometry(OnnxDepth(model).estimate(video), video)
        if made.before is not None and made.after is not None:
            rows.append(Row(f"{name}, FastDepth: flicker before", made.before.percent, "% a frame"))
            after, bound = made.after.percent, made.before.percent / 2
            rows.append(at_most(f"{name}, FastDepth: flicker after", after, "% a frame", bound))
    return rows


def _read(path: Path, frames: int, long_side: int = 480) -> torch.Tensor:
    capture, images = cv2.VideoCapture(str(path)), []
    while len(images) < frames:
        more, image = capture.read()
        if not more:
            break
        scale = min(1.0, long_side / max(image.shape[:2]))
        image = cv2.resize(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        images.append(torch.from_numpy(image))
    return torch.stack(images).float() / 255


def run(seed: int, args: argparse.Namespace) -> Sequence[Row]:
    files = [asset(name) for name in PAIR]
    found = [file for file in files if file is not None]
    model = asset("fastdepth")
    if len(found) < len(files) or model is None:
        missing = [f"{name}: {why_missing(name)}" for name in (*PAIR, "fastdepth") if asset(name) is None]
        return [Row(f"not measured ({', '.join(missing)})", 0, "")]
    pair = load_stereo_pair(*found)
    return upsampling(pair) + fastdepth(pair, model) + stabilisation(pair, seed) + real_clips(model, args.frames)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--frames", type=int, default=33, help="of each real clip")


if __name__ == "__main__":
    main("depth", run, add_arguments)
