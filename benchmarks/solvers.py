"""Solvers compared on scenes whose new view is rendered: ours, its settings, and the relatives', on one model.

``python -m benchmarks.solvers --seed 0 --json - [--scenes 3] [--steps 16]``

Each unseen scene is seen from an arc, warped by exact depth, filled by Telea's method, encoded, and masked by the default
training-free mask. Ways ``holes from other times`` start from another infill, which follows optical flow to when a place was
seen. Figures of a way are means over scenes; names read ``way: figure``:

* ``kept`` = against the warp on visible pixels, as the paper measures; ``whole`` and ``holes`` = against the true view;
* ``past the VAE`` = against the true view as the VAE reconstructs it, so that the VAE's own error, which every way has,
  does not hide the rest;
* ``flicker`` = false change from frame to frame over the truth's own change;
* ``seam`` = PSNR against the true view within 8 pixels of a hole's edge;
* ``time`` and ``memory`` = processor time and the process's peak, over the bare model's of the same scene; one run each, so
  differences of a few percent are noise. What guidance costs to a percent is measured by ``benchmarks.overhead``.
"""

from __future__ import annotations

import argparse
import gc
import logging
from collections import defaultdict
from collections.abc import Callable, Collection
from functools import partial
from statistics import mean

import torch

from benchmarks.overhead import peak_memory, seconds
from benchmarks.report import Row, at_least, at_most, main
from benchmarks.solver_ways import (
    ABLATIONS,
    BARE,
    CG5,
    DPS,
    EXACT,
    HELD,
    LIMITS,
    METHODS,
    PASTE,
    PASTE_HALF,
    PIXELS,
    REFILLED,
    Case,
    Lab,
    Way,
    cases,
)
from benchmarks.unseen import scene_seeds
from hosting.assets import why_missing
from hosting.lpips import load_lpips
from inversecrafter_core.evaluation import (
    DistanceMap,
    flicker,
    masked_lpips,
    masked_psnr,
    masked_ssim,
    seam_psnr,
    temporal_change,
)
from training.shipped import decode, load_dit, load_vae

COSTS = ("time", "memory")
UNITS = {"time": "x", "memory": "x", "flicker": "x"}
FEW = ("kept PSNR", "whole PSNR", "whole LPIPS", "holes PSNR", "holes LPIPS", "seam PSNR", "seam PSNR past the VAE")
"""Figures of an ablation."""
logger = logging.getLogger(__name__)
Figures = dict[str, list[float]]


def quality(
    video: torch.Tensor, case: Case, distance: DistanceMap | None, wanted: Collection[str] | None = None
) -> dict[str, float]:
    """Every figure of a result that is not a cost, or those that are ``wanted``."""
    metrics = {"PSNR": masked_psnr, "SSIM": masked_ssim}
    if distance is not None:
        metrics["LPIPS"] = partial(masked_lpips, distance=distance)
    everywhere, holes = torch.ones_like(case.visible), 1 - case.visible
    regions = {"kept": (case.warp, case.visible), "whole": (case.truth, everywhere), "holes": (case.truth, holes)}
    figures: dict[str, Callable[[], float]] = {
        f"{region} {name}": partial(metric, video, reference, where)
        for region, (reference, where) in regions.items()
        for name, metric in metrics.items()
    }
    figures |= {
        "whole PSNR past the VAE": lambda: masked_psnr(video, case.reachable),
        "holes PSNR past the VAE": lambda: masked_psnr(video, case.reachable, holes),
        "seam PSNR": lambda: seam_psnr(video, case.truth, case.visible),
        "seam PSNR past the VAE": lambda: seam_psnr(video, case.reachable, case.visible),
        "flicker": lambda: flicker(video, case.truth) / temporal_change(case.truth),
    }
    return {name: measure() for name, measure in figures.items() if wanted is None or name in wanted}


def costs(way: Way, lab: Lab, case: Case) -> tuple[torch.Tensor, float, float]:
    """One run: its latents, seconds, and peak bytes of the process (nan where that cannot be asked)."""
    kept: dict[str, torch.Tensor] = {}
    peaks: list[float] = []

    def run() -> None:
        kept["latents"] = way(lab, case)

    gc.collect()
    took = seconds(lambda: peaks.append(peak_memory(run) or float("nan")))
    return kept["latents"], took, peaks[0]


