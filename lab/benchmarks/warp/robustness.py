"""Depth errors: what they cost a guided clip, and what smoothing the depth by as much as it flickers regains of it.

``python -m lab.benchmarks.warp.robustness --seed 0 --json - [--scenes 16] [--strengths 0 0.5] [--steps 8]``

Rendered scenes, 9 frames of 96x144, whose depth is damaged (``lab.data.damage``) and then warped by our own warp to an arc;
the truth is the rendered view there. Each damage is sampled with the depth as it is, and with the depth stabilised and smoothed
(``depth.denoise``), under a prior of every strength (``lab.benchmarks.priors``). Figures are means over scenes with their 95 %
interval, all against the true view; ``kept`` is what the damaged warp saw.

``regained`` is the share of what a damage cost, the ratio of two means: 0 = nothing, 1 = as good as exact depth. It is judged
in LPIPS and PSNR of the whole view, chosen before anything was tuned. Where a damage costs nothing for sure, it has no ends.
"""

from __future__ import annotations

import argparse
import logging
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context

import torch

from lab.benchmarks.intervals import gains, mean_row, shares, surely_at_least
from lab.benchmarks.report import Row, main
from lab.benchmarks.scenes_at_once import first_scenes
from lab.benchmarks.solvers.methods import BARE, Lab, bare, dds
from lab.data.damage import NONE, Damage, Seen
from lab.data.unseen import scene_seeds
from lab.metrics.lpips import Lpips, load_lpips
from lab.models.shipped import load_dit, load_vae

from .robustness_cases import Evidence, judged, worth_judging

EXACT_DEPTH, TEN = "exact depth", "noise 10 %"
DAMAGES = {
    EXACT_DEPTH: NONE,
    "noise 5 %": Damage(noise=0.05),
    TEN: Damage(noise=0.10),
    "noise 20 %": Damage(noise=0.20),
    "scale 0.8": Damage(scale=0.8),
    "bled outlines": Damage(bleed=3.0),
}
PLAIN, DENOISED = "depth as it is", "depth denoised"
SIZE = (9, 96, 144)
"""Frames, height, width."""
MERIT = ("whole PSNR", "whole LPIPS")
STEPS, STRENGTHS = 8, (0.0, 0.5)
Key = tuple[str, float, str]
"""Damage, strength of the prior, variant."""
Figures = dict[str, list[float]]


@cache
def models(steps: int, strengths: tuple[float, ...]) -> tuple[Lab, Lpips | None]:
    """Loaded once a process, which then runs on one thread."""
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(1)
    return Lab.of(load_dit(), load_vae(), steps, strengths=strengths), load_lpips()


def one_scene(steps: int, strengths: tuple[float, ...], seed: int) -> dict[Key, dict[str, float]] | None:
    """Figures of every damage and variant of one scene; None where its holes are not worth judging."""
    lab, distance = models(steps, strengths)
    seen, found = Seen.of(seed, *SIZE), {}
    if not worth_judging(seen):
        return None
    for name, damage in DAMAGES.items():
        variants = {PLAIN: (Evidence.of(seen, damage, lab.coder), dds())}
        variants[DENOISED] = (Evidence.of(seen, damage, lab.coder, denoised=True), dds())
        if name == EXACT_DEPTH:
            variants[BARE] = (variants[PLAIN][0], bare)
        for variant, (evidence, way) in variants.items():
            for strength, figures in zip(strengths, judged(lab, evidence, way, distance), strict=True):
                found[name, strength, variant] = figures
    return found


def measure(seed: int, scenes: int, steps: int, strengths: tuple[float, ...], processes: int) -> dict[Key, Figures]:
    """Figures of every damage and variant, a value for each scene; scenes go to ``processes`` at once."""
    found = defaultdict[Key, Figures](lambda: defaultdict(list))
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        submit = partial(pool.submit, one_scene, steps, strengths)
        for one in first_scenes(submit, scene_seeds(seed, 8 * scenes), scenes, processes + 1):
            for key, figures in one.items():
                for figure, value in figures.items():
                    found[key][figure].append(value)
    return found


def named(damage: str, strength: float, what: str) -> str:
    return f"{damage}, strength {strength:g}, {what}"


def regained(found: dict[Key, Figures], damage: str, strength: float, figure: str) -> Row:
    """Share of what a damage cost that denoising has back; half of it is wanted at 10 % noise."""
    plain, denoised = (found[damage, strength, variant][figure] for variant in (PLAIN, DENOISED))
    exact = found[EXACT_DEPTH, strength, PLAIN][figure]
    parts, wholes = ([b - a for a, b in zip(plain, other, strict=True)] for other in (denoised, exact))
    share, name = shares(parts, wholes), named(damage, strength, f"regained by denoising, {figure}")
    return surely_at_least(name, share, "", 0.5) if damage == TEN else Row(name, share.mean, "", None, None, *share.ends)


def rows(found: dict[Key, Figures], strengths: tuple[float, ...]) -> list[Row]:
    """What is regained, what that is in the figures' own units, then every mean."""
    merits = [figure for figure in MERIT if figure in found[EXACT_DEPTH, strengths[0], PLAIN]]
    damages = [name for name in DAMAGES if name != EXACT_DEPTH]
    table = [regained(found, name, strength, figure) for strength in strengths for name in damages for figure in merits]
    for strength in strengths:
        for name in DAMAGES:
            for figure in merits:
                better, worse = (found[name, strength, variant][figure] for variant in (DENOISED, PLAIN))
                gain = gains(better, worse) if figure == "whole PSNR" else gains(worse, better)
                unit = "dB" if figure == "whole PSNR" else ""
                table.append(surely_at_least(named(name, strength, f"gained by denoising, {figure}"), gain, unit, 0))
    return table + [
        mean_row(named(name, strength, f"{variant}: {figure}"), values, "dB" if "PSNR" in figure else "")
        for (name, strength, variant), group in found.items()
        for figure, values in group.items()
    ]


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    strengths = tuple(args.strengths)
    return rows(measure(seed, args.scenes, args.steps, strengths, args.processes), strengths)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=16)
    parser.add_argument("--steps", type=int, default=STEPS, help="sampling steps of a run")
    parser.add_argument("--strengths", type=float, nargs="+", default=list(STRENGTHS))
    parser.add_argument("--processes", type=int, default=2)


if __name__ == "__main__":
    main("robustness", run, add_arguments)
