"""The small VAE on what it never saw: PSNR also by position in a group of four frames, LPIPS, things in motion, its statistics.

A thing in motion is a cut-out at 10 pixels a frame over a still photograph, both from the stereo pair. An average of a group's
frames would show it twice; how solid the second image is, is measured (``lab.metrics.vae.doubling``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from inversecrafter_core.evaluation import masked_psnr
from lab.benchmarks.report import Row, not_measured, row
from lab.benchmarks.runner import main
from lab.data.assets import asset, why_missing
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.data.pool import clip as rendered
from lab.data.unseen import REAL_CLIPS, real_clip, scene_seeds
from lab.metrics.intervals import interval
from lab.metrics.lpips import Lpips, load_lpips
from lab.metrics.vae import HELD_OUT_PHOTOGRAPH, doubling, moving_thing, position_db, spread
from lab.models.coder import Coder
from lab.models.shipped import VAE_FILE, load_coder

STARTS = {"carphone": (0, 60, 100), "bikes": (0, 120, 220), "bigbuckbunny": (0, 60, 110)}
STATISTICS_CLIPS = 24  # times as many scenes for the statistics: one clip's own means scatter by half a deviation
SCENES_DB, REAL_DB, LARGE_DB, LPIPS_BOUND, SPREAD_DB, SECOND_IMAGE = 31.0, 29.0, 29.0, 0.08, 1.5, 0.05
THINGS, LARGE = 16, (256, 384)
Clips = Sequence[torch.Tensor]


def scene(seed: int) -> torch.Tensor:
    """Return ``[17, 128, 192, 3]`` in 0...1."""
    return torch.from_numpy(rendered(seed)).float() / 255


def quality(what: str, decoded: Clips, clips: Clips, metric: Lpips | None, decibels: float) -> list[Row]:
    """Return PSNR, its positions and LPIPS of clips ``[F, H, W, 3]`` in 0...1; ``decibels`` are wanted."""
    pairs = list(zip(decoded, clips, strict=True))
    scores = [masked_psnr(*pair) for pair in pairs]
    flat = [masked_psnr(clip.mean((0, 1, 2)).expand_as(clip), clip) for clip in clips]
    case = f"{len(clips)} {what}, {'x'.join(map(str, clips[0].shape[:3]))}"
    found = [
        row("PSNR", interval(scores), "dB", least=decibels, case=case),
        row("PSNR, the worst of them", min(scores), "dB", case=case),
        row("PSNR of each clip's mean colour", interval(flat), "dB", case=case),
        *position_rows(case, decoded, clips),
    ]
    if metric is None:
        return found
    distances = [float(metric(one.movedim(-1, 1), two.movedim(-1, 1)).mean()) for one, two in pairs]
    return [*found, row("LPIPS (AlexNet)", interval(distances), most=LPIPS_BOUND, case=case)]


def position_rows(case: str, decoded: Clips, clips: Clips) -> list[Row]:
    """Return PSNR in the first frame and at the four positions of a group, and how far these four are apart."""
    each = [position_db(one.movedim(-1, 0)[None], two.movedim(-1, 0)[None]) for one, two in zip(decoded, clips, strict=True)]
    table = torch.stack(each)
    names = ["frame 0", *(f"position {place} of a group" for place in range(1, table.shape[1]))]
    means = zip(names, table.T.tolist(), strict=True)
    found = [row(f"PSNR, {name}", interval(values), "dB", case=case) for name, values in means]
    return [*found, row("PSNR, best less worst position", spread(table.mean(0)), "dB", most=SPREAD_DB, case=case)]


def real_rows(coder: Coder, metric: Lpips | None) -> list[Row]:
    """Measure real clips at two sizes."""
    found = [not_measured(name, why_missing(name)) for name in REAL_CLIPS if asset(name) is None]
    there = [name for name in REAL_CLIPS if asset(name)]
    for (height, width), what, wanted in (((HEIGHT, WIDTH), "real clips", REAL_DB), (LARGE, "real clips, large", LARGE_DB)):
        clips = [real_clip(name, FRAMES, height, width, first) for name in there for first in STARTS[name]]
        if clips:
            found += quality(what, [coder.decode(coder.encode(clip)) for clip in clips], clips, metric, wanted)
    return found


def moving_rows(seed: int, coder: Coder) -> list[Row]:
    """Measure things at 10 pixels a frame: PSNR by position, and how solid a second image of them is."""
    case = f"{THINGS} things at 10 pixels a frame"
    if asset(HELD_OUT_PHOTOGRAPH) is None:
        return [not_measured(case, why_missing(HELD_OUT_PHOTOGRAPH))]
    things = [moving_thing(1000 * seed + index) for index in range(100, 100 + THINGS)]
    clips = [torch.from_numpy(clip).float() / 255 for clip, _ in things]
    decoded = [coder.decode(coder.encode(clip)) for clip in clips]
    shares = [torch.from_numpy(share) for _, share in things]
    triples = zip(decoded, clips, shares, strict=True)
    images = torch.stack([doubling(one.movedim(-1, 0), two.movedim(-1, 0), share) for one, two, share in triples])
    between = images[:, 1:-1].nanmean(1)
    solid = interval(between[between.isfinite()].tolist())
    name = "opacity of a second image in a group's first three frames"
    return [*position_rows(case, decoded, clips), row(name, solid, most=SECOND_IMAGE, case=case)]


def statistics_rows(latents: torch.Tensor) -> list[Row]:
    """Return the largest errors of means and deviations of normalised latents ``[B, 16, T, h, w]``, which are to be 0 and 1."""
    channels, case = latents.transpose(0, 1).flatten(1), f"{len(latents)} held-out scenes"
    scatter = float(latents.mean((2, 3, 4)).std(0).max()) / len(latents) ** 0.5
    worst = 100 * float((channels.std(1) - 1).abs().max())
    return [
        row("latent means off, worst channel", float(channels.mean(1).abs().max()), most=0.05, case=case),
        row("standard error of such a mean, from the clips' own scatter", scatter, case=case),
        row("latent deviations off, worst channel", worst, "%", most=5, case=case),
    ]


def rows(seed: int, scenes: int = 8, vae: Path = VAE_FILE) -> list[Row]:
    """Measure every figure of the VAE's card, or those of another file of the same layout, of any width."""
    coder, metric = load_coder(vae), load_lpips()
    seeds = scene_seeds(seed, scenes * STATISTICS_CLIPS)
    latents = [coder.encode(scene(s)) for s in seeds]
    decoded = [coder.decode(latent) for latent in latents[:scenes]]
    found = quality("held-out scenes", decoded, [scene(s) for s in seeds[:scenes]], metric, SCENES_DB)
    return [*found, *real_rows(coder, metric), *moving_rows(seed, coder), *statistics_rows(torch.cat(latents))]


if __name__ == "__main__":
    main(rows)
