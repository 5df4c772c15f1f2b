"""Solvers compared on scenes whose new view is rendered, ours and others, under priors of rising strength.

Each unseen scene is seen from an arc, warped by exact depth, filled by Telea's method, encoded, and masked by the default mask.
Every method, the bare model among them, has the same prior (:mod:`lab.models.guided`).

* ``kept`` = against the warp on visible pixels, as the paper measures; ``whole`` and ``holes`` = against the true view;
* ``past the VAE`` = against the true view as the VAE reconstructs it, so that the VAE's own error, which every method has,
  does not hide the rest;
* ``seam`` = PSNR against the true view within 8 pixels of a hole's edge;
* ``flicker`` = false change from frame to frame over the truth's own change;
* ``time`` = processor time of sampling over the bare model's of the same scene; :mod:`lab.benchmarks.cost.overhead` measures
  the cost of guidance to a percent.

``--picture FILE`` draws the methods side by side on the first scene
instead: one row a method, among its moments every frame of one causal group.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from inversecrafter_core.evaluation import flicker, masked_lpips, masked_psnr, masked_ssim, seam_psnr, temporal_change
from inversecrafter_core.inverse import MaskSchedule
from lab.benchmarks.plots import Panel, curves, draw
from lab.benchmarks.report import Document, Row, folded, long_table, markdown, read, wide_table
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Figures, Key, Samples, Scene
from lab.data.scenes.new_views import LEAST_HOLES, NewView
from lab.data.sheet import as_bytes, contact_sheet, paint_holes, write_picture
from lab.data.unseen import scene_seeds
from lab.host.paths import ROOT
from lab.metrics.timing import timed
from lab.models.guided import Case, Method, Setup, lpips, recapture

from .methods import BARE, DPS, METHODS, MOVE, OURS, PASTE, PASTE_HALF, RIVALS

SIZE = (17, 96, 144)
"""A quarter of the embedded model's pixels less than what it was trained at, half the time."""
PROMISED = (0.0, 0.5)
"""Strengths at which ours is to be at or below every relative."""
FILLED, LPIPS = "filled warp", "whole LPIPS"
COLUMNS = {
    "kept PSNR": "kept PSNR",
    "kept SSIM": "SSIM",
    "kept LPIPS": "LPIPS",
    "whole PSNR": "whole PSNR",
    "whole PSNR past the VAE": "past the VAE",
    "whole SSIM": "SSIM",
    LPIPS: "LPIPS",
    "holes PSNR": "holes PSNR",
    "holes SSIM": "SSIM",
    "holes LPIPS": "holes LPIPS",
    "seam PSNR": "seam PSNR",
    "seam PSNR past the VAE": "past the VAE",
    "flicker": "flicker",
    "time": "time",
}
FEW = ("kept PSNR", "whole PSNR", LPIPS, "holes LPIPS", "seam PSNR")
"""Figures of every method under a stronger prior."""
PICTURE = ROOT / "docs" / "solvers.png"
MOMENTS = (0, 3, 6, 9, 10, 11, 12, 14)
"""Frames of the picture: 9 to 12 share a latent frame."""


def quality(video: torch.Tensor, case: Case, reachable: torch.Tensor, wanted: Collection[str] | None = None) -> Figures:
    """Return every figure of a result that is not a cost, or those that are ``wanted``; ``reachable``: the truth by the VAE."""
    visible, distance = case.warp.visible, lpips()
    metrics: dict[str, Callable[..., float]] = {"PSNR": masked_psnr, "SSIM": masked_ssim}
    if distance is not None:
        metrics["LPIPS"] = partial(masked_lpips, distance=distance.maps)
    everywhere = torch.ones_like(visible)
    regions = {"kept": (case.warp.video, visible), "whole": (case.truth, everywhere), "holes": (case.truth, 1 - visible)}
    figures: dict[str, Callable[[], float]] = {
        f"{region} {name}": partial(metric, video, reference, where)
        for region, (reference, where) in regions.items()
        for name, metric in metrics.items()
    }
    figures |= {
        "whole PSNR past the VAE": lambda: masked_psnr(video, reachable),
        "seam PSNR": lambda: seam_psnr(video, case.truth, visible),
        "seam PSNR past the VAE": lambda: seam_psnr(video, reachable, visible),
        "flicker": lambda: flicker(video, case.truth) / temporal_change(case.truth),
    }
    return {name: take() for name, take in figures.items() if wanted is None or name in wanted}


def compare(setup: Setup, case: Case, methods: dict[str, Method]) -> Scene:
    """Run every method on one scene, all strengths of it as one batch."""
    METHODS[BARE](replace(setup, sigmas=setup.sigmas[:2]), case)  # the first run in a process is slower than the next
    coder, least = setup.wan.coder, setup.strengths[0]
    reachable, found, took = coder.decode(case.z_true), Scene(), Figures()
    for name, method in methods.items():
        made, took[name] = timed(partial(method, setup, case))
        for strength, one in zip(setup.strengths, made.split(1), strict=True):
            wanted = None if strength == least else FEW
            found[Key(name, strength=strength)] = quality(coder.decode(one), case, reachable, wanted)
        found[Key(name, strength=least)]["time"] = took[name] / took[BARE]
    found[Key(FILLED, strength=least)] = quality(coder.decode(case.w), case, reachable)
    return found | {Key(): {"holes of the warp": 100 * case.warp.holes}}


