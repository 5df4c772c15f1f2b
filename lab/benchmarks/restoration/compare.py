"""Restoration by the embedded models, frame by frame (VISION-XL) or by the whole clip (LVTINO's form), and without a model.

Held-out scenes and real clips of 9x96x144, degraded by masks, pooling, blur, an average over time, and the last before each of
the others; measurements are rounded to 8 bit. Priors of rising strength simulate a better model (:mod:`lab.models.restorer`).

* ``fit alone`` = the simple estimate (infilled, bicubic, or the measurement), moved by as little as makes it fit;
* ``total variation`` = turns of Chambolle's method and of the fit, in space or over the volume of the clip;
* ``VAE of the truth`` = the truth, encoded and decoded: a result that is not fitted at the end can be no better;
* ``flicker`` = false change from frame to frame over the truth's own change;
* ``residual`` = root mean square of ``A x - y``, of 255;
* ``time`` = processor seconds a frame, with the whole-clip prior at its single call a step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
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
from lab.data.sheet import as_bytes, contact_sheet, write_picture
from lab.data.unseen import REAL_CLIPS, scene_seeds
from lab.metrics.timing import seconds
from lab.models.guided import small_wan
from lab.models.restorer import restorer
from lab.models.video import SHIFT

from .baselines import back_projected, fitted, total_variation, wiener_filtered
from .tasks import AVERAGE, FLICKER, LPIPS, PSNR, RESIDUAL, SIZE, SSIM, TASKS, Trial, footage, scene_clip

NOISE = 0.6
"""Noise share that sampling starts from."""
FRAMES, CLIP, VAE, BACK, FIT, TV, TV_TIME, WIENER = (
    "frame by frame",
    "whole clip",
    "VAE of the truth",
    "A^T y or bicubic",
    "fit alone",
    "total variation",
    "total variation in time",
    "Wiener filter",
)
COLUMNS = {PSNR: PSNR, SSIM: SSIM, LPIPS: LPIPS, FLICKER: FLICKER, RESIDUAL: RESIDUAL, "time": "seconds a frame"}
REAL = ", real clip"
LEAST = 1e-3
"""Smallest residual of 255 that is divided by."""
PROMISED = (0.0, 0.5)
"""Strengths at which the whole clip is run too."""
PICTURED = ("inpainting 50 %", "super-resolution 4", "deblur 3", f"{AVERAGE}, super-resolution 4")


def levels(steps: int, share: float = NOISE) -> list[float]:
    """Return the noise levels of a run of the embedded model."""
    return noise_levels(share, steps, sigma_of_percent(SHIFT), flow_signal)


def restored(trial: Trial, whole: bool, strength: float, steps: int) -> torch.Tensor:
    """Restore by the embedded models, as Restore Video does."""
    prior = restorer(small_wan(), trial.truth, trial.prompt, whole=whole, strength=strength)
    return sample_vision_xl(prior, trial.operator, trial.y, levels(steps), trial.settings)


def one_clip(steps: int, strengths: tuple[float, ...], real: bool, seed: int) -> Scene:
    """Measure every method on every degradation of one clip."""
    truth, prompt = footage(seed) if real else scene_clip(seed)
    coder, found = small_wan().coder, Scene()
    rebuilt = torch.cat([coder.decode(coder.encode(frame)) for frame in truth.split(1)])
    for task in TASKS:
        trial, case = Trial.of(truth, prompt, task), task + REAL * real
        plain: dict[str, Callable[[Trial], torch.Tensor]] = {
            BACK: back_projected,
            FIT: fitted,
            TV: total_variation,
            TV_TIME: partial(total_variation, in_time=True),
        }
        plain |= {WIENER: wiener_filtered} if task == "deblur 3" else {}
        for name, method in plain.items():
            found[Key(name, case)] = trial.figures(method(trial))
        found[Key(VAE, case)] = trial.figures(rebuilt)
        runs = [(name, strength) for name in (FRAMES, CLIP) for strength in strengths if name == FRAMES or strength in PROMISED]
        for name, strength in runs:
            made: list[torch.Tensor] = []
            run = partial(restored, trial, name == CLIP, strength, steps)
            took = seconds(lambda made=made, run=run: made.append(run()))  # type: ignore[misc]
            found[Key(name, case, strength=strength)] = trial.figures(made[0]) | {"time": took / len(truth)}
    return found


def targets(found: Samples, strengths: tuple[float, ...]) -> list[Row]:
    """Compare with back projection and total variation under each prior, and the residual with what the VAE leaves."""
    listed = []
    for case in dict.fromkeys(key.case for key in found):
        for strength in strengths:
            for name in (FRAMES, CLIP):
                key = Key(name, case, strength=strength)
                if not found.has(key, PSNR):
                    continue
                listed.append(against(found, key, BACK, PSNR, least=3.0))
                if found.has(key, LPIPS):
                    listed.append(against(found, key, TV, LPIPS, most=1.0))
                listed.append(against(found, key, VAE, RESIDUAL, most=1.2))
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
    scenes: int = 2,
    real: int = 1,
    processes: int = 2,
    steps: int = 5,
    strengths: tuple[float, ...] = (0.0, 0.5, 0.9),
    picture: Path = Path(),
) -> list[Row]:
    """Measure every method on scenes and on the real clips that can be had; or draw them where a picture is wanted."""
    if picture.name:
        sheet(scene_seeds(seed, 1)[0], steps, picture)
        return []
    settings = (steps, tuple(strengths))
    found = measure(partial(one_clip, *settings, False), scene_seeds(seed, scenes), scenes, processes)
    there = [number for number, name in enumerate(REAL_CLIPS) if asset(name) is not None][:real]
    for key, figures in measure(partial(one_clip, *settings, True), there, len(there), processes).values.items():
        found.values[key] = figures
    return [*targets(found, tuple(strengths)), *found.means()]


def page(document: Document) -> list[str]:
    """Return the targets folded away, and a table a degradation."""
    listed = read(document)
    lines: list[str] = []
    for case in dict.fromkeys(one.case for one in listed):
        here = [one for one in listed if one.case == case and not one.against]
        lines += ["", f"**{case}**", "", *wide_table(map(named, here), COLUMNS)]
    return [*lines, *folded("targets", long_table(one for one in listed if one.target))]


def named(one: Row) -> Row:
    """Return a row whose method says the strength of its prior."""
    return one if one.strength is None else replace(one, method=f"{one.method}, prior {one.strength:g}")


def sheet(seed: int, steps: int, target: Path) -> None:
    """Draw a scene, its measurements and what the methods make of them, all frames."""
    truth, prompt = scene_clip(seed)
    shown = {"truth": as_bytes(truth)}
    for task in PICTURED:
        trial = Trial.of(truth, prompt, task)
        made = {"estimate": trial.operator.estimate(trial.y), TV: total_variation(trial)}
        made |= {name: restored(trial, name == CLIP, 0.0, steps) for name in (FRAMES, CLIP)}
        shown |= {f"{task}: {name}": as_bytes(clip.clamp(0, 1)) for name, clip in made.items()}
    write_picture(target, contact_sheet(shown, tuple(range(SIZE[0])), SIZE[2]))


if __name__ == "__main__":
    main(rows)
