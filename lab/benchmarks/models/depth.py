"""The embedded depth network against its targets, on scenes and footage that it never saw.

"Within 1.25" is the part of pixels whose depth is off by less than a factor of 1.25 after one scale for the whole clip (the
median of the log ratio). The order of depths on a stereo pair is Spearman's rank correlation of inverse depth with the true
disparity, which forgives any monotonous error: it asks only what is nearer. Edges are measured by ``lab.metrics.depth_edges``.
Flicker is measured on one real frame repeated with sensor noise of 2/255, nothing stabilised, along its own optical flow
(``inversecrafter_core.depth.steady.flicker``). FastDepth and the prior without a model stand beside.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import numpy as np
import torch
from scipy.stats import spearmanr

from inversecrafter_core.depth import DepthEstimator, OnnxDepth, SmallDepth, VerticalGradientPrior, measure_flicker
from inversecrafter_core.errors import InputError
from inversecrafter_core.flow import clip_flow
from lab.benchmarks.report import Row, not_measured, row
from lab.benchmarks.runner import main
from lab.data.assets import asset, why_missing
from lab.data.blender.render import SKY, render_scenes
from lab.data.levels.clips import level_clip
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.data.rooms import rooms, why_no_rooms
from lab.data.stereo import aloe_pair, stereo_pair, why_no_pair
from lab.data.unseen import REAL_CLIPS, real_clip, scene_seeds
from lab.host.paths import RUNS
from lab.metrics.depth_edges import edges_off
from lab.metrics.intervals import interval
from lab.models.shipped import DEPTH_FILE
from lab.world import frame_times, random_scene, render

SENSOR_NOISE = 2 / 255
HELD_OUT = range(9_000, 9_400)
"""Seeds of scenes by other makers; of Blender's, those from 10,000 on train."""
OURS, FASTDEPTH, PRIOR, WITHIN = "ours", "FastDepth", "prior", "within 1.25"
ORDER, ALOE = "order of depths, rank correlation", "second stereo pair"
SCENES_TARGET, PAIR_TARGET, FLICKER_TARGET, EDGES_TARGET = 90.0, 80.0, 0.5, 1.5
Estimators = dict[str, DepthEstimator]


def within(depth: torch.Tensor, truth: torch.Tensor, valid: torch.Tensor | None = None) -> float:
    """Return percent of pixels of ``depth [F, H, W]`` within a factor of 1.25 of ``truth``, after one scale for all of them."""
    known = torch.isfinite(truth) if valid is None else valid
    error = (depth.log() - truth.log())[known]
    return 100 * float(((error - error.median()).abs() < math.log(1.25)).float().mean())


def estimators() -> Estimators:
    """Return ours, the prior, and FastDepth where it can be had."""
    path = asset("fastdepth")
    found: Estimators = {OURS: SmallDepth.load(DEPTH_FILE), PRIOR: VerticalGradientPrior()}
    return found if path is None else found | {FASTDEPTH: OnnxDepth(path)}


def still_clip(name: str, seed: int) -> torch.Tensor:
    """Return ``[FRAMES, HEIGHT, WIDTH, 3]``: the first picture of a real clip repeated, with fresh sensor noise each time."""
    picture = real_clip(name, 1, HEIGHT, WIDTH)
    noise = torch.randn(FRAMES, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(seed))
    return (picture + SENSOR_NOISE * noise).clamp(0, 1)


def on_scenes(models: Estimators, seed: int, count: int) -> list[Row]:
    """Measure on held-out scenes."""
    scores: dict[str, list[float]] = {name: [] for name in models}
    edges: dict[str, list[float]] = {name: [] for name in models}
    for number in scene_seeds(seed, count):
        clip = render(random_scene(number), frame_times(FRAMES), HEIGHT, WIDTH)
        for name, model in models.items():
            depth = model.estimate(clip.colour).values
            scores[name].append(within(depth, clip.depth))
            edges[name].append(edges_off(depth, clip.depth))
    case, found = f"{count} held-out scenes", []
    for name, values in scores.items():
        bound = {"least": SCENES_TARGET} if name == OURS else {}
        found.append(row(WITHIN, sum(values) / count, "%", case=case, method=name, **bound))
    found += _edge_rows(edges, case)
    return [*found, row(f"{WITHIN}, worst scene", min(scores[OURS]), "%", case=case, method=OURS)]


def far_to_near(depth: torch.Tensor, known: torch.Tensor) -> float:
    """Return the ratio of the 95th to the 5th percentile of ``depth`` where it is ``known``."""
    low, high = depth[known].quantile(torch.tensor([0.05, 0.95]))
    return float(high / low)


def on_other_makers(models: Estimators, seed: int, count: int) -> list[Row]:
    """Measure on held-out scenes by Blender, a maker whose other scenes train ours, and on a game's levels, which do not."""
    seeds = random.Random(seed).sample(HELD_OUT, min(count, len(HELD_OUT)))
    found: list[Row] = []
    for case, clips in (("scenes by Blender", _by_blender), ("views of Freedoom's levels, a maker never seen", _of_levels)):
        try:
            found += _on_clips(models, f"{len(seeds)} {case}", clips(seeds))
        except InputError as missing:
            found.append(not_measured(case, str(missing)))
    return found


