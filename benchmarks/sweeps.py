"""Where recapture breaks: quality over the angle of the new view, over motion, and over the share of holes.

``python -m benchmarks.sweeps --seed 0 --json - [--scenes 16] [--strengths 0 0.5] [--picture docs/sweeps.png]``

Rendered scenes with something that moves, seen from an arc, 9 frames; the warp is our own at exact depth, the truth
the rendered view. One thing is turned at a time, the others stay at :data:`BASE`:

* *angle*: degrees of the arc at the last frame;
* *motion*: times the things' own speed, mostly 0.3 to 1.2 m/s;
* *holes*: share of the whole clip that the model is not shown, because holes are grown all around by as much as that takes;
  0 leaves them as they are.

``recapture`` is the embedded model held to the warp by the default mask and window; ``bare`` the same model, noise, prompt and
first frame without; ``filled`` the infilled warp through the VAE. Strengths of the prior are those of
:mod:`benchmarks.priors`. Every figure is of the whole view against the truth, a mean over scenes with its 95 % interval.
"""

from __future__ import annotations

import argparse
import logging
from collections import defaultdict
from pathlib import Path

import torch

from benchmarks.intervals import gains, interval, mean_row, ratios, surely_at_least, surely_at_most
from benchmarks.masks_cases import telea
from benchmarks.report import Row, main
from benchmarks.solver_ways import Case, Lab, bare, dds, make_case
from benchmarks.sweep_views import BASE, SWEEPS, UNITS, Setting, moving_scenes, settings, view_of
from hosting.lpips import Lpips, load_lpips
from inversecrafter_core.evaluation import masked_lpips, masked_psnr
from inversecrafter_core.synthetic import random_scene
from training.shipped import decode, load_dit, load_vae

STEPS, STRENGTHS = 8, (0.0, 0.5)
RECAPTURE, BARE, FILLED = "recapture", "bare", "filled"
PSNR, LPIPS = "whole PSNR", "whole LPIPS"


def case_of(seed: int, setting: Setting, lab: Lab) -> Case:
    """The view of a scene as a case of ``benchmarks.solver_ways``."""
    view = view_of(random_scene(seed), setting)
    holed = view.warp * view.visible[..., None]
    clip = {"truth": view.truth, "telea": telea(holed, view.visible.float()), "visible": view.visible.float()}
    return make_case(seed, clip, lab.coder)


def judged(latents: torch.Tensor, case: Case, lab: Lab, distance: Lpips | None) -> list[dict[str, float]]:
    """Figures of the whole view, one dictionary for each clip of a batch of latents."""
    videos = [decode(lab.coder, one) for one in latents.split(1)]
    found = [{PSNR: masked_psnr(video, case.truth)} for video in videos]
    if distance is not None:
        for figures, video in zip(found, videos, strict=True):
            figures[LPIPS] = masked_lpips(video, case.truth, distance=distance.maps)
    return found


Key = tuple[Setting, float, str]
Figures = dict[str, list[float]]


def measure(seed: int, scenes: int, lab: Lab, distance: Lpips | None) -> dict[Key, Figures]:
    """Figures by setting, strength and way, a value for each scene; ``holes`` of each setting beside them."""
    found = defaultdict[Key, Figures](lambda: defaultdict(list))
    for scene in moving_scenes(seed, scenes):
        for setting in settings():
            case = case_of(scene, setting, lab)
            (filled,) = judged(case.w, case, lab, distance)
            for way, run in {RECAPTURE: dds(), BARE: bare}.items():
                for strength, figures in zip(lab.strengths, judged(run(lab, case), case, lab, distance), strict=True):
                    _add(found[setting, strength, way], figures)
            for strength in lab.strengths:
                _add(found[setting, strength, FILLED], filled | {"holes": float((case.visible == 0).float().mean())})
    return found


def _add(group: Figures, figures: dict[str, float]) -> None:
    for name, value in figures.items():
        group[name].append(value)


def named(sweep: str, value: float, strength: float, what: str) -> str:
    return f"{sweep} {value:g}, strength {strength:g}, {what}"


def rows(found: dict[Key, Figures], strengths: tuple[float, ...]) -> list[Row]:
    """Recapture against bare at every setting, then every mean."""
    verdicts, means = [], []
    for sweep, values in SWEEPS.items():
        for strength in strengths:
            for value in values:
                setting = BASE._replace(**{sweep: value})
                ours, theirs = found[setting, strength, RECAPTURE], found[setting, strength, BARE]
                if LPIPS in ours:
                    ratio = ratios(ours[LPIPS], theirs[LPIPS])
                    verdicts.append(surely_at_most(named(sweep, value, strength, "LPIPS over bare's"), ratio, "x", 1))
                gain = gains(ours[PSNR], theirs[PSNR])
                verdicts.append(surely_at_least(named(sweep, value, strength, "PSNR above bare"), gain, "dB", 0))
                for way in (RECAPTURE, BARE, FILLED):
                    for figure, numbers in found[setting, strength, way].items():
                        unit = "dB" if figure == PSNR else ""
                        means.append(mean_row(named(sweep, value, strength, f"{way}: {figure}"), numbers, unit))
    return verdicts + means


STYLES = {RECAPTURE: "-", BARE: "--", FILLED: ":"}


def draw(found: dict[Key, Figures], strengths: tuple[float, ...], target: Path) -> None:
    """A column a sweep, LPIPS above PSNR; bands are the 95 % intervals."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    picture, panels = pyplot.subplots(2, len(SWEEPS), figsize=(4.6 * len(SWEEPS), 7), squeeze=False)
    for column, (sweep, values) in enumerate(SWEEPS.items()):
        group = [BASE._replace(**{sweep: value}) for value in values]
        for line, figure in enumerate((LPIPS, PSNR)):
            axes = panels[line][column]
            for index, strength in enumerate(strengths):
                for way in (RECAPTURE, BARE, FILLED) if not index else (RECAPTURE, BARE):
                    spans = [interval(found[setting, strength, way][figure]) for setting in group]
                    label = way if way == FILLED else f"{way}, prior {strength:g}"
                    colour = "grey" if way == FILLED else f"C{index}"
                    axes.plot(values, [span.mean for span in spans], STYLES[way], color=colour, label=label)
                    axes.fill_between(values, [s.low for s in spans], [s.high for s in spans], color=colour, alpha=0.12)
            axes.set_ylabel(figure if figure == LPIPS else f"{figure}, dB")
            axes.set_xlabel(f"{sweep}, {UNITS[sweep]}")
            axes.grid(alpha=0.3)
    panels[0][0].legend(fontsize=7)
    picture.tight_layout()
    picture.savefig(target, dpi=80)
    pyplot.close(picture)


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    strengths, distance = tuple(args.strengths), load_lpips()
    lab = Lab.of(load_dit(), load_vae(), args.steps, strengths=strengths)
    found = measure(seed, args.scenes, lab, distance)
    if args.picture and distance is not None:
        draw(found, strengths, args.picture)
    return rows(found, strengths)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=16)
    parser.add_argument("--steps", type=int, default=STEPS, help="sampling steps of a run")
    parser.add_argument("--strengths", type=float, nargs="+", default=list(STRENGTHS))
    parser.add_argument("--picture", type=Path, help="where the curves are drawn")
    parser.add_argument("--threads", type=int, default=2)


if __name__ == "__main__":
    main("sweeps", run, add_arguments)
