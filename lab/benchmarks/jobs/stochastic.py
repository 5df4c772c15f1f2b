"""Stochastic conditioning against depth errors: how good the new view is over the release time ``t*``.

``python -m lab.benchmarks.jobs.stochastic --seed 0 --json - [--scenes 16] [--curves]``; means over scenes with their 95 %
interval.

The evidence is that of ``lab.benchmarks.warp.robustness``: rendered scenes, damaged depth, our warp. Known tokens stand clean
beside the
noise above ``t*`` and are denoised with the rest below it; the small video model takes a time for every token. The first frame,
which is no warp but the source's own, is held to the end by every way.

* ``rigid`` is ``t* = 0``: the context is held to the end and comes out as given.
* ``released`` lets go at ``t*``, and from there on the model is alone. At 1 it has nothing but the first frame.
* ``released, then DDS`` is the whole: context early, release, data consistency below ``t*``.
* ``DDS alone`` is data consistency at its defaults, without a context.

``--curves`` goes through all release times.

A token counts as known here from :data:`KNOWN` on, where rigid conditioning is at its best: LPIPS 0.238, 0.218, 0.205 and 0.202
at 0.9, 0.5, 0.2 and 0.1 (one scene of seed 5, noise and bled outlines). LPIPS and PSNR are against the true view, whole.
``python -m lab.benchmarks.jobs.stochastic --picture FILE.json`` draws the curves of such a JSON to docs/stochastic.png.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections import defaultdict
from functools import partial
from itertools import pairwise
from pathlib import Path

import torch

from inversecrafter_core.inverse import Measurement, ProximalSettings
from inversecrafter_core.sampling import NEVER, Guidance, Window, percent_of_sigma, sigma_of_percent
from inversecrafter_core.sampling.stochastic import Release, sample_stochastic, token_times
from lab.benchmarks.intervals import gains, mean_row, ratios, surely_at_least, surely_at_most
from lab.benchmarks.report import Row, add_model_arguments, main
from lab.benchmarks.solvers.methods import Case, Lab, Way, dds
from lab.benchmarks.warp.robustness_cases import Evidence, judged, unseen
from lab.data.damage import NONE, Damage
from lab.host.paths import ROOT
from lab.metrics.lpips import load_lpips
from lab.models import video as dit
from lab.models.shipped import load_dit, load_vae

STEPS = 10
KNOWN = 0.1
RELEASES = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0)
ALONE = (0.4, 0.7, 1.0)
"""Releases that are also left to the model alone."""
DAMAGES = {
    "exact depth": NONE,
    "both": Damage(noise=0.1, bleed=3.0),
    "both, twice": Damage(noise=0.2, bleed=6.0),
}
ASKED, ORDER = "both", tuple(DAMAGES)
RIGID, DDS = "rigid", "DDS alone"
PICTURE = ROOT / "docs" / "stochastic.png"


def released(at: float, window: Window = NEVER) -> Way:
    """A context until ``at``, data consistency within ``window``."""

    def way(lab: Lab, case: Case) -> torch.Tensor:
        frames, height, width = case.warp.shape[:3]
        measurement = Measurement(case.w, case.masks["usual"], (frames, height, width))
        guidance = Guidance(measurement, ProximalSettings("closed_form"), window)
        context = Release(at, threshold=KNOWN, keep_first=True).bind(guidance, case.w, lambda latent: latent, "per_token")
        correct = guidance.bind(case.w, sigma_of_percent(lab.shift), lambda latent: latent)
        words = dit.prompt_tokens([case.prompt])

        def model(x: torch.Tensor, sigma: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return x - sigma * lab.model(x, token_times(sigma * 1000, clean), words).float()

        nothing = partial(model, clean=torch.zeros_like(context.clean))
        given = {"context": context, "correct": correct, "with_clean": lambda clean: partial(model, clean=clean)}
        return sample_stochastic(nothing, case.noise, lab.sigmas, **given)

    return way


def below(sigma: float) -> Window:
    """The window of the small model's schedule that begins at ``sigma``."""
    return Window(percent_of_sigma(dit.SHIFT)(sigma))


def freed(at: float) -> str:
    return f"released at {at:g}"


