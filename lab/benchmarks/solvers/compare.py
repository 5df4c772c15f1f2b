"""Solvers compared on scenes whose new view is rendered, ours and the relatives' on one model, under priors of rising strength.

``python -m lab.benchmarks.solvers.compare --seed 0 --json - [--scenes 16] [--strengths 0 0.5 0.9] [--settings] [--pixels]``

Each unseen scene is seen from an arc, warped by exact depth, filled by Telea's method, encoded, and masked by the default mask.
*Strength* moves the model's prediction towards the truth (:mod:`lab.benchmarks.priors`): the embedded model, strength 0, is
weaker
than the filling, and rewards whatever trusts it; a real Wan is stronger. Every way, the bare model among them, has the same
prior. Figures are means over scenes with their 95 % interval, named ``strength S, way: figure``:

* ``kept`` = against the warp on visible pixels, as the paper measures; ``whole`` and ``holes`` = against the true view;
* ``past the VAE`` = against the true view as the VAE reconstructs it, so that the VAE's own error, which every way has,
  does not hide the rest;
* ``seam`` = PSNR against the true view within 8 pixels of a hole's edge;
* ``flicker`` = false change from frame to frame over the truth's own change;
* ``time`` = processor time of sampling over the bare model's of the same scene. What guidance costs to a percent is measured by
  ``lab.benchmarks.cost.overhead``.

Two ways are compared scene by scene; a verdict stands only where the whole interval is on one side.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
from collections import defaultdict
from collections.abc import Callable, Collection
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial

import torch

from inversecrafter_core.evaluation import (
    DistanceMap,
    flicker,
    masked_lpips,
    masked_psnr,
    masked_ssim,
    seam_psnr,
    temporal_change,
)
from lab.benchmarks.cost.timing import seconds
from lab.benchmarks.intervals import gains, mean_row, ratios, surely_at_least, surely_at_most
from lab.benchmarks.report import Row, main
from lab.benchmarks.scenes_at_once import first_scenes
from lab.data.assets import why_missing
from lab.data.unseen import scene_seeds
from lab.metrics.lpips import load_lpips
from lab.models.shipped import decode, load_dit, load_vae

from .methods import BARE, DPS, METHODS, OURS, PASTE, PASTE_HALF, PIXELS, RIVALS, SETTINGS, Case, Lab, Way, case_of, pixel_dds

SIZE = (96, 144)
"""Height and width: a quarter of the embedded model's pixels less than what it was trained at, half the time."""
STRENGTHS, PROMISED = (0.0, 0.5, 0.9), (0.0, 0.5)
"""What is swept, and where the method is to be at or below every other one."""
UNITS = {"time": "x", "flicker": "x"}
FILLED = "filled warp"
FEW = ("kept PSNR", "whole PSNR", "whole LPIPS", "holes LPIPS", "seam PSNR")
"""Figures of a setting, and of every way under a stronger prior."""
logger = logging.getLogger(__name__)
Figures = dict[str, list[float]]
Key = tuple[float, str]
"""Strength of the prior, and way."""
Scene = dict[Key, dict[str, float]]
"""Figures of one scene."""
Found = dict[Key, Figures]
"""By figure: a value a scene."""


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
        "seam PSNR": lambda: seam_psnr(video, case.truth, case.visible),
        "seam PSNR past the VAE": lambda: seam_psnr(video, case.reachable, case.visible),
        "flicker": lambda: flicker(video, case.truth) / temporal_change(case.truth),
    }
    return {name: measure() for name, measure in figures.items() if wanted is None or name in wanted}


@dataclass(frozen=True)
class Plan:
    """What is run on every scene; travels to the processes."""

    strengths: tuple[float, ...] = STRENGTHS
    steps: int = 16
    settings: bool = False
    pixels: bool = False

    @property
    def ways(self) -> dict[str, Way]:
        return METHODS | (SETTINGS if self.settings else {})


@cache
def models() -> tuple[Lab, DistanceMap | None]:
    """The embedded models and LPIPS, once a process."""
    distance = load_lpips()
    if distance is None:
        logger.warning("without LPIPS: %s", why_missing("lpips_alexnet"))
    return Lab.of(load_dit(), load_vae(), 1), None if distance is None else distance.maps


def begin() -> None:
    """A process of its own, on one thread."""
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(1)


