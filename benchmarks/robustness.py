"""Depth errors: what they cost a guided clip, and what a confidence per warped pixel regains of it.

``python -m benchmarks.robustness --seed 0 --json - [--scenes 2] [--steps 16]``

Rendered scenes, whose depth is damaged (``benchmarks.damage``) and then warped by our own warp to an arc; the truth is the
rendered view there. Each damage is sampled with the latent mask as it is, and with the confidence in it; then both again with
the depth stabilised and smoothed by as much as it flickers (``depth.denoise``). At 10 % noise also with a confidence made of
the *true* error: what the best confidence could regain from this model. Figures are means over scenes, all against the true
view; ``kept`` is what the damaged warp saw.

Judged by two figures, chosen before anything was tuned: LPIPS and PSNR over the whole view. ``regained`` is the share of what
the damage cost; 0 = nothing, 1 = as good as exact depth.

How well confidence and error go together: area under the curve for pixels off by more than :data:`WRONG`, and Spearman's rank
correlation, over visible pixels, at 10 % noise; for the whole and for each of its terms.
"""

from __future__ import annotations

import argparse
import logging
from collections import defaultdict
from statistics import mean

import torch
from scipy.stats import rankdata, spearmanr

from benchmarks.damage import NONE, Damage, Seen
from benchmarks.report import Row, at_least, main
from benchmarks.robustness_cases import Evidence, judged, unseen
from benchmarks.solver_ways import BARE, METHODS, Lab, dds
from hosting.lpips import Lpips, load_lpips
from inversecrafter_core.warp import Cleanup
from inversecrafter_core.warp.confidence import WEIGHTS, doubts, expected_error
from training.shipped import load_dit, load_vae

TEN = "noise 10 %"
EXACT_DEPTH = "exact depth"
DAMAGES = {
    EXACT_DEPTH: NONE,
    "noise 5 %": Damage(noise=0.05),
    TEN: Damage(noise=0.10),
    "noise 20 %": Damage(noise=0.20),
    "scale 0.8": Damage(scale=0.8),
    "scale 1.25": Damage(scale=1.25),
    "bled outlines": Damage(bleed=3.0),
}
PLAIN, CONFIDENT, CEILING = "no confidence", "confidence", "confidence from the true error"
DENOISED, BOTH = "depth denoised", "depth denoised, confidence"
MERIT = ("whole PSNR", "whole LPIPS")
WRONG = 0.1
EVERY = 4
"""Frames between those whose pixels are correlated."""
Figures = dict[str, list[float]]


def sample(lab: Lab, evidence: Evidence, denoised: Evidence, name: str, distance: Lpips | None) -> dict[str, dict[str, float]]:
    """Figures of every variant of one damage."""
    masks = {PLAIN: evidence.mask(), CONFIDENT: evidence.mask(evidence.confidence)}
    if name == TEN:
        masks[CEILING] = evidence.mask(evidence.from_truth())
    found = {variant: judged(lab, evidence, dds(), h, distance) for variant, h in masks.items()}
    found[DENOISED] = judged(lab, denoised, dds(), denoised.mask(), distance)
    found[BOTH] = judged(lab, denoised, dds(), denoised.mask(denoised.confidence), distance)
    if name == EXACT_DEPTH:
        found[BARE] = judged(lab, evidence, METHODS[BARE], evidence.mask(), distance)
    return found


def above(score: torch.Tensor, wrong: torch.Tensor) -> float:
    """Area under the curve: how often a wrong pixel's score is above a right one's."""
    ranks = torch.from_numpy(rankdata(score.numpy()))
    positive, negative = int(wrong.sum()), int((~wrong).sum())
    return float((ranks[wrong].sum() - positive * (positive + 1) / 2) / max(1, positive * negative))


