"""The embedded mask encoder against every mask that needs no training, where ``h_gt`` is known: on double reprojections.

``python -m benchmarks.model_mask_encoder --seed 0 --scenes 8 --json -``

A clip ``x`` is thrown to a target view and back (the six trajectories in turn); what came back is ``m``. Every mask is shown
the holes and the clip with its holes filled by Telea's method; ``h_gt = 1 - tanh|E(x) - E(fill(m x))|`` is what it should have
answered. Scenes have held-out seeds and exact depth; the real clips' depth is FastDepth's, or the prior's where that cannot be
had. *hidden_source* is left out: here the source is the clip itself, so it reads the pixels in the holes, which no warp knows.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from statistics import mean

import torch

from benchmarks.masks_cases import Case, Remembered, estimator, new_views, reprojected
from benchmarks.report import Row, at_most, model_main
from benchmarks.unseen import REAL_CLIPS, real_clip, scene_seeds
from hosting.assets import asset, why_missing
from inversecrafter_core.depth import build_geometry
from inversecrafter_core.masks import MaskInputs, held_infill, hide, latent_mask
from inversecrafter_core.warp import fill_holes
from training.export_vae import FILE as VAE_FILE
from training.mask_model import USUAL_MEAN, MaskPredictor, begin, load_predictor, ssim
from training.mask_options import FILE
from training.mask_pairs import TRAJECTORIES, path_of, synthetic_pair
from training.mask_targets import LatentSpace
from training.pool import FRAMES

STRENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
CANDIDATES = ("three_infills", "held_warp", "holed_warp_area", "holed_warp", "mask_video", "two_infills")
SECOND_INFILL = ("held_warp", "three_infills")
"""Candidates that came after the encoder, made of what it is shown. The target is against those that came before."""
OF_TRAINING_FREE, OF_BINARY = 0.75, 0.5
"""Targets: the learned mask's L1 over the best training-free one's and over binary's."""
NEW_VIEWS = "new views of scenes"
"""The third set has no target: nothing was trained on it, and there is no double reprojection in it."""
Masks = dict[str, torch.Tensor]


def _together(space: LatentSpace, clips: list[torch.Tensor]) -> list[torch.Tensor]:
    return list(space.encode(torch.stack(clips)).split(1))


def masks_of(case: Case, space: LatentSpace, predictors: dict[str, MaskPredictor]) -> tuple[torch.Tensor, Masks]:
    """``h_gt`` and every mask by name, all ``[1, C, T', H', W']``; those of differences at every strength."""
    visible, warp = case.visible, case.warp
    white = visible.unsqueeze(-1).expand_as(warp)
    asked = [case.truth, warp, hide(warp, visible), torch.ones_like(white), white]
    asked += [hide(warp, visible, 0.0), hide(warp, visible, 1.0), held_infill(warp, visible)]
    encode = Remembered(partial(_together, space), asked)
    given = MaskInputs(visible, warp, encode(warp), encode, space.spatial, source=case.truth)
    masks = {mode: latent_mask(mode, given) for mode in ("area", "binary")}
    masks |= {name: predictor.mask(visible[None], warp[None]) for name, predictor in predictors.items()}
    for name in CANDIDATES:
        h = latent_mask(name, given)
        masks |= {f"{name}, strength {strength:g}": h**strength for strength in STRENGTHS}
    return latent_mask("known_source", given), masks


def scene_cases(seed: int, count: int) -> Iterator[Case]:
    """Held-out scenes, the six trajectories in turn at their own amounts."""
    for index, number in enumerate(scene_seeds(seed, count)):
        pair = synthetic_pair(number, path_of(TRAJECTORIES[index % len(TRAJECTORIES)], FRAMES))
        yield Case(pair.video, pair.visible.float(), fill_holes(pair.video, pair.visible))


def real_cases() -> Iterator[Case]:
    """Two of the six trajectories on every clip that can be had."""
    depth = estimator()
    for index, name in enumerate(REAL_CLIPS):
        if asset(name) is None:
            logging.getLogger(__name__).warning("%s is left out: %s", name, why_missing(name))
            continue
        video = real_clip(name)
        geometry = build_geometry(depth.estimate(video), video, "frames").geometry
        for trajectory in (TRAJECTORIES[index], TRAJECTORIES[index + len(REAL_CLIPS)]):
            yield reprojected(video, geometry, trajectory)


def _compare(what: str, cases: Iterator[Case], space: LatentSpace, predictors: dict[str, MaskPredictor]) -> list[Row]:
    """Means over ``cases``: every mask's L1 and SSIM, candidates at the strength that suits them best here."""
    far, alike = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for case in cases:
        wanted, masks = masks_of(case, space, predictors)
        for name, h in masks.items():
            far[name].append(float((h - wanted).abs().mean()))
            alike[name].append(float(ssim(h, wanted)))
    if not far:
        return [Row(f"{what} not measured", 0, "")]
    l1, likeness = ({name: mean(values) for name, values in table.items()} for table in (far, alike))
    free = [min((key for key in l1 if key.startswith(f"{name}, ")), key=l1.__getitem__) for name in CANDIDATES]
    held, others = ([key for key in free if key.startswith(SECOND_INFILL) is second] for second in (True, False))
    best, best_held = min(others, key=l1.__getitem__), min(held, key=l1.__getitem__)
    label = f"{len(far['learned'])} {what}"
    found = []
    for name in [*predictors, *sorted(free, key=l1.__getitem__), "area", "binary"]:
        found += [Row(f"{label}, {name}: L1", l1[name], ""), Row(f"{label}, {name}: SSIM", likeness[name], "")]
    found.append(Row(f"{label}: learned over the best with a second infill", l1["learned"] / l1[best_held], "x"))
    ratios = {"the best training-free of one infill": l1["learned"] / l1[best], "binary": l1["learned"] / l1["binary"]}
    for other, bound in zip(ratios, (OF_TRAINING_FREE, OF_BINARY), strict=True):
        name = f"{label}: learned over {other}"
        found.append(Row(name, ratios[other], "x") if what == NEW_VIEWS else at_most(name, ratios[other], "x", bound))
    return found


def predictors_of(space: LatentSpace) -> dict[str, MaskPredictor]:
    """The shipped file, and the same as its training began: how much of it is learning."""
    learned = load_predictor(FILE)
    torch.manual_seed(0)
    begun = MaskPredictor(learned.spec)
    begin(begun, space, USUAL_MEAN)
    return {"learned": learned, "before training": begun.eval().requires_grad_(False)}


def rows(seed: int, scenes: int) -> list[Row]:
    """Every figure of the mask encoder's card; other scenes for every ``seed``."""
    space = LatentSpace(VAE_FILE)
    predictors = predictors_of(space)
    with torch.inference_mode():
        found = _compare("held-out scenes", scene_cases(seed, scenes), space, predictors)
        found += _compare("reprojections of real clips", real_cases(), space, predictors)
        return [*found, *_compare(NEW_VIEWS, new_views(seed, scenes), space, predictors)]


if __name__ == "__main__":
    model_main("model_mask_encoder", rows)
