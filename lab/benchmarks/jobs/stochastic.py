"""Stochastic conditioning against depth errors: quality of the new view over the release time ``t*``.

The evidence is that of :mod:`lab.benchmarks.warp.robustness`: rendered scenes, damaged depth, our warp. Known tokens stand
clean beside the noise above ``t*`` and are denoised with the rest below it; the small video model takes a time for every token.
The first frame, which is no warp but the source's own, is held to the end by every method.

* ``rigid`` is ``t* = 0``: the context is held to the end and comes out as given.
* ``released`` lets go at ``t*``, and from there on the model is alone. At 1 it has nothing but the first frame.
* ``released, then DDS`` is the whole: context early, release, data consistency below ``t*``.

``--curves`` goes through all release times. A token counts as known here from :data:`KNOWN` on, where rigid conditioning is at
its best: LPIPS 0.238, 0.218, 0.205 and 0.202 at 0.9, 0.5, 0.2 and 0.1 (one scene of seed 5, noise and bled outlines). LPIPS and
PSNR are against the true view, whole.
"""

from __future__ import annotations

from functools import partial

import torch

from inversecrafter_core.inverse import Measurement, ProximalSettings, Solver
from inversecrafter_core.sampling import NEVER, Guidance, Window, percent_of_sigma
from inversecrafter_core.sampling.stochastic import Release
from lab.benchmarks.plots import Panel, draw
from lab.benchmarks.plots import curves as curves_of
from lab.benchmarks.report import Document, Row, long_table, read, row
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Key, Samples, Scene
from lab.benchmarks.warp.robustness import evidence, worth_judging
from lab.data.scenes.damage import NONE, Damage
from lab.data.scenes.new_views import NewView
from lab.data.unseen import scene_seeds
from lab.host.paths import ROOT
from lab.metrics.intervals import gains, ratios
from lab.models.completion import sampled
from lab.models.guided import Case, Method, Setup, against_truth
from lab.models.video import SHIFT

KNOWN = 0.1
RELEASES = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0)
ALONE = (0.4, 0.7, 1.0)
"""Releases that are also left to the model alone."""
EXACT, BOTH = "exact depth", "noise and bled outlines"
DAMAGES = {EXACT: NONE, BOTH: Damage(noise=0.1, bleed=3.0)}
RIGID, FREED, WHOLE = "rigid", "released", "released, then DDS"
LPIPS = "whole LPIPS"
PICTURE = ROOT / "docs" / "stochastic.png"


def released(at: float, window: Window = NEVER) -> Method:
    """Return the method with a context until ``at`` and data consistency within ``window``."""

    def method(setup: Setup, case: Case) -> torch.Tensor:
        frames, height, width = case.warp.video.shape[:3]
        measurement = Measurement(case.w, case.masks["default"], (frames, height, width))
        guidance = Guidance(measurement, ProximalSettings(Solver.CLOSED_FORM), window)
        release = Release(at, threshold=KNOWN, keep_first=True)
        return sampled(partial(setup.wan.predictor, case.prompt), case.noise, setup.sigmas, guidance, release)

    return method


def below(sigma: float) -> Window:
    """Return the window of the small model's schedule that begins at ``sigma``."""
    return Window(percent_of_sigma(SHIFT)(sigma))


def methods(every: bool) -> dict[tuple[str, float], Method]:
    """Return the methods by name and release time: the default's alone, or all of them."""
    usual = Release().at
    whole = {(WHOLE, at): released(at, below(at)) for at in (RELEASES if every else (usual,))}
    return {(RIGID, 0.0): released(0.0), **{(FREED, at): released(at) for at in (ALONE if every else (usual,))}, **whole}


def one_scene(steps: int, every: bool, seed: int) -> Scene | None:
    """Measure every damage and method on one scene."""
    setup, view, found = Setup.of(steps), NewView.of(seed), Scene()
    if not worth_judging(view):
        return None
    for damage, error in DAMAGES.items():
        case = evidence(view, error, setup.wan)
        for (name, at), method in methods(every).items():
            found[Key(name, damage, at)] = against_truth(setup.wan.coder.decode(method(setup, case)), case.truth)
    return found


def targets(found: Samples) -> list[Row]:
    """Compare with rigid conditioning scene by scene: under damage no worse, and gaining as the damage grows."""
    listed, at = [], Release().at
    for name in (WHOLE, FREED):
        pairs = {damage: (found[Key(name, damage, at)][LPIPS], found[Key(RIGID, damage, 0.0)][LPIPS]) for damage in DAMAGES}
        listed.append(row(LPIPS, ratios(*pairs[BOTH]), "x", most=1, case=BOTH, at=at, method=name, against=RIGID))
        better = {damage: [rigid - ours for ours, rigid in zip(*pair, strict=True)] for damage, pair in pairs.items()}
        growth = gains(better[BOTH], better[EXACT])
        listed.append(row(f"growth of the gain in LPIPS over rigid, {EXACT} to {BOTH}", growth, least=0, method=name))
    return listed


def rows(seed: int, scenes: int = 16, processes: int = 2, steps: int = 10, curves: bool = False) -> list[Row]:
    """Return targets first, then both figures of every method. Without LPIPS there are no targets."""
    found = measure(partial(one_scene, steps, curves), scene_seeds(seed, 8 * scenes), scenes, processes)
    return (targets(found) if found.has(Key(RIGID, BOTH, 0.0), LPIPS) else []) + found.means()


def page(document: Document) -> list[str]:
    """Return the targets; the curves are drawn anew where all release times were measured."""
    listed = read(document)
    shown = [one for one in listed if one.figure == LPIPS and not one.against and one.at is not None]
    if len({one.at for one in shown}) > len(ALONE):
        lanes = curves_of(shown, lambda one: one.at, lambda one: f"{one.case}, {one.method}")
        panel = Panel("release time t* (0: rigid; grey: the default)", "LPIPS to the true view", lanes, {}, mark=Release().at)
        draw([[panel]], PICTURE)
    return long_table(one for one in listed if one.target)


if __name__ == "__main__":
    main(rows)
