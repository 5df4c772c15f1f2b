"""Where recapture breaks: quality over the angle of the new view, over motion, and over the share of holes.

``python -m lab.benchmarks.solvers.sweeps --seed 0 --json - [--scenes 16] [--strengths 0 0.5] [--picture docs/sweeps.png]``

Rendered scenes with something that moves, seen from an arc, 9 frames; the warp is our own at exact depth, the truth
the rendered view. One thing is turned at a time, the others stay at :data:`BASE`:

* *angle*: degrees of the arc at the last frame;
* *motion*: times the things' own speed, mostly 0.3 to 1.2 m/s;
* *holes*: share of the whole clip that the model is not shown, because holes are grown all around by as much as that takes;
  0 leaves them as they are.

``recapture`` is the embedded model held to the warp by the default mask and window; ``bare`` the same model, noise, prompt and
first frame without; ``filled`` the infilled warp through the VAE. Strengths of the prior are those of
:mod:`lab.benchmarks.priors`. Every figure is of the whole view against the truth, a mean over scenes with its 95 % interval.
"""

from __future__ import annotations

import argparse
import logging
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import torch

from inversecrafter_core.evaluation import masked_psnr
from inversecrafter_core.inverse import encode_measurement
from lab.benchmarks.intervals import gains, mean_row, ratios, surely_at_least, surely_at_most
from lab.benchmarks.masks.cases import telea
from lab.benchmarks.report import Row, main
from lab.metrics.lpips import Lpips, load_lpips
from lab.models.shipped import ShippedCoder, decode, encode, load_dit, load_vae
from lab.world import caption, random_scene

from .methods import Case, Lab, bare, dds
from .sweep_views import BASE, SWEEPS, UNITS, Setting, View, moving_scenes, settings, view_of

STEPS, STRENGTHS = 8, (0.0, 0.5)
RECAPTURE, BARE, FILLED = "recapture", "bare", "filled"
PSNR, LPIPS = "whole PSNR", "whole LPIPS"


Key = tuple[Setting, float, str]
"""Setting, strength of the prior, way."""
Figures = dict[str, list[float]]


class Bench(NamedTuple):
    """What every scene is run with."""

    lab: Lab
    distance: Lpips | None

    @classmethod
    @cache
    def of(cls, steps: int, strengths: tuple[float, ...]) -> Bench:
        """Loaded once a process."""
        return cls(Lab.of(load_dit(), load_vae(), steps, strengths=strengths), load_lpips())

    def case(self, seed: int, view: View) -> Case:
        """The view of a scene as a case of ``lab.benchmarks.solvers.methods``, with the default mask alone."""
        coder, visible = self.lab.coder, view.visible.float()
        filled = telea(view.warp * visible[..., None], visible)
        made = encode_measurement(ShippedCoder(coder), filled, visible, first_frame_known=True)
        noise = torch.randn(made.w.shape, generator=torch.Generator().manual_seed(seed))
        prompt, masks = caption(random_scene(seed)), {"usual": made.h}
        return Case(view.truth, filled, view.truth, visible, made.w, masks, prompt, noise, encode(coder, view.truth))

    def judged(self, latents: torch.Tensor, truth: torch.Tensor) -> list[dict[str, float]]:
        """Figures of the whole view, one dictionary for each clip of a batch of latents."""
        found, pictures = [], truth.movedim(-1, 1)
        for one in latents.split(1):
            video = decode(self.lab.coder, one)
            figures = {PSNR: masked_psnr(video, truth)}
            if self.distance is not None:
                figures[LPIPS] = float(self.distance(video.movedim(-1, 1), pictures).mean())
            found.append(figures)
        return found

    def run(self, seed: int) -> dict[Key, dict[str, float]]:
        """Figures of one scene by setting, strength and way; without holes of its own, ``bare`` is run once a view."""
        scene, found = random_scene(seed), {}
        for setting in settings():
            unhidden = setting._replace(holes=0.0)
            view = view_of(scene, setting)
            case = self.case(seed, view)
            (filled,) = self.judged(case.w, view.truth)
            filled["holes"] = float((~view.visible).float().mean())
            ours = self.judged(dds()(self.lab, case), view.truth)
            if (unhidden, self.lab.strengths[0], BARE) in found:
                without = [found[unhidden, strength, BARE] for strength in self.lab.strengths]
            else:
                without = self.judged(bare(self.lab, case), view.truth)
            for strength, with_it, alone in zip(self.lab.strengths, ours, without, strict=True):
                found[setting, strength, RECAPTURE], found[setting, strength, BARE] = with_it, alone
                found[setting, strength, FILLED] = filled
        return found


