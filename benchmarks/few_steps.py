"""Four to eight steps on a shifted schedule, as distilled models are sampled: what guidance still works.

``python -m benchmarks.few_steps --seed 0 --json - [--scenes 2]``

The scenes and measurements of ``benchmarks.solvers``, the small video model at cfg 1. It is not distilled, but like a distilled
model it predicts the clean clip well from high noise: few steps suit it better than many. Every plan of :data:`PLANS` is
sampled bare, with guidance at its defaults and with :data:`FEW_STEPS`; then, on :data:`CENTRE`, one setting of guidance is
changed at a time. Figures are means over scenes, against the true view unless they are ``kept``.
"""

from __future__ import annotations

import argparse
import logging
from collections import defaultdict
from functools import partial
from itertools import product
from statistics import mean

import torch

from benchmarks.report import Row, at_least, at_most, main
from benchmarks.solver_ways import ALWAYS, BARE, FRESH, KEPT, METHODS, NOISES, Case, Lab, Way, cases, dds
from benchmarks.solvers import quality
from benchmarks.unseen import scene_seeds
from hosting.lpips import load_lpips
from inversecrafter_core.sampling import FEW_STEPS, Window
from training.shipped import decode, load_dit, load_vae

PLANS = tuple(product((4, 6, 8), (3.0, 5.0, 8.0)))
"""Steps and shift."""
CENTRE = (4, 5.0)
WANTED = ("kept PSNR", "whole PSNR", "whole LPIPS", "holes PSNR", "holes LPIPS", "seam PSNR")
DEFAULTS, PRESET = "DDS, defaults", "DDS, few-steps preset"


def preset() -> Way:
    chosen = FEW_STEPS
    return dds(chosen.window, noise=KEPT if chosen.sampler == "dds_euler" else FRESH, gamma=chosen.proximal.gamma)


OVERALL: dict[str, Way] = {"bare": METHODS[BARE], DEFAULTS: dds(), PRESET: preset()}
"""On every plan."""
CHANGES: dict[str, Way] = {
    **{f"last {count} of 4 steps": dds(Window(alpha=count / 4)) for count in (1, 2, 4)},
    **{f"sigma <= {alpha:g}": dds(Window("alpha_sigma", alpha)) for alpha in (0.7, 0.9)},
    **{f"gamma {gamma:g}": dds(gamma=gamma) for gamma in (2.0, 20.0, 100.0)},
    **{f"noise {noise}": dds(noise=noise) for noise in NOISES[1:]},
    **{f"gamma 20, every step, noise {noise}": dds(ALWAYS, noise=noise, gamma=20.0) for noise in NOISES},
}
"""On the plan in the middle, one or two settings changed against the defaults."""


def named(plan: tuple[int, float], way: str) -> str:
    return f"{plan[0]} steps, shift {plan[1]:g}, {way}"


def runs() -> dict[str, tuple[tuple[int, float], Way]]:
    """Every run by name: its plan and its way."""
    everywhere = {named(plan, name): (plan, way) for plan in PLANS for name, way in OVERALL.items()}
    return everywhere | {named(CENTRE, name): (CENTRE, way) for name, way in CHANGES.items()}


def measure(lab: Lab, some: list[Case]) -> dict[str, dict[str, float]]:
    """Figures of every run, means over cases."""
    distance, found = load_lpips(), defaultdict[str, dict[str, list[float]]](partial(defaultdict, list))
    for case in some:
        for name, ((steps, shift), way) in runs().items():
            latents = way(Lab.of(lab.model, lab.coder, steps, shift), case)
            figures = quality(decode(lab.coder, latents), case, distance.maps if distance else None, WANTED)
            for figure, value in figures.items():
                found[name][figure].append(value)
    return {name: {figure: mean(values) for figure, values in figures.items()} for name, figures in found.items()}


def targets(found: dict[str, dict[str, float]]) -> list[Row]:
    """On every plan the preset must be nearer to truth than the bare model, and on average no worse than the defaults."""
    gains = [found[named(plan, PRESET)]["whole PSNR"] - found[named(plan, "bare")]["whole PSNR"] for plan in PLANS]
    rows = [at_least("whole PSNR, preset above bare, the least of all plans", min(gains), "dB", 0.0)]
    if "whole LPIPS" not in found[named(CENTRE, PRESET)]:
        return rows
    ratios = {
        other: [found[named(plan, PRESET)]["whole LPIPS"] / found[named(plan, other)]["whole LPIPS"] for plan in PLANS]
        for other in ("bare", DEFAULTS)
    }
    return [
        *rows,
        at_most("whole LPIPS, preset over bare, the most of all plans", max(ratios["bare"]), "x", 1.0),
        at_most("whole LPIPS, preset over defaults, mean of all plans", mean(ratios[DEFAULTS]), "x", 1.0),
    ]


def rows(seed: int, scenes: int, lab: Lab | None = None) -> list[Row]:
    lab = lab or Lab.of(load_dit(), load_vae(), CENTRE[0])
    found = measure(lab, list(cases(scene_seeds(seed, 8 * scenes), scenes, lab.coder)))
    table = [
        Row(f"{name}: {figure}", value, "dB" if "PSNR" in figure else "")
        for name, figures in found.items()
        for figure, value in figures.items()
    ]
    return targets(found) + table


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    return rows(seed, args.scenes)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)


if __name__ == "__main__":
    main("few_steps", run, add_arguments)
