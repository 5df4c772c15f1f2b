"""The embedded mask encoder against masks that need no training, where ``h_gt`` is known: on double reprojections.

``python -m lab.benchmarks.models.mask_encoder --seed 0 --scenes 16 --json -``

A clip ``x`` is thrown to a target view and back (the six trajectories in turn); what came back is ``m``. Every mask is shown
the holes and the clip with its holes filled by Telea's method; ``h_gt = 1 - tanh|E(x) - E(fill(m x))|`` is what it should have
answered. Scenes have held-out seeds and exact depth; the real clips' depth is FastDepth's, or the prior's where that cannot be
had. The last set is new views of scenes, in which there is no double reprojection; nothing was trained on it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping

import torch

from inversecrafter_core.depth import build_geometry
from inversecrafter_core.masks import area, binary, difference_mask, temporal_infill
from inversecrafter_core.warp import fill_holes
from lab.benchmarks.intervals import mean_row, ratios, surely_at_most
from lab.benchmarks.masks.cases import Case, estimator, new_views, reprojected
from lab.benchmarks.report import Row, model_main
from lab.data.assets import asset, why_missing
from lab.data.pool import FRAMES
from lab.data.reprojections import TRAJECTORIES, path_of, synthetic_pair
from lab.data.unseen import REAL_CLIPS, real_clip, scene_seeds
from lab.models.latent_space import LatentSpace
from lab.models.mask_encoder import TYPICAL_MEAN, MaskPredictor, initialise, load_predictor, ssim
from lab.models.shipped import MASK_ENCODER_FILE as FILE
from lab.models.shipped import VAE_FILE

LEARNED, HELD = "learned", "another infill against this one"
POWERS = (0.1, 0.2, 0.5, 1.0)
"""Of the share of known pixels: ``h_gt`` trusts infills far more than the share does."""
OF_TRAINING_FREE, OF_BINARY = 0.75, 0.5
"""Targets: the learned mask's L1 over the best power's of the share, and over binary's."""
Masks = dict[str, torch.Tensor]
Predictors = Mapping[str, MaskPredictor]


def masks_of(case: Case, space: LatentSpace, predictors: Predictors) -> tuple[torch.Tensor, Masks]:
    """``h_gt`` and every mask by name, all ``[1, C, T', H', W']``."""
    visible, warp = case.visible, case.warp
    clips = [case.truth, warp, temporal_infill(warp, visible)]
    truth, y, held = space.encode(torch.stack(clips)).split(1)
    share = area(visible, space.spatial).expand_as(y)
    masks = {name: predictor.mask(visible[None], warp[None]) for name, predictor in predictors.items()}
    masks |= {f"area^{power:g}": share**power for power in POWERS}
    masks |= {HELD: difference_mask(held, y), "binary": binary(visible, space.spatial).expand_as(y)}
    return difference_mask(truth, y), masks


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


def _compare(what: str, cases: Iterator[Case], space: LatentSpace, predictors: Predictors, bounded: bool) -> list[Row]:
    """Means over ``cases`` of every mask's L1 and SSIM; the learned one's L1 over others', with targets where ``bounded``."""
    far, alike = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for case in cases:
        wanted, masks = masks_of(case, space, predictors)
        for name, h in masks.items():
            far[name].append(float((h - wanted).abs().mean()))
            alike[name].append(float(ssim(h, wanted)))
    if not far:
        return [Row(f"{what} not measured", 0, "")]
    label, found = f"{len(far[LEARNED])} {what}", []
    for name in far:
        found += [mean_row(f"{label}, {name}: L1", far[name]), mean_row(f"{label}, {name}: SSIM", alike[name])]
    best = min((f"area^{power:g}" for power in POWERS), key=lambda name: sum(far[name]))
    for other, bound in ((best, OF_TRAINING_FREE), ("binary", OF_BINARY), (HELD, None)):
        name, compared = f"{label}: learned over {other}, L1", ratios(far[LEARNED], far[other])
        if bounded and bound is not None:
            found.append(surely_at_most(name, compared, "x", bound))
        else:
            found.append(Row(name, compared.mean, "x", None, None, *compared.ends))
    return found


def predictors_of(space: LatentSpace) -> dict[str, MaskPredictor]:
    """The shipped file, and the same as its training began: how much of it is learning."""
    learned = load_predictor(FILE)
    torch.manual_seed(0)
    begun = MaskPredictor(learned.spec)
    initialise(begun, space, TYPICAL_MEAN)
    return {LEARNED: learned, "before training": begun.eval().requires_grad_(False)}


def rows(seed: int, scenes: int, more: Predictors | None = None) -> list[Row]:
    """Every figure of the mask encoder's card; other scenes for every ``seed``. ``more``: other encoders, by name."""
    space = LatentSpace(VAE_FILE)
    predictors = predictors_of(space) | dict(more or {})
    with torch.inference_mode():
        found = _compare("held-out scenes", scene_cases(seed, scenes), space, predictors, bounded=True)
        found += _compare("reprojections of real clips", real_cases(), space, predictors, bounded=True)
        return [*found, *_compare("new views of scenes", new_views(seed, scenes), space, predictors, bounded=False)]


if __name__ == "__main__":
    model_main("model_mask_encoder", rows)
