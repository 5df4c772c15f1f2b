"""Parts of VISION-XL on the embedded model, frame by frame, one changed at a time: start, noise, low pass, fit, adjoints.

*ours* is the loop at its defaults. Settings are chosen here, on scenes other than the comparison's: the first frames of each,
since frames are restored one by one, under the single degradations. ``noise`` is the noise share of the start: 0.41, 0.6 and
0.78 are the paper's t of 150, 300 and 450 of 1000. Widths of the low pass are in pixels, with the share as s. The approximate
adjoints are those of public code: the identity for blur, and nearest pixels for pooling. Ours makes a smooth correction
first, but for blur, and keeps half of what decoding and encoding lose of a prediction; in the papers nothing is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import torch

from inversecrafter_core.inverse import VideoOperator
from inversecrafter_core.inverse.operators import HIDDEN_SPREAD, AveragePool, Composition, PixelMask, SeparableBlur
from inversecrafter_core.sampling import RestorationSettings, Start, paper_width, sample_vision_xl
from lab.benchmarks.report import Document, Row, folded, long_table, read, wide_table
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Key, Samples, Scene
from lab.data.unseen import scene_seeds
from lab.models.guided import small_wan
from lab.models.restorer import restorer

from .compare import COLUMNS, levels
from .tasks import FLICKER, LPIPS, PSNR, SPATIAL, Trial, scene_clip

OURS = "ours"
DEFAULT = RestorationSettings()
APPROXIMATE = "approximate adjoints"
PLAIN_FIT, SMOOTH_FIT = "corrections of a pixel alone", "smooth corrections"
SHARE = 0.6
CHANGES: dict[str, dict[str, Any]] = {
    OURS: {},
    **{f"start {start.value}": {"start": start} for start in Start if start != DEFAULT.start},
    "low pass 2 s": {"low_pass": paper_width},
    "low pass sqrt(2) s": {"low_pass": lambda share: math.sqrt(2) * share},
    "new noise 0.2": {"eta": 0.2},
    "fit of 10 steps": {"fit_steps": 10},
    "fit of 60 steps": {"fit_steps": 60},
    "no last fit": {"fit_last": False},
    "nothing kept": {"keep": 0.0},
    "all kept": {"keep": 1.0},
    PLAIN_FIT: {"fit_spread": 0.0},
    SMOOTH_FIT: {"fit_spread": HIDDEN_SPREAD},
    APPROXIMATE: {},
}
"""Changed settings by a name. The code's width of the low pass is ``sqrt(2) s``, the paper's ``2 s``."""
SHARES = {"noise 0.41": 0.41, "noise 0.78": 0.78}
"""Other noise shares of the start."""
VARIANTS = (*CHANGES, *SHARES)
TUNING = 5
"""Added to the seed, so that no scene of the comparison is tuned on."""


@dataclass(frozen=True)
class Approximate:
    """An operator with another function in place of its adjoint."""

    operator: VideoOperator
    back: Callable[[torch.Tensor], torch.Tensor]

    def __getattr__(self, name: str) -> object:
        return getattr(self.operator, name)

    def part(self, frames: slice) -> Approximate:
        return Approximate(self.operator.part(frames), self.back)

    def A_adjoint(self, y: torch.Tensor) -> torch.Tensor:  # noqa: N802
        return self.back(y)


def approximate(operator: VideoOperator) -> VideoOperator:
    """Return an operator with the adjoint that public code takes for it."""
    if isinstance(operator, Composition):
        return Composition(tuple(approximate(part) for part in operator.parts))
    if isinstance(operator, SeparableBlur):
        return Approximate(operator, lambda y: y)  # type: ignore[return-value]
    if isinstance(operator, AveragePool):
        factor = operator.factor
        return Approximate(operator, lambda y: y.repeat_interleave(factor, 1).repeat_interleave(factor, 2))  # type: ignore[return-value]
    return operator


def tried(variant: str, trial: Trial) -> bool:
    """Return whether a variant differs from ours on a degradation."""
    same = SMOOTH_FIT if trial.settings.fit_spread else PLAIN_FIT
    return variant != same and (variant != APPROXIMATE or not isinstance(trial.operator, PixelMask))


def one_scene(steps: int, frames: int, strengths: tuple[float, ...], seed: int) -> Scene:
    """Measure every variant on every single degradation of the first frames of one scene."""
    clip, prompt = scene_clip(seed)
    truth, found = clip[:frames], Scene()
    trials = [Trial.of(truth, prompt, task) for task in SPATIAL]
    for trial, name in product(trials, VARIANTS):
        if not tried(name, trial):
            continue
        settings = replace(trial.settings, **CHANGES.get(name, {}))
        operator = approximate(trial.operator) if name == APPROXIMATE else trial.operator
        for strength in strengths:
            alone = steps if settings.start == Start.INVERTED_FIRST else 0
            prior = restorer(small_wan(torch.float32), truth, prompt, strength=strength, first_alone=alone)
            sigmas = levels(steps, SHARES.get(name, SHARE))
            run = partial(sample_vision_xl, prior, operator, trial.y, sigmas, settings)
            found[Key(name, trial.task, strength=strength)] = trial.timed(run)
    return found


def targets(found: Samples) -> list[Row]:
    """Compare ours with the random start and with the approximate adjoints, and every variant with ours."""
    listed = []
    for key in found:
        ours = key._replace(method=OURS)
        if key.method == f"start {Start.RANDOM.value}":
            listed.append(found.gain(ours, key.method, PSNR, least=0))
            listed.append(found.ratio(ours, key.method, FLICKER, most=1))
        elif key.method == APPROXIMATE:
            listed.append(found.gain(ours, key.method, PSNR, least=0))
        elif key.method != OURS:
            listed.append(found.gain(key, OURS, PSNR))
            if found.has(key, LPIPS):
                listed.append(found.ratio(key, OURS, LPIPS))
    return listed


def rows(
    seed: int,
    scenes: int = 4,
    processes: int = 2,
    steps: int = 5,
    frames: int = 2,
    strengths: tuple[float, ...] = (0.0, 0.5),
) -> list[Row]:
    """Measure every variant."""
    scene = partial(one_scene, steps, frames, tuple(strengths))
    found = measure(scene, scene_seeds(TUNING + seed, scenes), scenes, processes)
    return [*targets(found), *found.means()]


def page(document: Document) -> list[str]:
    """Return the differences from ours, and the figures of every variant folded away."""
    listed = read(document)
    lines: list[str] = []
    for task, strength in product(SPATIAL, dict.fromkeys(one.strength for one in listed)):
        here = [one for one in listed if (one.case, one.strength) == (task, strength) and not one.against]
        lines += ["", f"**{task}, prior {strength:g}**", "", *wide_table(here, COLUMNS)] if here else []
    return [*folded("differences", long_table(one for one in listed if one.against)), *folded("every variant", lines)]


if __name__ == "__main__":
    main(rows)
