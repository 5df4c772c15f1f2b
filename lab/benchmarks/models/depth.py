"""The embedded depth network against its targets, on scenes and footage that it never saw.

    python -m lab.benchmarks.models.depth --seed 0 --json FILE

"Within 1.25" is the part of pixels whose depth is off by less than a factor of 1.25 after one scale for the whole clip (the
median of the log ratio). Flicker is measured on one real frame repeated with sensor noise of 2/255, nothing stabilised, along
its own optical flow (see ``inversecrafter_core.depth.steady.flicker``). FastDepth and the prior without a model stand beside.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import torch

from inversecrafter_core.depth import DepthEstimator, OnnxDepth, SmallDepth, VerticalGradientPrior, measure_flicker
from inversecrafter_core.flow import clip_flow
from lab.benchmarks.report import Row, at_least, at_most, main
from lab.data.assets import asset, why_missing
from lab.data.stereo import load_stereo_pair
from lab.data.unseen import REAL_CLIPS, real_clip, scene_seeds
from lab.world import frame_times, random_scene, render

FILE = Path(__file__).resolve().parents[3] / "weights" / "depth" / "inversecrafter_small_depth.safetensors"
PAIR = ("motorcycle_left", "motorcycle_right", "motorcycle_disp")
FRAMES, HEIGHT, WIDTH = 17, 128, 192
SENSOR_NOISE = 2 / 255
SCENES_TARGET, PAIR_TARGET, FLICKER_TARGET = 90.0, 80.0, 0.5


def within(depth: torch.Tensor, truth: torch.Tensor, valid: torch.Tensor | None = None) -> float:
    """Percent of pixels of ``depth [F, H, W]`` within a factor of 1.25 of ``truth``, after one scale for all of them."""
    known = torch.isfinite(truth) if valid is None else valid
    error = (depth.log() - truth.log())[known]
    return 100 * float(((error - error.median()).abs() < math.log(1.25)).float().mean())


def teacher() -> OnnxDepth | None:
    """FastDepth, where it can be had and run."""
    path = asset("fastdepth")
    return None if path is None else OnnxDepth(path)


def still_clip(name: str, seed: int) -> torch.Tensor:
    """``[FRAMES, HEIGHT, WIDTH, 3]``: the first picture of a real clip again and again, with fresh sensor noise each time."""
    picture = real_clip(name, 1, HEIGHT, WIDTH)
    noise = torch.randn(FRAMES, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(seed))
    return (picture + SENSOR_NOISE * noise).clamp(0, 1)


def _scenes(models: dict[str, DepthEstimator], seed: int, count: int) -> list[Row]:
    scores: dict[str, list[float]] = {name: [] for name in models}
    for number in scene_seeds(seed, count):
        clip = render(random_scene(number), frame_times(FRAMES), HEIGHT, WIDTH)
        for name, model in models.items():
            scores[name].append(within(model.estimate(clip.colour).values, clip.depth))
    rows = []
    for name, found in scores.items():
        label, mean = f"{count} held-out scenes, {name}: within 1.25", sum(found) / count
        rows.append(at_least(label, mean, "%", SCENES_TARGET) if name == "ours" else Row(label, mean, "%"))
    return [*rows, Row(f"{count} held-out scenes, ours: within 1.25, worst scene", min(scores["ours"]), "%")]


def _pair(models: dict[str, DepthEstimator]) -> list[Row]:
    files = [asset(name) for name in PAIR]
    found = [file for file in files if file is not None]
    if len(found) < len(files):
        return [Row(f"stereo pair not measured ({why_missing(PAIR[0])})", 0, "")]
    pair, rows = load_stereo_pair(*found), []
    for name, model in models.items():
        label = f"stereo pair, {name}: within 1.25"
        part = within(model.estimate(pair.left[None]).values, pair.geometry.depth, pair.geometry.valid)
        rows.append(at_least(label, part, "%", PAIR_TARGET) if name == "ours" else Row(label, part, "%"))
    return rows


def _flicker(ours: DepthEstimator, other: OnnxDepth | None, seed: int) -> list[Row]:
    rows = []
    for name in REAL_CLIPS:
        if asset(name) is None:
            rows.append(Row(f"{name} not measured ({why_missing(name)})", 0, ""))
            continue
        video = still_clip(name, seed)
        flow, label = clip_flow(video), f"{name} standing still, ours: flicker"
        mine = measure_flicker(ours.estimate(video).values, flow).percent
        if other is None:
            rows.append(Row(label, mine, "% a frame"))
            continue
        its = measure_flicker(other.estimate(video).values, flow).percent
        rows.append(at_most(label, mine, "% a frame", FLICKER_TARGET * its))
        rows.append(Row(f"{name} standing still, FastDepth: flicker", its, "% a frame"))
    return rows


def rows(seed: int, scenes: int) -> list[Row]:
    """Every figure of the depth network's card; other scenes and other noise for every ``seed``."""
    ours, other = SmallDepth.load(FILE), teacher()
    models: dict[str, DepthEstimator] = {"ours": ours, "prior": VerticalGradientPrior()}
    if other is not None:
        models["FastDepth"] = other
    missing = [] if other is not None else [Row(f"FastDepth not measured ({why_missing('fastdepth')})", 0, "")]
    return [*_scenes(models, seed, scenes), *_pair(models), *_flicker(ours, other, seed), *missing]


def run(seed: int, args: argparse.Namespace) -> Sequence[Row]:
    return rows(seed, args.scenes)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=8)


if __name__ == "__main__":
    main("model_depth", run, add_arguments)