def compare(plan: Plan, lab: Lab, case: Case, distance: DistanceMap | None) -> Scene:
    """Every way on one scene, all strengths of a way as one batch: figures by strength and way."""
    lab = Lab.of(lab.model, lab.coder, plan.steps, lab.shift, plan.strengths)
    METHODS[BARE](replace(lab, sigmas=lab.sigmas[:2]), case)  # the first run in a process is slower than the next
    found: Scene = {}
    took: dict[str, float] = {}
    for name, way in plan.ways.items():
        latents, took[name] = timed(way, lab, case)
        for strength, one in zip(plan.strengths, latents.split(1), strict=True):
            wanted = None if strength == plan.strengths[0] and name in METHODS else FEW
            found[strength, name] = quality(decode(lab.coder, one), case, distance, wanted)
        found[plan.strengths[0], name]["time"] = took[name] / took[BARE]
    holes = 100 * float((case.visible == 0).float().mean())
    found[plan.strengths[0], FILLED] = quality(decode(lab.coder, case.w), case, distance) | {"holes": holes}
    if plan.pixels:
        lab = replace(lab, strengths=plan.strengths[:1])
        latents, slow = timed(pixel_dds, lab, case)
        _, plain = timed(METHODS[BARE], lab, case)
        found[plan.strengths[0], PIXELS] = quality(decode(lab.coder, latents), case, distance) | {"time": slow / plain}
    return found


def timed(way: Way, lab: Lab, case: Case) -> tuple[torch.Tensor, float]:
    """Latents of a run, and its seconds."""
    made: list[torch.Tensor] = []
    took = seconds(lambda: made.append(way(lab, case)))
    return made[0], took


def scene(plan: Plan, seed: int) -> Scene | None:
    """:func:`compare` of a scene, or None where its holes are not worth judging."""
    lab, distance = models()
    case = case_of(seed, lab.coder, SIZE)
    return None if case is None else compare(plan, lab, case, distance)


def compared(plan: Plan, seeds: list[int], count: int, processes: int) -> Found:
    """Figures of the first ``count`` scenes that are worth judging; scenes go to ``processes`` at once."""
    found: Found = defaultdict(lambda: defaultdict(list))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, begin) as pool:
        for number, one in enumerate(first_scenes(partial(pool.submit, scene, plan), seeds, count, processes + 1)):
            for key, figures in one.items():
                for name, value in figures.items():
                    found[key][name].append(value)
            logger.info("scene %d of %d", number + 1, count)
    return found


def named(strength: float, what: str) -> str:
    return f"strength {strength:g}, {what}"


def table(found: Found) -> list[Row]:
    """Means over scenes with their intervals, way by way."""
    return [
        mean_row(f"{named(strength, way)}: {name}", values, "dB" if "PSNR" in name else UNITS.get(name, ""))
        for (strength, way), figures in sorted(found.items(), key=lambda item: item[0][0])
        for name, values in figures.items()
        if name != "holes"
    ]


def targets(found: Found) -> list[Row]:
    """What was promised: against every relative where that was promised, and what a soft mask is for."""
    first = min(strength for strength, _ in found)
    rows = [
        surely_at_least(f"{name}, ours above {paste}", gains(found[first, OURS][name], found[first, paste][name]), "dB", 1.0)
        for paste in (PASTE, PASTE_HALF)
        for name in ("seam PSNR", "seam PSNR past the VAE")
    ]
    rows.append(surely_at_least("time, DPS over ours", ratios(found[first, DPS]["time"], found[first, OURS]["time"]), "x", 3.0))
    return [*promised(found), *rows] if "whole LPIPS" in found[first, OURS] else rows


def promised(found: Found) -> list[Row]:
    """Whole-view LPIPS, ours over every other way's, at every strength; a target where one was promised."""
    rows = []
    for strength, way in sorted(found, key=lambda key: key[0]):
        if way not in (BARE, *RIVALS):
            continue
        ratio = ratios(found[strength, OURS]["whole LPIPS"], found[strength, way]["whole LPIPS"])
        name = named(strength, f"whole LPIPS, ours over {way}")
        if strength in PROMISED and way in RIVALS:
            rows.append(surely_at_most(name, ratio, "x", 1.0))
        else:
            rows.append(Row(name, ratio.mean, "x", None, None, *ratio.ends))
    return rows


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    plan = Plan(tuple(args.strengths), args.steps, args.settings, args.pixels)
    found = compared(plan, scene_seeds(seed, 8 * args.scenes), args.scenes, args.processes)
    holes = found[plan.strengths[0], FILLED].pop("holes")
    rows = [mean_row(f"holes of the warp, {len(holes)} scenes", holes, "%")]
    return rows + targets(found) + table(found)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=16)
    parser.add_argument("--steps", type=int, default=16, help="sampling steps of a run")
    parser.add_argument("--strengths", type=float, nargs="+", default=STRENGTHS, help="of the prior, 0 first")
    parser.add_argument("--settings", action="store_true", help="also one setting of ours changed at a time")
    parser.add_argument("--pixels", action="store_true", help="also data consistency in pixels, which takes ten times as long")
    parser.add_argument("--processes", type=int, default=2, help="each on one thread")


if __name__ == "__main__":
    main("solvers", run, add_arguments)
