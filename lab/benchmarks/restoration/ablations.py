"""Parts of VISION-XL on the embedded model, frame by frame, one changed at a time: start, noise, low pass, adjoints, last fit.

*ours* is the loop at its defaults, with the model at its own strength. ``noise`` is the noise share of the start: 0.41, 0.6 and
0.78 are the paper's t of 150, 300 and 450 of 1000. Widths of the low pass are in pixels, with the share as s. The approximate
adjoints are those of public code: the identity for blur, and nearest pixels for pooling. Ours keeps what the VAE loses of the
clip for masks alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from inversecrafter_core.inverse import VideoOperator
from inversecrafter_core.inverse.operators import AveragePool, Composition, SeparableBlur
from inversecrafter_core.sampling import RestorationSettings, Start, sample_vision_xl
from lab.benchmarks.report import Document, Row, folded, long_table, read, wide_table
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Key, Samples, Scene
from lab.data.unseen import scene_seeds
from lab.metrics.timing import seconds
from lab.models.guided import small_wan
from lab.models.restorer import restorer

from .compare import COLUMNS, levels
from .tasks import AVERAGE, FLICKER, PSNR, TASKS, Trial, scene_clip

OURS = "ours"
DEFAULT = RestorationSettings()
APPROXIMATE = "approximate adjoints"
LOST = "the VAE's loss kept where it is not, and the reverse"
VARIANTS: dict[str, tuple[dict[str, Any], float]] = {
    OURS: ({}, 0.6),
    **{f"start {start.value}": ({"start": start}, 0.6) for start in Start if start != DEFAULT.start},
    "noise 0.41": ({}, 0.41),
    "noise 0.78": ({}, 0.78),
    "no low pass": ({"low_pass": lambda share: 0.0}, 0.6),
    "low pass sqrt(2) s": ({"low_pass": lambda share: math.sqrt(2) * share}, 0.6),
    "no new noise": ({"eta": 0.0}, 0.6),
    "no last fit": ({"fit_last": False}, 0.6),
    LOST: ({}, 0.6),
    APPROXIMATE: ({}, 0.6),
}
"""Changed settings and the noise share by a name. The code's width of the low pass is ``sqrt(2) s``, the paper's ``2 s``."""


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


def tried(variant: str, task: str) -> bool:
    """Return whether a variant is run on a degradation: on compositions starts alone, other adjoints where they differ."""
    if task.startswith(AVERAGE) and task != AVERAGE:
        return variant in (OURS, *(f"start {start.value}" for start in (Start.INVERTED, Start.RANDOM)))
    return variant != APPROXIMATE or "deblur" in task or "super" in task


def one_scene(steps: int, seed: int) -> Scene:
    """Measure every variant on every degradation of one scene."""
    truth, prompt = scene_clip(seed)
    found = Scene()
    for task in TASKS:
        trial = Trial.of(truth, prompt, task)
        for name, (changes, share) in VARIANTS.items():
            settings = replace(trial.settings, **changes)
            settings = replace(settings, keep_lost=settings.keep_lost != (name == LOST))
            operator = approximate(trial.operator) if name == APPROXIMATE else trial.operator
            if not tried(name, task):
                continue
            prior = restorer(small_wan(), truth, prompt)
            made: list[torch.Tensor] = []
            run = partial(sample_vision_xl, prior, operator, trial.y, levels(steps, share), settings)
            took = seconds(lambda made=made, run=run: made.append(run()))  # type: ignore[misc]
            found[Key(name, task)] = trial.figures(made[0]) | {"time": took / len(truth)}
    return found


def targets(found: Samples) -> list[Row]:
    """Compare the inverted start with the random one and with ours, and ours with the approximate adjoints."""
    listed = []
    for task in TASKS:
        ours = Key(OURS, task)
        inverted, random = (f"start {start.value}" for start in (Start.INVERTED, Start.RANDOM))
        if found.has(Key(random, task), PSNR):
            listed.append(found.gain(Key(inverted, task), random, PSNR, least=0))
            listed.append(found.ratio(Key(inverted, task), random, FLICKER, most=1))
            listed.append(found.gain(ours, inverted, PSNR))
        if found.has(Key(APPROXIMATE, task), PSNR):
            listed.append(found.gain(ours, APPROXIMATE, PSNR, least=0))
    return listed


def rows(seed: int, scenes: int = 2, processes: int = 2, steps: int = 5) -> list[Row]:
    """Measure every variant."""
    found = measure(partial(one_scene, steps), scene_seeds(seed, scenes), scenes, processes)
    return [*targets(found), *found.means()]


def page(document: Document) -> list[str]:
    """Return the means over all degradations, and all else folded away."""
    listed = read(document)
    lines: list[str] = []
    for task in TASKS:
        lines += ["", f"**{task}**", "", *wide_table((one for one in listed if one.case == task and not one.against), COLUMNS)]
    return [*folded("every degradation", lines), *folded("targets", long_table(one for one in listed if one.target))]


if __name__ == "__main__":
    main(rows)
