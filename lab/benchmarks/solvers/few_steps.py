"""Few steps at cfg 1, as speed LoRAs are run: the gamma and the window that still work, and the speed of motion.

Rendered scenes with something that moves, an arc of 12 degrees, warped at exact depth; the truth is the rendered view. The
embedded model, which is not distilled, samples with Euler steps under priors of rising strength (:mod:`lab.models.guided`), at
cfg 1. *2+2* and *3+3* are the schedules of two experts: as many steps above :data:`BOUNDARY` as below. A window is given by its
start in percent of the schedule; it ends with the run.

*motion* is the speed of the result along the warp's own motion on known pixels: 1 = as fast, below 1 = slow motion. The warp
through the VAE is the bound of what guidance can reach.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import product

import torch

from inversecrafter_core.evaluation import motion_ratio
from inversecrafter_core.inverse import ProximalSettings, Solver, prepare
from inversecrafter_core.sampling import Window, percent_of_sigma, sigma_of_percent
from lab.benchmarks.report import Document, Row, markdown, read, with_half
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Figures, Key, Samples, Scene
from lab.data.scenes.sweep_views import BASE, moving_scenes, view_of
from lab.models.guided import Case, Setup, against_truth, bare, small_wan
from lab.models.video import SHIFT
from lab.world import caption, random_scene

SIZE = (9, 64, 96)
BOUNDARY = 0.875
"""The sigma at which Wan 2.2's second expert takes over in text to video."""
SCHEDULES = {"4 steps": (4,), "6 steps": (6,), "8 steps": (8,), "2+2": (2, 2), "3+3": (3, 3)}
"""Steps of each expert by name of a schedule."""
GAMMAS, STARTS = (4.0, 8.0, 20.0), (0.0, 0.2, 0.4)
BARE, FILLED = "bare", "the warp through the VAE"
PSNR, LPIPS, MOTION = "whole PSNR", "whole LPIPS", "motion"


def schedule(parts: tuple[int, ...]) -> torch.Tensor:
    """Return the falling sigmas of a run of one model, or of two that part at :data:`BOUNDARY`."""
    ends = (0.0, 1.0) if len(parts) == 1 else (0.0, percent_of_sigma(SHIFT)(BOUNDARY), 1.0)
    percents = [
        start + (end - start) * step / steps
        for start, end, steps in zip(ends, ends[1:], parts, strict=False)
        for step in range(steps)
    ]
    return torch.tensor([sigma_of_percent(SHIFT)(percent) for percent in [*percents, 1.0]])


def name_of(gamma: float, start: float) -> str:
    """Return the name of a setting in the table."""
    return f"gamma {gamma:g} from {start:g}"


def judged(case: Case, latents: torch.Tensor) -> list[Figures]:
    """Return the figures of each clip of a batch of latents; no motion where nothing known moves."""
    found = []
    for one in latents.split(1):
        video = small_wan().coder.decode(one)
        speed = motion_ratio(video, case.warp.video, case.warp.visible)
        found.append(against_truth(video, case.truth) | ({} if math.isnan(speed) else {MOTION: speed}))
    return found


def one_scene(strengths: tuple[float, ...], seed: int) -> Scene:
    """Measure every schedule and setting on one scene, without guidance too."""
    view, warp = view_of(seed, BASE, SIZE)
    case = Case.of(small_wan().coder, view.truth, warp, caption(random_scene(seed)), seed)
    found = {Key(FILLED): judged(case, case.w)[0]}
    for name, parts in SCHEDULES.items():
        setup = Setup(small_wan(), schedule(parts), strengths)
        runs = {BARE: bare(setup, case)}
        for gamma, start in product(GAMMAS, STARTS):
            step = prepare(case.masks["default"], case.w, ProximalSettings(Solver.CLOSED_FORM, gamma=gamma))
            runs[name_of(gamma, start)] = setup.run(case, step, Window(start))
        for method, latents in runs.items():
            for strength, figures in zip(strengths, judged(case, latents), strict=True):
                found[Key(method, name, strength=strength)] = figures
    return found


def table(found: Samples) -> list[Row]:
    """Return every setting against bare, then every mean."""
    listed = []
    for key in found:
        if key.method not in (BARE, FILLED):
            listed += [found.ratio(key, BARE, LPIPS, most=1)] if found.has(key, LPIPS) else []
            listed.append(found.gain(key, BARE, PSNR, least=0))
    return listed + found.means()


def rows(seed: int, scenes: int = 8, processes: int = 2, strengths: tuple[float, ...] = (0.0, 0.3, 0.6)) -> list[Row]:
    """Measure every setting."""
    return table(measure(partial(one_scene, tuple(strengths)), list(moving_scenes(seed, scenes)), scenes, processes))


def page(document: Document) -> list[str]:
    """Return the bound of motion, and a table for each strength: LPIPS over bare's with half its interval, and motion."""
    listed = read(document)
    lines = [f"Motion of {FILLED}: {with_half(one)}." for one in listed if (one.method, one.figure) == (FILLED, MOTION)]
    for strength in sorted({one.strength for one in listed if one.strength is not None}):
        here = {(one.method, one.case, one.figure, bool(one.against)): one for one in listed if one.strength == strength}
        methods = dict.fromkeys(method for method, *_ in here)
        body = [(method, *(_cell(here, method, name) for name in SCHEDULES)) for method in dict.fromkeys((BARE, *methods))]
        lines += ["", f"Prior of strength {strength:g}: LPIPS over bare, and motion", "", *markdown(("", *SCHEDULES), body)]
    return lines


def _cell(here: dict[tuple[str, str, str, bool], Row], method: str, name: str) -> str:
    """Return a cell of the table; ``*``: not surely better than bare."""
    ratio, speed = here.get((method, name, LPIPS, True)), here.get((method, name, MOTION, False))
    first = "" if ratio is None else with_half(ratio) + ("" if ratio.holds else "*")
    return "; ".join(filter(None, [first, "" if speed is None else f"{speed.value:.2f}"]))


if __name__ == "__main__":
    main(rows)
