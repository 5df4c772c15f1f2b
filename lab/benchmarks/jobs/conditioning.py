"""What the model is given beside the guidance: the first frame alone, as the paper does, or the whole masked video.

``python -m lab.benchmarks.jobs.conditioning --seed 0 --scenes 16 --json -``; means over scenes with their 95 % interval.

The embedded model has no input for an image or a masked video. It takes context as tokens that stand clean beside the noise, so
that is what is measured: the first frame's, or all that lie wholly in the known part, encoded with the holes infilled or grey.
Every way is held to the same measurement by the default guidance. Evidence is that of ``lab.benchmarks.warp.robustness``, its
depth noisy and bled; LPIPS is against the true view, whole. ``prior`` is the strength of the simulated model, 0 the embedded
one's own. What a Fun-InP checkpoint makes of either is not measured here.
"""

from __future__ import annotations

from collections import defaultdict

import torch

from inversecrafter_core.inverse import Measurement, ProximalSettings
from inversecrafter_core.masks import area, hide
from inversecrafter_core.sampling import Guidance, Window, sample_guided_euler, sigma_of_percent
from inversecrafter_core.sampling.stochastic import known_cells, token_times
from lab.benchmarks.intervals import mean_row, ratios, surely_at_most
from lab.benchmarks.priors import stronger_prior
from lab.benchmarks.report import Row, model_main
from lab.benchmarks.solvers.methods import Lab
from lab.benchmarks.warp.robustness_cases import Evidence, figures, unseen
from lab.data.assets import why_missing
from lab.data.damage import Damage
from lab.metrics.lpips import load_lpips
from lab.models import video as dit
from lab.models.shipped import decode, encode, load_dit, load_vae

STEPS = 10
DEPTH = Damage(noise=0.1, bleed=3.0)
STRENGTHS = (0.0, 0.5)
FIRST, INFILLED, GREY = "first frame", "whole video, infilled", "whole video, grey"
Contexts = dict[str, tuple[torch.Tensor, torch.Tensor]]


def contexts(evidence: Evidence, lab: Lab) -> Contexts:
    """Which tokens stand clean, ``[1, 1, T', H', W']`` bool, and the latents they show, by name."""
    visible, filled = evidence.visible.clone(), evidence.filled.clone()
    visible[0], filled[0] = 1.0, evidence.seen.source.colour[0]
    w, grey = encode(lab.coder, filled), encode(lab.coder, hide(filled, visible))
    known = known_cells(area(visible, 8).to(w), 1.0)
    first = torch.zeros_like(known)
    first[:, :, 0] = True
    return {FIRST: (first, w), INFILLED: (known | first, w), GREY: (known | first, grey)}


def made(lab: Lab, evidence: Evidence, clean: torch.Tensor, given: torch.Tensor, strength: float) -> torch.Tensor:
    """The clip, with the tokens ``clean`` given and the rest guided by the default measurement."""
    case = evidence.case()
    words = dit.prompt_tokens([case.prompt])

    def model(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        x = torch.where(clean, given, x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            velocity = lab.model(x, token_times(sigma * 1000, clean), words).float()
        return torch.where(clean, given, x - sigma * velocity)

    frames, height, width = evidence.warp.shape[:3]
    measurement = Measurement(evidence.w, evidence.h, (frames, height, width))
    guidance = Guidance(measurement, ProximalSettings("closed_form"), Window())
    correct = guidance.bind(case.noise, sigma_of_percent(lab.shift), torch.clone)
    prior = stronger_prior(model, encode(lab.coder, evidence.seen.target.colour), strength)
    return decode(lab.coder, sample_guided_euler(prior, case.noise, lab.sigmas, correct=correct))


def rows(seed: int, scenes: int) -> list[Row]:
    """Both conditionings, and both forms of the second."""
    lab, metric = Lab.of(load_dit(), load_vae(), STEPS), load_lpips()
    if metric is None:
        return [Row(f"conditioning: not measured, {why_missing('lpips_alexnet')}", float("nan"), "")]
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for seen in unseen(seed, scenes):
        evidence = Evidence.of(seen, DEPTH, lab.coder)
        for name, (clean, given) in contexts(evidence, lab).items():
            for strength in STRENGTHS:
                video = made(lab, evidence, clean, given, strength)
                found[f"prior {strength:g}"][name].append(figures(video, evidence, metric)["whole LPIPS"])
    listed = []
    for case, ways in found.items():
        listed.append(surely_at_most(f"{case}: LPIPS, {INFILLED} over {FIRST}", ratios(ways[INFILLED], ways[FIRST]), "x", 1.0))
        listed.append(surely_at_most(f"{case}: LPIPS, {INFILLED} over {GREY}", ratios(ways[INFILLED], ways[GREY]), "x", 1.0))
        listed += [mean_row(f"{case}: LPIPS, {name}", values) for name, values in ways.items()]
    return listed


if __name__ == "__main__":
    model_main("conditioning", rows)