def compare(lab: Lab, some: list[Case], ways: dict[str, Way]) -> dict[str, Figures]:
    """All ways, the bare one among them, on all cases: figures by way and name, one a case."""
    distance, found = load_lpips(), {name: defaultdict[str, list[float]](list) for name in ways}
    if distance is None:
        logger.warning("without LPIPS: %s", why_missing("lpips_alexnet"))
    METHODS[BARE](lab, some[0])  # the first run in a process is slower than the next
    for number, case in enumerate(some):
        bare: dict[str, float] = {}
        for name, way in {BARE: METHODS[BARE], **ways}.items():
            latents, took, peak = costs(way, lab, case)
            bare = bare or {"time": took, "memory": peak}
            wanted = FEW if name in ABLATIONS else None
            figures = quality(decode(lab.coder, latents), case, distance.maps if distance else None, wanted)
            for figure, value in (figures | {"time": took / bare["time"], "memory": peak / bare["memory"]}).items():
                found[name][figure].append(value)
            logger.info("scene %d, %s", number + 1, name)
    return {name: dict(figures) for name, figures in found.items()}


def table(found: dict[str, Figures]) -> list[Row]:
    """Means over scenes, way by way; costs of the methods alone."""
    return [
        Row(f"{way}: {name}", mean(values), "dB" if "PSNR" in name else UNITS.get(name, ""))
        for way, figures in found.items()
        for name, values in figures.items()
        if way in METHODS or name not in COSTS
    ]


def targets(found: dict[str, Figures]) -> list[Row]:
    """What was promised, as differences and ratios of the same figures."""
    at = {way: {name: mean(values) for name, values in figures.items()} for way, figures in found.items()}
    rows = [
        at_least(f"{name}, exact or CG-5 above {paste}", max(at[EXACT][name], at[CG5][name]) - at[paste][name], "dB", 1.0)
        for paste in (PASTE, PASTE_HALF)
        for name in ("seam PSNR", "seam PSNR past the VAE")
    ]
    rows += [
        at_least("time, DPS over ours", at[DPS]["time"] / at[EXACT]["time"], "x", 3.0),
        at_least("time, pixel-space DDS over ours", at[PIXELS]["time"] / at[EXACT]["time"], "x", 2.0),
        at_least("holes PSNR, ours above the bare model", at[EXACT]["holes PSNR"] - at[BARE]["holes PSNR"], "dB", 0.0),
    ]
    return rows + (perceptual_targets(at) if "whole LPIPS" in at[EXACT] else [])


def perceptual_targets(at: dict[str, dict[str, float]]) -> list[Row]:
    """Those that need LPIPS: on either infill against the best baseline that has it, in the holes against the bare model."""
    whole = {way: figures["whole LPIPS"] for way, figures in at.items() if way in METHODS}
    others = {way: value for way, value in whole.items() if not way.startswith("DDS")}
    on_telea = min(value for way, value in others.items() if not way.endswith(HELD))
    on_held = min(value for way, value in others.items() if way.endswith(HELD))
    return [
        at_most("whole LPIPS, ours over the best baseline's", whole[EXACT] / on_telea, "x", 1.0),
        at_most("whole LPIPS, ours refilled once over the best baseline's", whole[REFILLED] / on_telea, "x", 1.0),
        at_most(f"whole LPIPS, ours over the best baseline's{HELD}", whole[EXACT + HELD] / on_held, "x", 1.0),
        at_most("whole LPIPS, ours over DPS's", whole[EXACT] / whole[DPS], "x", 1.0),
        at_most("holes LPIPS, ours over the bare model's", at[EXACT]["holes LPIPS"] / at[BARE]["holes LPIPS"], "x", 1.0),
    ]


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    """Everything, or the methods alone."""
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    lab = Lab.of(load_dit(), load_vae(), args.steps)
    some = list(cases(scene_seeds(seed, 8 * args.scenes), args.scenes, lab.coder))
    found = compare(lab, some, LIMITS | METHODS | ({} if args.methods_only else ABLATIONS))
    holes = mean(float((case.visible == 0).float().mean()) for case in some)
    rows = [Row(f"holes of the warp, {len(some)} scenes", 100 * holes, "%")]
    return rows + targets(found) + table(found)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=3)
    parser.add_argument("--steps", type=int, default=16, help="sampling steps of a run")
    parser.add_argument("--methods-only", action="store_true", help="leave out the sweeps of single settings")
    parser.add_argument("--threads", type=int, default=2)


if __name__ == "__main__":
    main("solvers", run, add_arguments)
