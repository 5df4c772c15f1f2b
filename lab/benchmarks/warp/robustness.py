"""Depth errors: their cost to a guided clip, and the part of it that smoothing the depth by as much as it flickers regains.

Rendered scenes, 9 frames of 96x144, whose depth is damaged (:mod:`lab.data.scenes.damage`), then warped by our warp to an arc;
the truth is the rendered view there. Each damage is sampled with the depth as it is, and with the depth stabilised and smoothed
(``depth.denoise``), under a prior of every strength (:mod:`lab.models.guided`). All figures are against the true view;
``kept`` is what the damaged warp saw.

``regained`` is the share of a damage's cost, the ratio of two means: 0 = nothing, 1 = as good as exact depth. It is judged in
LPIPS and PSNR of the whole view, chosen before anything was tuned. Where a damage costs nothing for sure, it has no ends.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch

from inversecrafter_core.camera import Geometry
from inversecrafter_core.depth import RawDepth, denoise, noise_level, stabilise
from inversecrafter_core.evaluation import masked_psnr
from inversecrafter_core.flow import clip_flow
from lab.benchmarks.report import Place, Row, row
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Figures, Key, Samples, Scene
from lab.data.scenes.damage import NONE, Damage
from lab.data.scenes.new_views import LEAST_HOLES, NewView
from lab.data.unseen import scene_seeds
from lab.metrics.intervals import shares
from lab.models.guided import Case, Method, Setup, SmallWan, against_truth, bare, recapture

EXACT, TEN = "exact depth", "noise 10 %"
DAMAGES = {
    EXACT: NONE,
    "noise 5 %": Damage(noise=0.05),
    TEN: Damage(noise=0.10),
    "noise 20 %": Damage(noise=0.20),
    "scale 0.8": Damage(scale=0.8),
    "bled outlines": Damage(bleed=3.0),
}
PLAIN, DENOISED = "depth as it is", "depth denoised"
SIZE = (9, 96, 144)
MERIT = ("whole PSNR", "whole LPIPS")
"""Figures that are judged."""


def damaged(view: NewView, damage: Damage, denoised: bool = False) -> Geometry:
    """Return what an estimator with such errors, and true cameras, would have found; ``denoised`` as *Estimate Depth* does."""
    geometry = view.geometry(damage(view.source.depth, view.seed))
    if not denoised:
        return geometry
    raw, flow = RawDepth(geometry.depth, "metric_depth"), clip_flow(view.source.colour)
    steady, _ = stabilise(raw, flow, frames=False)  # the cameras are known, so whole frames are left alone
    return replace(geometry, depth=denoise(steady, flow, noise_level(raw, flow)).values)


def evidence(view: NewView, damage: Damage, wan: SmallWan, denoised: bool = False) -> Case:
    """Return the case of a damaged depth's warp."""
    return Case.of(wan.coder, view.truth, view.warp(damaged(view, damage, denoised)), view.prompt, view.seed)


def figures(video: torch.Tensor, case: Case) -> Figures:
    """Compare a clip with the true view: the whole, what the damaged warp kept, its holes."""
    visible = case.warp.visible
    parts = {"kept PSNR": visible, "holes PSNR": 1 - visible}
    return against_truth(video, case.truth) | {name: masked_psnr(video, case.truth, where) for name, where in parts.items()}


def worth_judging(view: NewView) -> bool:
    """Tell if the warp by exact depth has holes enough."""
    return view.warp().holes >= LEAST_HOLES


def one_scene(steps: int, strengths: tuple[float, ...], seed: int) -> Scene | None:
    """Measure every damage and variant on one scene; None where its holes are not worth judging."""
    setup, view, found = Setup.of(steps, strengths), NewView.of(seed, SIZE), {}
    if not worth_judging(view):
        return None
    for name, damage in DAMAGES.items():
        plain = evidence(view, damage, setup.wan)
        variants: dict[str, tuple[Case, Method]] = {
            PLAIN: (plain, recapture),
            DENOISED: (evidence(view, damage, setup.wan, True), recapture),
        }
        if name == EXACT:
            variants["bare"] = plain, bare
        for variant, (case, method) in variants.items():
            for strength, latents in zip(strengths, method(setup, case).split(1), strict=True):
                found[Key(variant, name, strength=strength)] = figures(setup.wan.coder.decode(latents), case)
    return found


def regained(found: Samples, damage: str, strength: float, figure: str) -> Row:
    """Return the share of a damage's cost that denoising has back; half of it is wanted at 10 % noise."""
    key = Key(PLAIN, damage, strength=strength)
    plain, denoised = found[key][figure], found[key._replace(method=DENOISED)][figure]
    exact = found[key._replace(case=EXACT)][figure]
    parts, wholes = ([b - a for a, b in zip(plain, other, strict=True)] for other in (denoised, exact))
    bound = Place(least=0.5) if damage == TEN else Place()
    return row(f"regained by denoising, {figure}", shares(parts, wholes), case=damage, strength=strength, **bound)


def table(found: Samples) -> list[Row]:
    """Return the rows: shares, gains, means."""
    strengths = sorted({key.strength for key in found if key.strength is not None})
    merits = [figure for figure in MERIT if found.has(Key(PLAIN, EXACT, strength=strengths[0]), figure)]
    listed = [regained(found, name, s, figure) for s in strengths for name in DAMAGES if name != EXACT for figure in merits]
    for strength in strengths:
        for name in DAMAGES:
            for figure in merits:
                more, less = (DENOISED, PLAIN) if "PSNR" in figure else (PLAIN, DENOISED)
                listed.append(found.gain(Key(more, name, strength=strength), less, figure, least=0))
    return listed + found.means()


def rows(
    seed: int, scenes: int = 16, processes: int = 2, steps: int = 8, strengths: tuple[float, ...] = (0.0, 0.5)
) -> list[Row]:
    """Measure what is regained and what that is in the figures' own units, then every mean."""
    scene = partial(one_scene, steps, tuple(strengths))
    return table(measure(scene, scene_seeds(seed, 8 * scenes), scenes, processes))


if __name__ == "__main__":
    main(rows)