def one_scene(seed: int, steps: int, strengths: tuple[float, ...]) -> dict[Key, dict[str, float]]:
    """:meth:`Bench.run` in a process of its own, on one thread."""
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(1)
    return Bench.of(steps, strengths).run(seed)


def measure(seeds: list[int], steps: int, strengths: tuple[float, ...], processes: int) -> dict[Key, Figures]:
    """Figures by setting, strength and way, a value for each scene."""
    found = defaultdict[Key, Figures](lambda: defaultdict(list))
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for scene in pool.map(one_scene, seeds, repeat(steps), repeat(strengths)):
            for key, figures in scene.items():
                for name, value in figures.items():
                    found[key][name].append(value)
    return found


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


def draw(rows: Sequence[Row], strengths: Sequence[float], target: Path) -> None:
    """A column a sweep, LPIPS above PSNR, from the rows of a run; bands are the 95 % intervals."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    by_name = {row.name: row for row in rows}
    picture, panels = pyplot.subplots(2, len(SWEEPS), figsize=(4.6 * len(SWEEPS), 7), squeeze=False)
    for column, (sweep, values) in enumerate(SWEEPS.items()):
        for line, figure in enumerate((LPIPS, PSNR)):
            axes = panels[line][column]
            for index, strength in enumerate(strengths):
                for way in STYLES if not index else (RECAPTURE, BARE):
                    found = [by_name.get(named(sweep, value, strength, f"{way}: {figure}")) for value in values]
                    if None not in found:
                        _curve(axes, values, found, way, index, strength)
            axes.set_ylabel(figure if figure == LPIPS else f"{figure}, dB")
            axes.set_xlabel(f"{sweep}, {UNITS[sweep]}")
            axes.grid(alpha=0.3)
    panels[-1][0].legend(fontsize=7)
    picture.tight_layout()
    picture.savefig(target, dpi=80)
    pyplot.close(picture)


def _curve(axes: Any, values: Sequence[float], found: list[Row], way: str, index: int, strength: float) -> None:
    """One way's means with their band; the infilled warp knows no prior."""
    colour, label = ("grey", way) if way == FILLED else (f"C{index}", f"{way}, prior {strength:g}")
    axes.plot(values, [row.value for row in found], STYLES[way], color=colour, label=label)
    low = [row.value if row.low is None else row.low for row in found]
    high = [row.value if row.high is None else row.high for row in found]
    axes.fill_between(values, low, high, color=colour, alpha=0.12)


def illustrated(document: dict[str, Any], picture: Path) -> list[Row]:
    """The rows of a run's JSON, drawn into ``picture`` under every strength that they name."""
    rows = [Row(**row) for row in document["rows"]]
    strengths = sorted({float(row.name.split(", strength ")[1].split(",")[0]) for row in rows})
    draw(rows, strengths, picture)
    return rows


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    strengths = tuple(args.strengths)
    found = measure(list(moving_scenes(seed, args.scenes)), args.steps, strengths, args.processes)
    table = rows(found, strengths)
    if args.picture:
        draw(table, strengths, args.picture)
    return table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--scenes", type=int, default=16)
    parser.add_argument("--steps", type=int, default=STEPS, help="sampling steps of a run")
    parser.add_argument("--strengths", type=float, nargs="+", default=list(STRENGTHS))
    parser.add_argument("--picture", type=Path, help="where the curves are drawn")
    parser.add_argument("--processes", type=int, default=2)


if __name__ == "__main__":
    main("sweeps", run, add_arguments)
