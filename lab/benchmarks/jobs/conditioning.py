"""The model's own conditioning beside guidance: the first frame alone, as in the paper, or the whole masked video.

The embedded model has no input for an image or a masked video. It takes context as tokens that stand clean beside the noise, so
that is measured: the first frame's, or all that lie wholly in the known part, encoded with the holes infilled. Both have the
same measurement and default guidance. The warp is that of :mod:`lab.benchmarks.warp.robustness`, its depth
noisy and bled; LPIPS is against the true view, whole. Strengths are of the simulated prior, 0 = the embedded model. What a
Fun-InP checkpoint makes of either is not measured here.
"""

from __future__ import annotations

from functools import partial

import torch

from inversecrafter_core.inverse import ProximalSettings, Solver, prepare
from inversecrafter_core.masks import area
from inversecrafter_core.sampling import Window
from inversecrafter_core.sampling.stochastic import known_cells
from lab.benchmarks.report import Row
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Key, Scene
from lab.benchmarks.warp.robustness import evidence, worth_judging
from lab.data.scenes.damage import Damage
from lab.data.scenes.new_views import NewView
from lab.data.unseen import scene_seeds
from lab.models.guided import Case, Setup, against_truth

DEPTH = Damage(noise=0.1, bleed=3.0)
STRENGTHS = (0.0, 0.5)
FIRST, INFILLED = "first frame", "whole video, infilled"
Contexts = dict[str, tuple[torch.Tensor, torch.Tensor]]


def contexts(view: NewView, case: Case, setup: Setup) -> Contexts:
    """Return the tokens that stand clean, ``[1, 1, T', H', W']`` bool, and the latents they show, by name."""
    visible, filled = case.warp.visible.clone(), case.warp.video.clone()
    visible[0], filled[0] = 1.0, view.source.colour[0]
    w = setup.wan.coder.encode(filled)
    known = known_cells(area(visible).to(w), 1.0) | case.first_frame
    return {FIRST: (case.first_frame, w), INFILLED: (known, w)}


def one_scene(steps: int, seed: int) -> Scene | None:
    """Measure every conditioning on one scene."""
    setup, view, found = Setup.of(steps, STRENGTHS), NewView.of(seed), Scene()
    if not worth_judging(view):
        return None
    case = evidence(view, DEPTH, setup.wan)
    step = prepare(case.masks["default"], case.w, ProximalSettings(Solver.CLOSED_FORM))
    for name, context in contexts(view, case, setup).items():
        sampled = setup.run(case, step, Window(), setup.denoiser(case, context))
        for strength, latents in zip(STRENGTHS, sampled.split(1), strict=True):
            figures = against_truth(setup.wan.coder.decode(latents), case.truth)
            found[Key(name, strength=strength)] = {key: value for key, value in figures.items() if key == "whole LPIPS"}
    return found


def rows(seed: int, scenes: int = 16, processes: int = 2, steps: int = 10) -> list[Row]:
    """Compare both conditionings."""
    found = measure(partial(one_scene, steps), scene_seeds(seed, 8 * scenes), scenes, processes)
    keys = [Key(INFILLED, strength=strength) for strength in STRENGTHS]
    compared = [key for key in keys if found.has(key, "whole LPIPS")]
    return [found.ratio(key, FIRST, "whole LPIPS", most=1) for key in compared] + found.means()


if __name__ == "__main__":
    main(rows)