def _by_blender(seeds: list[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    folder = RUNS / "blender_held_out"
    render_scenes(seeds, folder, (2, HEIGHT, WIDTH))
    for number in seeds:
        with np.load(folder / f"{number}.npz") as stored:
            yield stored["colour"], stored["depth"]


def _of_levels(seeds: list[int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    return (level_clip(number, HEIGHT, WIDTH) for number in seeds)


def _on_clips(models: Estimators, case: str, clips: Iterator[tuple[np.ndarray, np.ndarray]]) -> list[Row]:
    """Measure on pictures and their depth; under the sky the truth counts for nothing."""
    scores: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    edges: dict[str, list[float]] = {name: [] for name in models}
    for colour, true in clips:
        video, truth = torch.from_numpy(colour).float() / 255, torch.from_numpy(true).float()
        known = truth < SKY / 2
        for key, model in models.items():
            depth = model.estimate(video).values
            ratio = far_to_near(depth, known) / far_to_near(truth, known)
            scores[key].append((within(depth, truth, known), 100 * abs(math.log(ratio))))
            edges[key].append(edges_off(depth, truth))
    found: list[Row] = []
    for key, pairs in scores.items():
        parts, ratios = zip(*pairs, strict=True)
        bound = ({"least": PAIR_TARGET}, {"most": 100 * math.log(1.3)}) if key == OURS else ({}, {})
        found.append(row(WITHIN, interval(list(parts)), "%", case=case, method=key, **bound[0]))
        found.append(row("log far-to-near ratio, off by", interval(list(ratios)), "%", case=case, method=key, **bound[1]))
    return found + _edge_rows(edges, case)


def _edge_rows(edges: dict[str, list[float]], case: str) -> list[Row]:
    """Return how far each model's edges are off, over the clips that have edges."""
    found = []
    for name, values in edges.items():
        bound = {"most": EDGES_TARGET} if name == OURS else {}
        known = [value for value in values if math.isfinite(value)]
        found.append(row("depth edges, off by", interval(known), "pixels", case=case, method=name, **bound))
    return found


def order_of_depths(depth: torch.Tensor, disparity: torch.Tensor, known: torch.Tensor) -> float:
    """Return the rank correlation of ``-depth [H, W]`` with ``disparity`` where it is ``known``: 1 = the same order."""
    return float(spearmanr(-depth[known].numpy(), disparity[known].numpy()).statistic)


def on_pairs(models: Estimators) -> list[Row]:
    """Measure on the two stereo pairs, on the second the order of depths alone."""
    pair, aloe, found = stereo_pair(), aloe_pair(), []
    if pair is None:
        found.append(not_measured("stereo pair", why_no_pair()))
    if aloe is None:
        found.append(not_measured(f"{ALOE}, {ORDER}", "Debian's opencv-doc is not installed"))
    for name, model in models.items():
        if pair is not None:
            depth, truth, valid = model.estimate(pair.left[None]).values, pair.geometry.depth, pair.geometry.valid
            bound = {"least": PAIR_TARGET} if name == OURS else {}
            found.append(row(WITHIN, within(depth, truth, valid), "%", case="stereo pair", method=name, **bound))
            order = order_of_depths(depth[0], 1 / truth[0], valid[0])
            found.append(row(ORDER, order, "", case="stereo pair", method=name))
        if aloe is not None:
            order = order_of_depths(model.estimate(aloe[0][None]).values[0], aloe[1], aloe[1] > 0)
            found.append(row(ORDER, order, "", case=ALOE, method=name))
    return found


def on_rooms(models: Estimators) -> list[Row]:
    """Measure on real rooms whose depth a stereo camera measured, an interval over the rooms."""
    found, measured = [], rooms()
    if not measured:
        return [not_measured("rooms by a stereo camera", why_no_rooms())]
    case = f"{len(measured)} real rooms by a stereo camera"
    for name, model in models.items():
        depths = [model.estimate(room.picture[None]).values for room in measured]
        parts = [within(depth, room.depth[None], room.known[None]) for depth, room in zip(depths, measured, strict=True)]
        orders = [order_of_depths(depth[0], 1 / room.depth, room.known) for depth, room in zip(depths, measured, strict=True)]
        bound = {"least": PAIR_TARGET} if name == OURS else {}
        found.append(row(WITHIN, interval(parts), "%", case=case, method=name, **bound))
        found.append(row(ORDER, interval(orders), "", case=case, method=name))
    return found


def on_still_clips(models: Estimators, seed: int) -> list[Row]:
    """Measure flicker on real pictures that stand still."""
    found = []
    for name in REAL_CLIPS:
        if asset(name) is None:
            found.append(not_measured(name, why_missing(name)))
            continue
        video, case = still_clip(name, seed), f"{name} standing still"
        flow = clip_flow(video)
        shown = {key: models[key].estimate(video).values for key in (OURS, FASTDEPTH) if key in models}
        flicker = {key: measure_flicker(depth, flow).percent for key, depth in shown.items()}
        bound = {"most": FLICKER_TARGET * flicker[FASTDEPTH]} if FASTDEPTH in flicker else {}
        found.append(row("flicker", flicker.pop(OURS), "% a frame", case=case, method=OURS, **bound))
        found += [row("flicker", value, "% a frame", case=case, method=other) for other, value in flicker.items()]
    return found


def rows(seed: int, scenes: int = 8) -> list[Row]:
    """Measure every figure of the depth network's card."""
    models = estimators()
    missing = [] if FASTDEPTH in models else [not_measured(FASTDEPTH, why_missing("fastdepth"))]
    worlds = [*on_scenes(models, seed, scenes), *on_other_makers(models, seed, scenes)]
    return [*worlds, *on_pairs(models), *on_rooms(models), *on_still_clips(models, seed), *missing]


if __name__ == "__main__":
    main(rows)
