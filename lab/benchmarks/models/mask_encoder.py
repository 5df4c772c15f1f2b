"""The embedded mask encoder against masks that need no training, where ``h_gt`` is known: on double reprojections.

A clip ``x`` is thrown to a target view and back (the six trajectories in turn); what came back is ``m``. Every mask is shown
the holes and the clip with its holes filled by Telea's method; ``h_gt = 1 - tanh|E(x) - E(fill(m x))|`` is the right answer.
Scenes have held-out seeds and exact depth; the real clips' depth is FastDepth's, or the prior's where that cannot be had. The
last set is new views of scenes, in which there is no double reprojection; nothing was trained on it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from inversecrafter_core.masks import area, binary, difference_mask, temporal_infill
from lab.benchmarks.report import Row, not_measured
from lab.benchmarks.runner import main
from lab.benchmarks.samples import Key, Samples, Scene
from lab.data.scenes.known_clips import KnownClip, reprojected_footage, reprojected_scenes, views_of_scenes
from lab.models.coder import Coder
from lab.models.mask_encoder import TYPICAL_MEAN, MaskPredictor, initialise, load_predictor, ssim
from lab.models.shipped import MASK_ENCODER_FILE, VAE_FILE

LEARNED, INFILL = "learned", "another infill against this one"
POWERS = (0.1, 0.2, 0.5, 1.0)
"""Powers of the share of known pixels: ``h_gt`` trusts infills far more than the share does."""
OF_TRAINING_FREE, OF_BINARY = 0.75, 0.5
"""Targets: the learned mask's L1 over the best power's of the share, and over binary's."""
SCENES, REAL, VIEWS = "held-out scenes", "reprojections of real clips", "new views of scenes"
Predictors = Mapping[str, MaskPredictor]


def masks_of(case: KnownClip, space: Coder, predictors: Predictors) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Return ``h_gt`` and every mask by name, all ``[1, C, T', H', W']``."""
    visible, warp = case.warp.visible, case.warp.video
    truth, y, other = space.encode(torch.stack([case.truth, warp, temporal_infill(warp, visible)])).split(1)
    share = area(visible, space.grid).expand_as(y)
    masks = {name: predictor.mask(visible[None], warp[None]) for name, predictor in predictors.items()}
    masks |= {f"area^{power:g}": share**power for power in POWERS}
    masks |= {INFILL: difference_mask(other, y), "binary": binary(visible, space.grid).expand_as(y)}
    return difference_mask(truth, y), masks


def judged(name: str, case: KnownClip, space: Coder, predictors: Predictors) -> Scene:
    """Return L1 and SSIM to ``h_gt`` of every mask."""
    wanted, masks = masks_of(case, space, predictors)
    figures = {mask: {"L1": float((h - wanted).abs().mean()), "SSIM": float(ssim(h, wanted))} for mask, h in masks.items()}
    return {Key(mask, name): found for mask, found in figures.items()}


def compared(found: Samples, name: str) -> list[Row]:
    """Compare the learned mask's L1 with others', with targets on double reprojections."""
    if not found.has(Key(LEARNED, name), "L1"):
        return [not_measured(name, "no clip is there")]
    best = min((f"area^{power:g}" for power in POWERS), key=lambda mask: sum(found[Key(mask, name)]["L1"]))
    bounds = {best: {"most": OF_TRAINING_FREE}, "binary": {"most": OF_BINARY}, INFILL: {}}
    return [found.ratio(Key(LEARNED, name), other, "L1", **(bound if name != VIEWS else {})) for other, bound in bounds.items()]


def predictors_of(space: Coder) -> dict[str, MaskPredictor]:
    """Return the shipped file, and the same as its training began: the difference is learning."""
    learned = load_predictor(MASK_ENCODER_FILE)
    torch.manual_seed(0)
    untrained = MaskPredictor(learned.spec)
    initialise(untrained, space, TYPICAL_MEAN)
    return {LEARNED: learned, "before training": untrained.train(False).requires_grad_(False)}


@torch.inference_mode()
def rows(seed: int, scenes: int = 8) -> list[Row]:
    """Measure every figure of the mask encoder's card."""
    space, found = Coder.read(VAE_FILE), Samples()
    predictors = predictors_of(space)
    sets = {SCENES: reprojected_scenes(seed, scenes), REAL: reprojected_footage(), VIEWS: views_of_scenes(seed, scenes)}
    for name, cases in sets.items():
        for case in cases:
            found.add(judged(name, case, space, predictors))
    return [row for name in sets for row in compared(found, name)] + found.means()


if __name__ == "__main__":
    main(rows)
