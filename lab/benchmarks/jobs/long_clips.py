"""Recapture of clips four times as long as the model's own: context windows and chained passes against one window.

The embedded model was trained with 17 frames; a scene of 65 is seen from an arc and warped with exact depth. *one window* is
the model run on all of it at once, which its attention allows and its training does not cover. *context windows* are the host's
static ones with its pyramid of weights, each beginning where the one before has two latent frames left. *chained passes* know
the last two latent frames of the pass before, which stand clean, as in the example chained_passes. With *first frame encoded
alone* the first of these is decoded, and encoded as the single frame that the model was trained to begin with.
*passes apart* know nothing of each other. All are guided by ours at its defaults.

``false change`` is how far the change from frame to frame is from the true one, in holes, where nothing but the model keeps a
seam away; at the seams of a method, against one window at the same frames. ``colour drift`` is what the mean of a channel
changes from the first quarter of the clip to the last on known pixels, past the VAE: the largest of three channels.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from inversecrafter_core.editing.drift import colour_shift, kept_pixels
from inversecrafter_core.inverse import Measurement, ProximalSettings, Solver, join_pass, next_pass, prepare
from inversecrafter_core.latent_grid import WAN
from inversecrafter_core.sampling import BoundGuidance, Window, sample_guided_euler
from lab.benchmarks.report import Row
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Key, Scene
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.data.scenes.new_views import NewView
from lab.data.unseen import scene_seeds
from lab.models.guided import Case, Denoise, Setup

LONG = 4 * (FRAMES - 1) + 1
OVERLAP = 2
ONE, WINDOWS, PASSES, ANCHORED, APART = (
    "one window",
    "context windows",
    "chained passes",
    "chained passes, first frame encoded alone",
    "passes apart",
)
PARTS = "in parts"
SEAM, DRIFT = "false change at the seams, of 255", "colour drift, of 255"
Made = tuple[torch.Tensor, list[int]]
"""Latents, and the latent frames at which a part begins or ends."""


def first_cells(like: torch.Tensor, count: int) -> torch.Tensor:
    """Return the cells of the first latent frames, ``[1, 1, T', H', W']`` bool."""
    return (torch.arange(like.shape[2]) < count).view(1, 1, -1, 1, 1).expand(1, 1, *like.shape[2:])


def guided(setup: Setup, part: Measurement, noise: torch.Tensor, predict: Denoise) -> torch.Tensor:
    """Sample under a measurement by ours at its defaults."""
    step = prepare(part.h, part.w, ProximalSettings(Solver.CLOSED_FORM))
    return sample_guided_euler(predict, noise, setup.sigmas, correct=BoundGuidance(setup.active(Window()), step))


def one_window(setup: Setup, case: Case, whole: Measurement) -> Made:
    """Sample the whole clip at once."""
    return guided(setup, whole, case.noise, setup.wan.predictor(case.prompt, case.first_frame, case.w)), []


def context_windows(setup: Setup, case: Case, whole: Measurement) -> Made:
    """Sample in static windows whose predictions are fused at every step."""
    length, total = WAN.require_frames("window", FRAMES), case.w.shape[2]
    starts = sorted({min(start, total - length) for start in range(0, total - OVERLAP, length - OVERLAP)})
    weights = torch.minimum(torch.arange(1, length + 1), torch.arange(length, 0, -1)).view(1, 1, -1, 1, 1)

    def predict(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        fused, count = torch.zeros_like(x), torch.zeros(1, 1, total, 1, 1)
        for start in starts:
            part = slice(start, start + length)
            denoise = setup.wan.predictor(case.prompt, case.first_frame[:, :, part], case.w[:, :, part])
            fused[:, :, part] += denoise(x[:, :, part], sigma) * weights
            count[:, :, part] += weights
        return fused / count

    return guided(setup, whole, case.noise, predict), sorted({*starts[1:], *(start + length for start in starts[:-1])})


def passes(setup: Setup, case: Case, whole: Measurement, encode_first: bool = False) -> Made:
    """Sample in passes that know the end of the one before."""
    made, seams = None, []
    while made is None or made.shape[2] < whole.w.shape[2]:
        part = next_pass(whole, FRAMES, OVERLAP, made)
        known = 1 if made is None else made.shape[2] - part.start
        given = part.w.clone()
        if made is not None:
            seams.append(made.shape[2])
            if encode_first:
                last = WAN.frames(part.start + 1) - 1
                given[:, :, :1] = setup.wan.coder.encode(setup.wan.coder.decode(made)[last][None])
        predict = setup.wan.predictor(case.prompt, first_cells(given, known), given)
        noise = case.noise[:, :, part.start : part.start + given.shape[2]]
        made = join_pass(part, guided(setup, part, noise, predict), made)
    return made, seams


def apart(setup: Setup, case: Case, whole: Measurement) -> Made:
    """Sample in passes that know nothing of each other."""
    made, seams, length = case.w[:, :, :0], [], WAN.require_frames("pass", FRAMES)
    while (done := made.shape[2]) < whole.w.shape[2]:
        start = min(done, whole.w.shape[2] - length)
        part = Measurement(
            whole.w[:, :, start : start + length], whole.h[:, :, start : start + length], (FRAMES, HEIGHT, WIDTH)
        )
        predict = setup.wan.predictor(case.prompt, first_cells(part.w, 1), part.w)
        sampled = guided(setup, part, case.noise[:, :, start : start + length], predict)
        seams += [done] if done else []
        made = torch.cat([made, sampled[:, :, done - start :]], 2)
    return made, seams


METHODS: dict[str, Callable[[Setup, Case, Measurement], Made]] = {
    ONE: one_window,
    WINDOWS: context_windows,
    PASSES: passes,
    ANCHORED: partial(passes, encode_first=True),
    APART: apart,
}


def false_change(video: torch.Tensor, truth: torch.Tensor, counted: torch.Tensor) -> torch.Tensor:
    """Return by how much the change to the next frame is false, ``[F - 1]`` of 255, over pixels that count in both frames."""
    error = (video.diff(dim=0) - truth.diff(dim=0)).abs().mean(-1)
    both = counted[1:] * counted[:-1]
    return 255 * (error * both).flatten(1).sum(1) / both.flatten(1).sum(1)


def drift(video: torch.Tensor, rebuilt: torch.Tensor, visible: torch.Tensor) -> float:
    """Return the largest change of a channel's mean error from the first quarter of the clip to the last."""
    kept, quarter = kept_pixels(visible), (len(video) - 1) // 4
    start, end = (colour_shift(video[part], rebuilt[part], kept[part]) for part in (slice(1, quarter), slice(-quarter, None)))
    return max(abs(last - first) for first, last in zip(start, end, strict=True))


def one_scene(steps: int, seed: int) -> Scene | None:
    """Measure every method on one scene."""
    setup, view, found = Setup.of(steps), NewView.of(seed, (LONG, HEIGHT, WIDTH)), Scene()
    warp = view.warp()
    if float((warp.visible == 0).float().flatten(1).mean(1)[1:].min()) == 0:
        return None
    case = Case.of(setup.wan.coder, view.truth, warp, view.prompt, seed)
    whole = Measurement(case.w, case.masks["default"], (LONG, HEIGHT, WIDTH))
    rebuilt, changes, seams = setup.wan.coder.decode(case.w), {}, {}
    for name, method in METHODS.items():
        latents, seams[name] = method(setup, case, whole)
        video = setup.wan.coder.decode(latents)
        changes[name] = false_change(video, view.truth, 1 - warp.visible)
        found[Key(name)] = {DRIFT: drift(video, rebuilt, warp.visible)}
    for name in METHODS:
        if places := [WAN.frames(seam) - 1 for seam in seams[name]]:
            for key, sampled in ((Key(PARTS, name), name), (Key(ONE, name), ONE)):
                found[key] = {SEAM: float(changes[sampled][places].mean())}
    return found


def rows(seed: int, scenes: int = 8, processes: int = 2, steps: int = 10) -> list[Row]:
    """Compare seams with one window, and list the drift."""
    found = measure(partial(one_scene, steps), scene_seeds(seed, 8 * scenes), scenes, processes)
    seams = [found.ratio(Key(PARTS, name), ONE, SEAM, most=1.1) for name in METHODS if name != ONE]
    return seams + [found.mean(Key(name), DRIFT, most=1) for name in METHODS] + found.means(left_out=(DRIFT,))


if __name__ == "__main__":
    main(rows)