def prediction(scenes: list[Seen], damage: Damage) -> list[Row]:
    """How well the expected error, and each of its terms, ranks the true one."""
    scores, errors = defaultdict[str, list[torch.Tensor]](list), []
    for seen in scenes:
        geometry, source = seen.geometry(damage), seen.source.colour
        cameras, lenses = seen.path(geometry).resolve(geometry)
        for frame in range(EVERY, len(source), EVERY):
            view, terms = doubts(source, geometry, frame, cameras[frame], lenses[frame], Cleanup())
            errors.append((view.image - seen.target.colour[frame]).abs().mean(-1)[view.visible])
            for name, values in {"all terms": expected_error(terms), **terms}.items():
                scores[name].append(values[view.visible])
    error, rows = torch.cat(errors), []
    for name in ("all terms", *WEIGHTS._fields):
        score = torch.cat(scores[name])
        rows.append(Row(f"{TEN}, predicted error, {name}: area under the curve", above(score, error > WRONG), ""))
        rows.append(Row(f"{TEN}, predicted error, {name}: rank correlation", float(spearmanr(score, error)[0]), ""))
    return rows


def regained(found: dict[tuple[str, str], Figures], name: str, variant: str, figure: str) -> float:
    """Share of what a damage cost that a variant has back; nan where it cost nothing."""
    exact, plain, with_it = (mean(found[key][figure]) for key in ((EXACT_DEPTH, PLAIN), (name, PLAIN), (name, variant)))
    return (with_it - plain) / (exact - plain) if exact != plain else float("nan")


def table(found: dict[tuple[str, str], Figures]) -> list[Row]:
    """Targets first, then every figure."""
    merits = [figure for figure in MERIT if figure in found[EXACT_DEPTH, PLAIN]]
    rows = [
        at_least(f"{TEN}, regained by {variant}, {figure}", regained(found, TEN, variant, figure), "", 0.5)
        for variant in (CONFIDENT, DENOISED, BOTH)
        for figure in merits
    ]
    rows += [Row(f"{TEN}, regained by {CEILING}, {figure}", regained(found, TEN, CEILING, figure), "") for figure in merits]
    others = [name for name in DAMAGES if name not in (EXACT_DEPTH, TEN)]
    rows += [
        Row(f"{name}, regained by {variant}, {figure}", regained(found, name, variant, figure), "")
        for name in others
        for variant in (CONFIDENT, BOTH)
        for figure in merits
    ]
    return rows + [
        Row(f"{name}, {variant}: {figure}", mean(values), "dB" if "PSNR" in figure else "")
        for (name, variant), group in found.items()
        for figure, values in group.items()
    ]


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    lab, distance = Lab.of(load_dit(), load_vae(), args.steps), load_lpips()
    scenes = unseen(seed, args.scenes)
    found = defaultdict[tuple[str, str], Figures](lambda: defaultdict(list))
    rows = []
    for name, damage in DAMAGES.items():
        sure, off, doubted = [], [], []
        for seen in scenes:
            evidence = Evidence.of(seen, damage, lab.coder)
            known = evidence.visible > 0
            off.append(float(evidence.error[known].mean()))
            sure.append(float(evidence.confidence[known].mean()))
            doubted.append(float((evidence.confidence[known] < 0.5).float().mean()))
            denoised = Evidence.of(seen, damage, lab.coder, denoised=True)
            for variant, group in sample(lab, evidence, denoised, name, distance).items():
                for figure, value in group.items():
                    found[name, variant][figure].append(value)
        rows += [
            Row(f"{name}: error of the warp", mean(off), ""),
            Row(f"{name}: mean confidence", mean(sure), ""),
            Row(f"{name}: pixels below one half", 100 * mean(doubted), "%"),
        ]
    return table(found) + rows + prediction(scenes, DAMAGES[TEN])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=2)
    parser.add_argument("--steps", type=int, default=16, help="sampling steps of a run")
    parser.add_argument("--threads", type=int, default=2)


if __name__ == "__main__":
    main("robustness", run, add_arguments)