def whole(at: float = Release().at) -> str:
    return f"released at {at:g}, then DDS"


PLAIN: dict[str, Way] = {
    RIGID: released(0.0),
    DDS: dds(),
    freed(Release().at): released(Release().at),
    whole(): released(Release().at, below(Release().at)),
}
CURVES = PLAIN | {freed(at): released(at) for at in ALONE} | {whole(at): released(at, below(at)) for at in RELEASES}
Found = dict[str, dict[str, dict[str, list[float]]]]


def measure(seed: int, scenes: int, ways: dict[str, Way]) -> Found:
    """Figures by damage, way and name, a value a scene."""
    lab, distance = Lab.of(load_dit(), load_vae(), STEPS), load_lpips()
    found: Found = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for seen in unseen(seed, scenes):
        for name, damage in DAMAGES.items():
            evidence = Evidence.of(seen, damage, lab.coder)
            for title, way in ways.items():
                for figure, value in judged(lab, evidence, way, distance)[0].items():
                    found[name][title][figure].append(value)
    return found


def targets(found: Found) -> list[Row]:
    """Against rigid conditioning, in LPIPS of the whole view, scene by scene."""
    at = {name: {title: figures["whole LPIPS"] for title, figures in ways.items()} for name, ways in found.items()}
    rows = []
    for title in (whole(), freed(Release().at)):
        better = {name: [rigid - ours for rigid, ours in zip(at[name][RIGID], at[name][title], strict=True)] for name in ORDER}
        ratio = ratios(at[ASKED][title], at[ASKED][RIGID])
        rows.append(surely_at_most(f"{ASKED}, {title}: whole LPIPS over rigid's", ratio, "x", 1.0))
        for less, more in pairwise(ORDER):
            growth = gains(better[more], better[less])
            rows.append(surely_at_least(f"{title}: growth of the gain in LPIPS from {less} to {more}", growth, "", 0.0))
        rows += [mean_row(f"{name}, {title}: gain in whole LPIPS over rigid", values) for name, values in better.items()]
    return rows


def rows(seed: int, scenes: int, curves: bool = False) -> list[Row]:
    """Targets first, then both figures of every way. Without LPIPS there are no targets."""
    found = measure(seed, scenes, CURVES if curves else PLAIN)
    table = [
        mean_row(f"{name}, {title}: {figure}", values, "dB" if "PSNR" in figure else "")
        for name, ways in found.items()
        for title, figures in ways.items()
        for figure, values in figures.items()
        if figure.startswith("whole")
    ]
    return (targets(found) if "whole LPIPS" in found[ASKED][RIGID] else []) + table


def draw(source: Path, target: Path = PICTURE) -> None:
    """The curves of a JSON of this benchmark: whole LPIPS over ``t*``, one colour a damage."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    values = {row["name"]: row["value"] for row in json.loads(source.read_text(encoding="utf-8"))["rows"]}
    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    for number, name in enumerate(ORDER):
        for line, title, releases in (("-", whole, RELEASES), ("--", freed, ALONE)):
            curve = [values[f"{name}, {way}: whole LPIPS"] for way in (RIGID, *map(title, releases))]
            label = name + (", then DDS" if title is whole else ", model alone")
            axes.plot((0.0, *releases), curve, line, marker="o", markersize=4, color=f"C{number}", label=label)
        axes.axhline(values[f"{name}, {DDS}: whole LPIPS"], color=f"C{number}", linestyle=":", linewidth=1)
    axes.axvline(Release().at, color="grey", linewidth=0.8)
    axes.set_xlabel("release time t* (0: rigid; grey: the default; dotted: DDS alone)")
    axes.set_ylabel("LPIPS to the true view, lower is better")
    axes.legend(ncols=2)
    figure.savefig(target, dpi=110)


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    if args.picture is not None:
        draw(args.picture)
        return []
    return rows(seed, args.scenes, args.curves)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model_arguments(parser)
    parser.set_defaults(scenes=16)
    parser.add_argument("--curves", action="store_true", help="every release time, for the picture")
    parser.add_argument("--picture", type=Path, help="only draw the curve of this JSON")


if __name__ == "__main__":
    main("stochastic", run, add_arguments)
