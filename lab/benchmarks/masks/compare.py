"""Latent masks compared whatever the video model: each guides sampling under priors of rising strength.

New views of synthetic scenes, whose truth is rendered. The small model is weaker than Telea's infill, which rewards whatever
trusts the infill; so each mask is judged under simulated models (:mod:`lab.models.guided`) of strength 0 = the embedded
one to 0.9 = almost the truth. All on normalised latents:

* ``error``: root mean square of the sampled latents against ``E(x)``, all but the first frame, which is given;
  ``error in holes`` the same over cells with less than all of their pixels known;
* ``error over the sweep``: the geometric mean of ``error`` over the strengths;
* ``L1 to h_gt``: to the paper's ``1 - tanh|E(x) - E(fill(m x))|``, the masked clip infilled before it is encoded;
* ``encodings`` beyond ``E(y)``: the cost of the mask;
* ``whole LPIPS`` and ``whole PSNR``: of the decoded clip, for a few masks under two priors.

The default is to be the cheapest mask whose error over the sweep lies within the interval of the best. ``share`` is the plain
share of known pixels, whose third power is the default; ``h_gt`` knows the truth. ``--picture FILE`` draws the masks of the
first scene instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch

from inversecrafter_core.inverse import ProximalSettings, Solver, prepare
from inversecrafter_core.masks import MaskInputs, MaskMethod, MaskSettings, area, latent_mask, with_first_frame_known
from inversecrafter_core.sampling import BoundGuidance, Window, sample_guided_euler
from lab.benchmarks.plots import Panel, curves, draw
from lab.benchmarks.report import Document, Row, folded, long_table, read, wide_table
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Key, Samples, Scene
from lab.data.scenes.new_views import NewView
from lab.data.sheet import as_bytes, contact_sheet, paint_holes, write_picture
from lab.host.paths import ROOT
from lab.models.guided import Case, Setup, against_truth, stronger_prior, unguided
from lab.models.mask_encoder import MaskPredictor, load_predictor
from lab.models.shipped import MASK_ENCODER_FILE

SIZE = (17, 96, 144)
STRENGTHS = (0.0, 0.3, 0.5, 0.7, 0.9)
SHOWN_STRENGTHS = (0.0, 0.5)
DEFAULT, LEARNED, INFILL = str(MaskMethod.AREA), str(MaskMethod.LEARNED), str(MaskMethod.TEMPORAL_INFILL)
SHARE, WANTED = "share", "h_gt"
SHOWN = (DEFAULT, SHARE, INFILL, LEARNED)
"""Masks whose results are decoded and looked at, under priors of :data:`SHOWN_STRENGTHS`."""
SWEEP = "error over the sweep"
COLUMNS = {
    "encodings": "encodings",
    SWEEP: SWEEP,
    **{f"error, prior {strength:g}": f"error, prior {strength:g}" for strength in STRENGTHS},
    **{f"error in holes, prior {strength:g}": f"in holes, prior {strength:g}" for strength in SHOWN_STRENGTHS},
    "L1 to h_gt": "L1 to h_gt",
    **{f"whole LPIPS, prior {strength:g}": f"whole LPIPS, prior {strength:g}" for strength in SHOWN_STRENGTHS},
}
PICTURE = ROOT / "docs" / "masks.png"
Masks = dict[str, torch.Tensor]


@cache
def mask_encoder() -> MaskPredictor:
    """Return the shipped mask encoder, loaded once a process."""
    return load_predictor(MASK_ENCODER_FILE)


def masks_of(setup: Setup, case: Case, predict: Callable[..., torch.Tensor] | None) -> tuple[Masks, dict[str, int]]:
    """Return every mask ``[1, C, T', H', W']`` and its encodings beyond ``E(y)``; *learned* only where there is an encoder."""
    coder, count = setup.wan.coder, [0]

    def encode(clip: torch.Tensor) -> torch.Tensor:
        count[0] += 1
        return coder.encode(clip)

    given = MaskInputs(case.warp.visible, case.warp.video, case.w, encode, coder.grid, predict=predict)
    shown = {str(method): (given, MaskSettings(method)) for method in (MaskMethod.TEMPORAL_INFILL, MaskMethod.BINARY)}
    shown[WANTED] = replace(given, source=case.truth), MaskSettings(MaskMethod.KNOWN_SOURCE)
    if predict is not None:
        shown[LEARNED] = given, MaskSettings(MaskMethod.LEARNED)
    masks, costs = {DEFAULT: case.masks["default"], SHARE: case.masks["share"]}, {DEFAULT: 0, SHARE: 0}
    for name, (inputs, settings) in shown.items():
        before = count[0]
        masks[name] = latent_mask(inputs, settings)
        costs[name] = count[0] - before
    return masks, costs


def guided(setup: Setup, case: Case, masks: Sequence[torch.Tensor], window: Window | None = None) -> torch.Tensor:
    """Sample with each of ``masks`` under each prior, in closed form: latents ``[strengths, masks, C, T', H', W']``.

    Until the window opens the mask does not matter, so that part runs once a strength; then all runs are one batch.
    """
    active, prior = setup.active(window or Window()), torch.tensor(setup.strengths)
    steps = len(setup.sigmas) - 1
    opens = next((index for index, sigma in enumerate(setup.sigmas[:-1].tolist()) if sigma in active), steps)
    plain = setup.wan.predictor(case.prompt, case.first_frame, case.w)

    def run(x: torch.Tensor, sigmas: torch.Tensor, strength: torch.Tensor, guide: BoundGuidance) -> torch.Tensor:
        return sample_guided_euler(stronger_prior(plain, case.z_true, strength), x, sigmas, correct=guide)

    before = run(setup.start(case), setup.sigmas[: opens + 1], prior, BoundGuidance(active, unguided))
    h = with_first_frame_known(torch.cat(list(masks))).repeat(len(prior), 1, 1, 1, 1)
    step = prepare(h, case.w.expand(h.shape), ProximalSettings(Solver.CLOSED_FORM))
    count = len(masks)
    every = before.repeat_interleave(count, 0), setup.sigmas[opens:], prior.repeat_interleave(count)
    return run(*every, BoundGuidance(active, step)).unflatten(0, (len(prior), count))


def rms(difference: torch.Tensor, where: torch.Tensor | None = None) -> float:
    """Return the root mean square of ``difference [1, C, T', H', W']`` beyond the first frame, ``where`` is true."""
    squared = difference[:, :, 1:].square()
    return float((squared if where is None else squared[where[:, :, 1:].expand_as(squared)]).mean().sqrt())


def judged(setup: Setup, case: Case, predict: Callable[..., torch.Tensor] | None) -> Scene:
    """Measure every mask on one case."""
    masks, costs = masks_of(setup, case, predict)
    results, holes, found = guided(setup, case, list(masks.values())), area(case.warp.visible) < 1, Scene()
    for index, (name, h) in enumerate(masks.items()):
        errors = []
        for strength, latents in zip(setup.strengths, results[:, index], strict=True):
            difference = latents[None] - case.z_true
            errors.append(rms(difference))
            figures = {"error": errors[-1], "error in holes": rms(difference, holes)}
            if name in SHOWN and strength in SHOWN_STRENGTHS:
                figures |= against_truth(setup.wan.coder.decode(latents[None]), case.truth)
            found[Key(name, strength=strength)] = figures
        apart = float((h - masks[WANTED]).abs().mean())
        found[Key(name)] = {SWEEP: float(np.exp(np.log(errors).mean())), "L1 to h_gt": apart, "encodings": costs[name]}
    return found


def case_of(setup: Setup, seed: int) -> Case:
    """Return the case of a scene."""
    view = NewView.of(seed, SIZE)
    return Case.of(setup.wan.coder, view.truth, view.exact_warp(), view.prompt, seed)


def predict(visible: torch.Tensor, warp: torch.Tensor) -> torch.Tensor:
    """Return the learned mask."""
    return mask_encoder().mask(visible[None], warp[None])


@torch.inference_mode()
def one_scene(steps: int, seed: int) -> Scene:
    """Measure one scene."""
    setup = Setup.of(steps, STRENGTHS)
    return judged(setup, case_of(setup, seed), predict)


def table(found: Samples) -> list[Row]:
    """Compare the default with every mask that does not know the truth, and list every mean."""
    others = [key.method for key in found if key.strength is None and key.method not in (DEFAULT, WANTED)]
    listed = [found.ratio(Key(DEFAULT), other, SWEEP, most=1) for other in others]
    for strength in SHOWN_STRENGTHS:
        key = Key(DEFAULT, strength=strength)
        seen = [other for other in SHOWN[1:] if found.has(key._replace(method=other), "whole LPIPS")]
        listed += [found.ratio(key, other, "whole LPIPS", most=1) for other in seen]
    listed += [found.ratio(key, DEFAULT, "error") for key in found if key.strength is not None and key.method != DEFAULT]
    return listed + found.means()


def rows(seed: int, scenes: int = 16, processes: int = 2, steps: int = 8, picture: Path = Path()) -> list[Row]:
    """Measure every mask; or draw them where a picture is wanted."""
    seeds = [1000 * seed + index for index in range(scenes)]
    if picture.name:
        sheet(seeds[0], picture)
        return []
    return table(measure(partial(one_scene, steps), seeds, scenes, processes))


def page(document: Document) -> list[str]:
    """Return the targets and one wide table, the best mask first; the errors over that of the default are drawn anew."""
    listed = read(document)
    order = sorted((one for one in listed if one.figure == SWEEP and not one.against), key=lambda one: one.value)
    means = [one for first in order for one in listed if one.method == first.method and not one.against]
    titled = [
        replace(one, figure=one.figure if one.strength is None else f"{one.figure}, prior {one.strength:g}") for one in means
    ]
    lines = [*long_table(one for one in listed if one.target), *folded("every mask", wide_table(titled, COLUMNS))]
    shown = curves(
        [one for one in listed if one.figure == "error" and one.against], lambda one: one.strength, lambda one: one.method
    )
    x = "strength of the prior: 0 = the embedded model, 1 = the truth"
    draw([[Panel(x, f"error over that of {DEFAULT}", shown, {WANTED: ("--", None)}, level=1)]], PICTURE)
    return [*lines, "", f"![Error of every mask over the priors]({PICTURE.name})"]


@torch.inference_mode()
def sheet(seed: int, target: Path) -> None:
    """Draw truth, warp with its holes in magenta, and every mask of one scene: a column a latent frame, white = known."""
    setup = Setup.of(1)
    case = case_of(setup, seed)
    frames = [0, *range(3, SIZE[0], 4)]
    holes = as_bytes(1 - case.warp.visible[frames])
    shown = {"truth": as_bytes(case.truth[frames]), "warp": paint_holes(as_bytes(case.warp.video[frames]), holes)}
    for name, h in masks_of(setup, case, predict)[0].items():
        cells = h[0].mean(0).repeat_interleave(8, 1).repeat_interleave(8, 2)
        shown[f"{name}, mean over channels"] = as_bytes(cells[..., None].expand(-1, -1, -1, 3))
    write_picture(target, contact_sheet(shown, range(len(frames)), SIZE[2]))


if __name__ == "__main__":
    main(rows)
