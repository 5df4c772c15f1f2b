"""Restoration by the embedded models, frame by frame (VISION-XL) or by the whole clip (LVTINO's form), and without a model.

Held-out scenes of 9x96x144 and real clips of 17x128x192, degraded by masks, pooling, blur, an average over time, and the last
before each of the others; measurements are rounded to 8 bit. Priors of rising strength simulate a better model
(:mod:`lab.models.restorer`).

* ``A^T y`` = the true adjoint alone; ``in scale`` = times the one factor that fits it best to the measurement: of low
  resolution, pixels repeated;
* ``simple estimate`` = infilled by Telea, enlarged bicubically, or the measurement itself; ``fitted`` = moved by as little as
  makes it fit the measurement;
* ``total variation`` = turns of Chambolle's method and of the fit, in space or over the volume of the clip;
* ``VAE of the truth``, ``of the whole clip`` = the truth, encoded and decoded frame by frame or as a clip, and that fitted:
  what a perfect model with this VAE would reach, where what the VAE loses is not kept;
* ``flicker`` = false change from frame to frame over the truth's own change;
* ``residual`` = root mean square of ``A x - y``, of 255;
* ``time`` = processor seconds a frame, with the whole-clip prior at its single call a step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from statistics import fmean

import torch

from inversecrafter_core.sampling import (
    flow_signal,
    noise_levels,
    sample_vision_xl,
    sigma_of_percent,
)
from lab.benchmarks.report import Document, Row, folded, long_table, read, row, wide_table
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Key, Samples, Scene
from lab.data.assets import asset
from lab.data.unseen import REAL_CLIPS, scene_seeds
from lab.models.guided import small_wan
from lab.models.restorer import restorer
from lab.models.video import SHIFT

from .baselines import (
    back_projected,
    back_projected_in_scale,
    estimated,
    fitted,
    total_variation,
    wiener_filtered,
)
from .tasks import FLICKER, LPIPS, PSNR, RESIDUAL, SSIM, TASKS, Trial, footage, scene_clip

NOISE = 0.6
"""Noise share that sampling starts from."""
FRAMES, CLIP, BACK, SCALED, ESTIMATE, FIT, TV, TV_TIME, WIENER = (
    "frame by frame",
    "whole clip",
    "A^T y",
    "A^T y in scale",
    "simple estimate",
    "simple estimate, fitted",
    "total variation",
    "total variation in time",
    "Wiener filter",
)
CEILINGS = (VAE, CEILING) = ("VAE of the truth", "VAE of the truth, fitted")
CLIP_CEILINGS = (CLIP_VAE, CLIP_CEILING) = ("VAE of the whole clip", "VAE of the whole clip, fitted")
COLUMNS = {PSNR: PSNR, SSIM: SSIM, LPIPS: LPIPS, FLICKER: FLICKER, RESIDUAL: RESIDUAL, "time": "seconds a frame"}
REAL = ", real clip"
LEAST = 1e-3
"""Smallest residual of 255 that is divided by."""
PROMISED = (0.0, 0.5)
"""Strengths at which the whole clip is run too."""


def levels(steps: int, share: float = NOISE) -> list[float]:
    """Return the noise levels of a run of the embedded model."""
    return noise_levels(share, steps, sigma_of_percent(SHIFT), flow_signal)


def restored(trial: Trial, whole: bool, strength: float, steps: int) -> torch.Tensor:
    """Restore by the embedded models, as Restore Video does."""
    prior = restorer(small_wan(torch.float32), trial.truth, trial.prompt, whole=whole, strength=strength)
    return sample_vision_xl(prior, trial.operator, trial.y, levels(steps), trial.settings)


def plain(trial: Trial) -> Scene:
    """Measure what needs no model."""
    methods: dict[str, Callable[[Trial], torch.Tensor]] = {
        BACK: back_projected,
        SCALED: back_projected_in_scale,
        ESTIMATE: estimated,
        FIT: fitted,
        TV: total_variation,
        TV_TIME: partial(total_variation, in_time=True),
    }
    methods |= {WIENER: wiener_filtered} if trial.task == "deblur 3" else {}
    return {Key(name, trial.task): trial.figures(method(trial)) for name, method in methods.items()}


def ceilings(trial: Trial) -> Scene:
    """Measure what a model that knows the truth reaches through this VAE, by single frames and by the whole clip."""
    coder, found = small_wan(torch.float32).coder, Scene()
    for names, length in ((CEILINGS, 1), (CLIP_CEILINGS, len(trial.truth))):
        rebuilt = torch.cat([coder.decode(coder.encode(unit)) for unit in trial.truth.split(length)])
        for name, clip in zip(names, (rebuilt, trial.fitted(rebuilt)), strict=True):
            found[Key(name, trial.task)] = trial.figures(clip)
    return found


def by_models(trial: Trial, steps: int, strengths: Sequence[float]) -> Scene:
    """Measure the embedded models: frame by frame under every strength, by the whole clip where a target is promised."""
    found = Scene()
    runs = [(name, strength) for name in (FRAMES, CLIP) for strength in strengths if name == FRAMES or strength in PROMISED]
    for name, strength in runs:
        found[Key(name, trial.task, strength=strength)] = trial.timed(partial(restored, trial, name == CLIP, strength, steps))
    return found


def one_clip(steps: int, strengths: Sequence[float], tasks: Sequence[str], real: bool, seed: int) -> Scene:
    """Measure every method on the degradations ``tasks`` of one clip."""
    truth, prompt = footage(seed) if real else scene_clip(seed)
    found = Scene()
    for task in tasks:
        trial = Trial.of(truth, prompt, task)
        one = plain(trial) | ceilings(trial) | by_models(trial, steps, strengths)
        found |= {key._replace(case=task + REAL * real): figures for key, figures in one.items()}
    return found


def targets(found: Samples, strengths: Sequence[float]) -> list[Row]:
    """Compare with the adjoint in scale, the simple estimate and total variation, and the residual with what the VAE leaves."""
    listed = []
    for case in dict.fromkeys(key.case for key in found):
        listed += [against(found, Key(name, case), SCALED, PSNR) for name in (CEILING, CLIP_CEILING)]
        for strength in strengths:
            for name in (FRAMES, CLIP):
                key = Key(name, case, strength=strength)
                if not found.has(key, PSNR):
                    continue
                listed += [against(found, key, SCALED, PSNR, least=3.0), against(found, key, ESTIMATE, PSNR)]
                if found.has(key, LPIPS):
                    listed.append(against(found, key, TV, LPIPS, most=1.0))
                listed.append(against(found, key, VAE if name == FRAMES else CLIP_VAE, RESIDUAL, most=1.2))
    return listed


def against(found: Samples, key: Key, other: str, figure: str, **bound: float) -> Row:
    """Return a gain in dB or a ratio to a method that has no prior; of residuals, which may be 0, the ratio of the means."""
    ours, theirs = found[key][figure], found[Key(other, key.case)][figure]
    if figure == RESIDUAL:
        return row(figure, fmean(ours) / max(fmean(theirs), LEAST), "x", against=other, **key._asdict(), **bound)
    pair = Samples()
    pair[key._replace(method=other)][figure], pair[key][figure] = theirs, ours
    return pair.gain(key, other, figure, **bound) if figure == PSNR else pair.ratio(key, other, figure, **bound)


def rows(
    seed: int,
    scenes: int = 8,
    real: int = 3,
    processes: int = 2,
    steps: int = 5,
    strengths: tuple[float, ...] = (0.0, 0.5, 0.9),
    tasks: tuple[str, ...] = tuple(TASKS),
) -> list[Row]:
    """Measure every method on scenes and on the real clips that can be had."""
    settings = (steps, tuple(strengths), tuple(tasks))
    found = measure(partial(one_clip, *settings, False), scene_seeds(seed, scenes), scenes, processes)
    there = [number for number, name in enumerate(REAL_CLIPS) if asset(name) is not None][:real]
    for key, figures in measure(partial(one_clip, *settings, True), there, len(there), processes).values.items():
        found.values[key] = figures
    return [*targets(found, tuple(strengths)), *found.means()]


def page(document: Document) -> list[str]:
    """Return a table a degradation, and the targets folded away."""
    listed = read(document)
    lines: list[str] = []
    for case in dict.fromkeys(one.case for one in listed):
        here = [one for one in listed if one.case == case and not one.against]
        lines += ["", f"**{case}**", "", *wide_table(map(named, here), COLUMNS)]
    return [*lines, *folded("comparisons and targets", long_table(one for one in listed if one.against))]


def named(one: Row) -> Row:
    """Return a row whose method says the strength of its prior."""
    return one if one.strength is None else replace(one, method=f"{one.method}, prior {one.strength:g}")


if __name__ == "__main__":
    main(rows)