def case_of(setup: Setup, seed: int) -> Case | None:
    """Return the case of one scene, or None where its holes are not worth judging."""
    view = NewView.of(seed, SIZE)
    warp = view.exact_warp()
    return Case.of(setup.wan.coder, view.truth, warp, view.prompt, seed) if warp.holes >= LEAST_HOLES else None


def one_scene(steps: int, strengths: tuple[float, ...], schedule: MaskSchedule, seed: int) -> Scene | None:
    """Measure one scene; ``schedule`` is of our mask."""
    setup = Setup.of(steps, strengths)
    case = case_of(setup, seed)
    return None if case is None else compare(setup, case, METHODS | {OURS: partial(recapture, schedule=schedule)})


def targets(found: Samples) -> list[Row]:
    """Compare ours with every relative where that was promised, and in what a soft mask is for."""
    strengths = sorted({key.strength for key in found if key.strength is not None})
    least = Key(OURS, strength=strengths[0])
    listed = []
    if found.has(least, LPIPS):
        for strength in strengths:
            for other in (BARE, *RIVALS):
                bound = {"most": 1.0} if strength in PROMISED and other in RIVALS else {}
                listed.append(found.ratio(Key(OURS, strength=strength), other, LPIPS, **bound))
    for paste in (PASTE, PASTE_HALF):
        listed += [found.gain(least, paste, name, least=1.0) for name in ("seam PSNR", "seam PSNR past the VAE")]
    return [*listed, found.ratio(least._replace(method=DPS), OURS, "time", least=3.0)]


def rows(
    seed: int,
    scenes: int = 16,
    processes: int = 2,
    steps: int = 16,
    strengths: tuple[float, ...] = (0.0, 0.5, 0.9),
    schedule: str = MaskSchedule.FIXED.value,
    picture: Path = Path(),
) -> list[Row]:
    """Measure every method, ours with a mask of that ``schedule``; or draw them where a picture is wanted."""
    if picture.name:
        sheet(seed, steps, picture)
        return []
    scene = partial(one_scene, steps, tuple(strengths), MaskSchedule(schedule))
    found = measure(scene, scene_seeds(seed, 8 * scenes), scenes, processes)
    order = sorted((key for key in found if key != Key()), key=lambda key: key.strength or 0)
    return [found.mean(Key(), "holes of the warp", "%"), *targets(found), *found.means(order)]


def page(document: Document) -> list[str]:
    """Return the targets, how far ours is ahead under each prior, and every figure folded away; the picture is drawn anew."""
    listed = read(document)
    ratios = [one for one in listed if one.figure == LPIPS and one.against]
    lines = long_table(one for one in listed if one.target)
    lines += ["", "Whole-view LPIPS, ours over each other method's; bold where the interval decides:", ""]
    lines += ahead(ratios)
    for strength in sorted({one.strength for one in listed if one.strength is not None}):
        here = [one for one in listed if one.strength == strength and not one.against]
        lines += folded(f"every figure, strength {strength:g}", wide_table(here, COLUMNS))
    lanes = curves(ratios, lambda one: one.strength, lambda one: one.against)
    draw([[Panel("strength of the prior", "whole-view LPIPS, ours over ...", lanes, {}, level=1)]], PICTURE)
    return [*lines, "", f"![Ours against every other method, under priors of rising strength]({PICTURE.name})"]


def ahead(ratios: list[Row]) -> list[str]:
    """Return a Markdown table with a line a method and a column a strength."""
    strengths = list(dict.fromkeys(one.strength for one in ratios))
    cells = {(one.against, one.strength): _cell(one) for one in ratios}
    names = dict.fromkeys(one.against for one in ratios)
    lines = [(name, *(cells.get((name, strength), "") for strength in strengths)) for name in names]
    return markdown(("ours over", *(f"strength {strength:g}" for strength in strengths)), lines)


def _cell(one: Row) -> str:
    if one.low is None or one.high is None:
        return f"{one.value:.3f}"
    bold = "" if one.low <= 1 <= one.high else "**"
    return f"{bold}{one.value:.3f}{bold} ({one.low:.3f} … {one.high:.3f})"


def sheet(seed: int, steps: int, target: Path) -> None:
    """Draw truth, warp with its holes in magenta, and every method on the first scene."""
    setup = Setup.of(steps)
    case = next(one for one in (case_of(setup, number) for number in scene_seeds(seed, 8)) if one is not None)
    shown = {"true view": as_bytes(case.truth), "warp": paint_holes(as_bytes(case.warp.video), as_bytes(1 - case.warp.visible))}
    made = ((name, METHODS[name](setup, case)) for name in METHODS if name != MOVE)
    shown |= {name: as_bytes(setup.wan.coder.decode(latents)) for name, latents in made}
    write_picture(target, contact_sheet(shown, MOMENTS, case.truth.shape[2]))


if __name__ == "__main__":
    main(rows)
