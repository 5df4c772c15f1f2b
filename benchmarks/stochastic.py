"""Stochastic conditioning against depth errors: how good the new view is over the release time ``t*``.

``python -m benchmarks.stochastic --seed 0 --json - [--scenes 2]``

The evidence is that of ``benchmarks.robustness``: rendered scenes, damaged depth, our warp. Known tokens stand clean beside the
noise above ``t*`` and are denoised with the rest below it; the small video model takes a time for every token. The first frame,
which is no warp but the source's own, is held to the end by every way.

* ``t* = 0`` is rigid conditioning: what is known comes out as given. ``t* = 1`` is the model with its first frame alone.
* ``DDS alone`` is data consistency at its defaults without a context. ``release, then DDS`` is a context until ``t*`` and data
  consistency below it.

LPIPS and PSNR are against the true view, whole. The gain of a damage is rigid's LPIPS less that of the node's default release.
``python -m benchmarks.stochastic --picture FILE.json`` draws the curve of such a JSON to docs/stochastic.png.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections import defaultdict
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import mean

import torch

from benchmarks.damage import NONE, Damage
from benchmarks.report import Row, add_model_arguments, at_least, at_most, main
from benchmarks.robustness_cases import Evidence, judged, unseen
from benchmarks.solver_ways import NEVER, Case, Lab, Way, dds
from hosting.lpips import load_lpips
from hosting.paths import ROOT
from inversecrafter_core.inverse import Measurement, ProximalSettings
from inversecrafter_core.sampling import Guidance, Window
from inversecrafter_core.sampling.stochastic import Release, sample_stochastic, token_times
from training import dit
from training.shipped import load_dit, load_vae

STEPS = 16
RELEASES = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0)
WITH_DDS = (0.6, 0.8, 0.9)
DAMAGES = {
    "exact depth": NONE,
    "noise 10 %": Damage(noise=0.1),
    "bled outlines": Damage(bleed=3.0),
    "noise 10 % and bled outlines": Damage(noise=0.1, bleed=3.0),
    "both, twice as much": Damage(noise=0.2, bleed=6.0),
}
ASKED, ORDER = "noise 10 % and bled outlines", ("exact depth", "noise 10 % and bled outlines", "both, twice as much")
DDS = "DDS alone"
PICTURE = ROOT / "docs" / "stochastic.png"


def released(at: float, window: Window = NEVER) -> Way:
    """A context until ``at``, data consistency within ``window``."""

    def way(lab: Lab, case: Case) -> torch.Tensor:
        frames, height, width = case.warp.shape[:3]
        measurement = Measurement(case.w, case.masks["training_free"], (frames, height, width))
        guidance = Guidance(measurement, ProximalSettings("closed_form"), window)
        context = Release(at, keep_first=True).bind(guidance, case.w, lambda latent: latent, "per_token")
        correct = guidance.bind(case.w, lab.sigmas.tolist(), lambda percent: 1 - percent, lambda latent: latent)
        words = dit.prompt_tokens([case.prompt])

        def model(x: torch.Tensor, sigma: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                return x - sigma * lab.model(x, token_times(sigma * 1000, clean), words).float()

        nothing = partial(model, clean=torch.zeros_like(context.clean))
        told = lambda clean: partial(model, clean=clean)  # noqa: E731
        return sample_stochastic(nothing, case.noise, lab.sigmas, context=context, correct=correct, told=told)

    return way


def named(at: float) -> str:
    return f"t* = {at:g}"


def below(at: float) -> str:
    return f"t* = {at:g}, then DDS"


WAYS: dict[str, Way] = {
    **{named(at): released(at) for at in RELEASES},
    DDS: dds(),
    **{below(at): released(at, Window("alpha_sigma", at)) for at in WITH_DDS},
}


def measure(seed: int, scenes: int) -> dict[str, dict[str, dict[str, float]]]:
    """Figures by damage, way and name, means over scenes."""
    lab, distance = Lab.of(load_dit(), load_vae(), STEPS), load_lpips()
    found = defaultdict[str, dict[str, dict[str, list[float]]]](lambda: defaultdict(lambda: defaultdict(list)))
    for seen in unseen(seed, scenes):
        for name, damage in DAMAGES.items():
            evidence = Evidence.of(seen, damage, lab.coder)
            for title, way in WAYS.items():
                for figure, value in judged(lab, evidence, way, evidence.mask(), distance).items():
                    found[name][title][figure].append(value)
    return {
        name: {title: {figure: mean(values) for figure, values in figures.items()} for title, figures in ways.items()}
        for name, ways in found.items()
    }


def rows(seed: int, scenes: int) -> list[Row]:
    """Targets first, then both figures of every way. Without LPIPS there are no targets."""
    found, default = measure(seed, scenes), named(Release().at)
    table = [
        Row(f"{name}, {title}: {figure}", value, "dB" if "PSNR" in figure else "")
        for name, ways in found.items()
        for title, figures in ways.items()
        for figure, value in figures.items()
        if figure.startswith("whole")
    ]
    if "whole LPIPS" not in found[ASKED][DDS]:
        return table
    at = {name: {title: figures["whole LPIPS"] for title, figures in ways.items()} for name, ways in found.items()}
    gains = [at[name][named(0)] - at[name][default] for name in ORDER]
    growth = min(more - less for less, more in pairwise(gains))
    return [
        at_most(f"{ASKED}: whole LPIPS at {default} over rigid", at[ASKED][default] / at[ASKED][named(0)], "x", 1.0),
        *(
            Row(f"{name}: gain in whole LPIPS of {default} over rigid", gain, "")
            for name, gain in zip(ORDER, gains, strict=True)
        ),
        at_least("growth of that gain from each damage to the next, the least", growth, "", 0.0),
        *table,
    ]


def draw(source: Path, target: Path = PICTURE) -> None:
    """The curves of a JSON of this benchmark: whole LPIPS over ``t*``, one line a damage, DDS alone dotted."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    values = {row["name"]: row["value"] for row in json.loads(source.read_text(encoding="utf-8"))["rows"]}
    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for name in DAMAGES:
        curve = [values[f"{name}, {named(at)}: whole LPIPS"] for at in RELEASES]
        (line,) = axes.plot(RELEASES, curve, marker="o", label=name)
        axes.axhline(values[f"{name}, {DDS}: whole LPIPS"], color=line.get_color(), linestyle=":", linewidth=1)
    axes.axvline(Release().at, color="grey", linewidth=0.8)
    axes.set_xlabel("release time t*  (0: rigid, 1: first frame alone; grey: the default; dotted: data consistency alone)")
    axes.set_ylabel("LPIPS to the true view, lower is better")
    axes.legend()
    figure.savefig(target, dpi=110)


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    if args.picture is not None:
        draw(args.picture)
        return []
    return rows(seed, args.scenes)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model_arguments(parser)
    parser.set_defaults(scenes=2)
    parser.add_argument("--picture", type=Path, help="only draw the curve of this JSON")


if __name__ == "__main__":
    main("stochastic", run, add_arguments)
