"""Limits of recapture: quality over the angle of the new view, over motion, and over the share of holes.

Rendered scenes with something that moves, seen from an arc, 9 frames; the warp is our own at exact depth, the truth the
rendered view. One thing is turned at a time, the others stay as in ``sweep_views.BASE``:

* *angle*: degrees of the arc at the last frame;
* *motion*: multiple of the things' own speed, mostly 0.3 to 1.2 m/s;
* *holes*: least share of the whole clip that the model is not shown; holes are grown all around until it is reached, and 0
  leaves them as they are.

``recapture`` is the embedded model guided by the default mask and window; ``bare`` the same model, noise, prompt and first
frame without; ``filled`` the infilled warp through the VAE. Strengths of the prior are those of :mod:`lab.models.guided`.
Every figure is of the whole view against the truth.
"""

from __future__ import annotations

from functools import partial

import torch

from lab.benchmarks.plots import Panel, curves, draw
from lab.benchmarks.report import Document, Row, folded, long_table, read
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Figures, Key, Samples, Scene
from lab.data.scenes.sweep_views import BASE, SWEEPS, UNITS, moving_scenes, settings, view_of
from lab.host.paths import ROOT
from lab.models.guided import Case, Setup, against_truth, bare, recapture
from lab.world import caption, random_scene

RECAPTURE, BARE, FILLED = "recapture", "bare", "filled"
PSNR, LPIPS = "whole PSNR", "whole LPIPS"
PICTURE = ROOT / "docs" / "sweeps.png"
STYLES = {RECAPTURE: "-", BARE: "--", FILLED: ":"}


def judged(setup: Setup, latents: torch.Tensor, truth: torch.Tensor) -> list[Figures]:
    """Return the figures of the whole view, one dictionary for each clip of a batch of latents."""
    return [against_truth(setup.wan.coder.decode(one), truth) for one in latents.split(1)]


def one_scene(steps: int, strengths: tuple[float, ...], seed: int) -> Scene:
    """Measure every setting on one scene; ``bare`` does not see holes, so it is run once a view."""
    setup, prompt, unguided, by_setting = Setup.of(steps, strengths), caption(random_scene(seed)), {}, {}
    for setting in settings():
        view, warp = view_of(seed, setting)
        case = Case.of(setup.wan.coder, view.truth, warp, prompt, seed)
        unhidden = setting._replace(holes=0.0)
        if unhidden not in unguided:
            unguided[unhidden] = judged(setup, bare(setup, case), view.truth)
        (filled,) = judged(setup, case.w, view.truth)
        figures = {RECAPTURE: judged(setup, recapture(setup, case), view.truth), BARE: unguided[unhidden]}
        by_setting[setting] = figures | {FILLED: [filled | {"holes": warp.holes}] * len(strengths)}
    return {
        Key(method, sweep, value, strength): figures
        for sweep, values in SWEEPS.items()
        for value in values
        for method, several in by_setting[BASE._replace(**{sweep: value})].items()
        for strength, figures in zip(strengths, several, strict=True)
    }


def table(found: Samples) -> list[Row]:
    """Return recapture against bare at every setting, then every mean."""
    listed = []
    for key in found:
        if key.method == RECAPTURE:
            if found.has(key, LPIPS):
                listed.append(found.ratio(key, BARE, LPIPS, most=1))
            listed.append(found.gain(key, BARE, PSNR, least=0))
    return listed + found.means()


def rows(
    seed: int, scenes: int = 16, processes: int = 2, steps: int = 8, strengths: tuple[float, ...] = (0.0, 0.5)
) -> list[Row]:
    """Measure every setting."""
    return table(measure(partial(one_scene, steps, tuple(strengths)), list(moving_scenes(seed, scenes)), scenes, processes))


def page(document: Document) -> list[str]:
    """Return the targets behind a click; the curves are drawn anew, a column a sweep, LPIPS above PSNR."""
    listed = read(document)
    grid = [[_panel(listed, sweep, figure) for sweep in SWEEPS] for figure in (LPIPS, PSNR)]
    draw(grid, PICTURE)
    lines = folded("recapture against the bare model, setting by setting", long_table(one for one in listed if one.target))
    return [*lines, "", f"![Limits of recapture]({PICTURE.name})"]


def _panel(rows: list[Row], sweep: str, figure: str) -> Panel:
    """Return the curves of one figure over one sweep; the infilled warp knows no prior."""
    strengths = sorted({one.strength for one in rows if one.strength is not None})
    shown = [one for one in rows if one.case == sweep and one.figure == figure and not one.against]
    shown = [one for one in shown if one.method != FILLED or one.strength == strengths[0]]
    label = lambda one: one.method if one.method == FILLED else f"{one.method}, prior {one.strength:g}"  # noqa: E731
    colour = lambda one: "grey" if one.method == FILLED else f"C{strengths.index(one.strength)}"  # noqa: E731
    styles = {label(one): (STYLES[one.method], colour(one)) for one in shown}
    return Panel(f"{sweep}, {UNITS[sweep]}", figure, curves(shown, lambda one: one.at, label), styles)


if __name__ == "__main__":
    main(rows)
