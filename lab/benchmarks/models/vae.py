"""The small VAE on what it never saw: PSNR also by position in a group of four frames, LPIPS, things in motion, its statistics.

``python -m lab.benchmarks.models.vae --seed 0 --scenes 8 --json - [--vae FILE]``

A thing in motion is a cut-out at 10 pixels a frame over a still photograph, both from the stereo pair. An average of a group's
frames would show it twice; how solid the second image is, is measured (``lab.metrics.vae.doubling``).
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from lab.benchmarks.intervals import interval, mean_row, surely_at_least, surely_at_most
from lab.benchmarks.report import Row, add_model_arguments, at_most, main
from lab.data.assets import asset, why_missing
from lab.data.pool import clip as rendered
from lab.data.unseen import REAL_CLIPS, real_clip, scene_seeds
from lab.metrics.lpips import Lpips, load_lpips
from lab.metrics.vae import HELD_OUT_PHOTOGRAPH, doubling, moving_thing, position_db, psnr, spread
from lab.models.shipped import VAE_FILE, WanVAE, decode, encode, load_vae

logger = logging.getLogger(__name__)
STARTS = {"carphone": (0, 60, 100), "bikes": (0, 120, 220), "bigbuckbunny": (0, 60, 110)}
STATISTICS_CLIPS = 24  # times as many scenes for the statistics: one clip's own means scatter by half a deviation
SCENES_DB, REAL_DB, LARGE_DB, LPIPS_BOUND, SPREAD_DB, SECOND_IMAGE = 31.0, 29.0, 29.0, 0.08, 1.5, 0.05
THINGS, LARGE = 16, (256, 384)
Clips = Sequence[torch.Tensor]


def scene(seed: int) -> torch.Tensor:
    """``[17, 128, 192, 3]`` in 0...1."""
    return torch.from_numpy(rendered(seed)).float() / 255


def rows(seed: int, scenes: int, file: Path = VAE_FILE) -> list[Row]:
    """Every figure of the VAE's card."""
    model, metric = load_vae(file), load_lpips()
    seeds = scene_seeds(seed, scenes * STATISTICS_CLIPS)
    latents = [encode(model, scene(s)) for s in seeds]
    shown = [scene(s) for s in seeds[:scenes]]
    decoded = [decode(model, latent) for latent in latents[:scenes]]
    found = quality("held-out scenes", decoded, shown, metric, SCENES_DB)
    found += real_rows(model, metric) + moving_rows(seed, model)
    return found + statistics_rows(torch.cat(latents))


def quality(what: str, decoded: Clips, clips: Clips, metric: Lpips | None, decibels: float) -> list[Row]:
    """PSNR, its positions and LPIPS of ``[F, H, W, 3]`` in 0...1; ``decibels`` are wanted."""
    scores = [psnr(one, two) for one, two in zip(decoded, clips, strict=True)]
    flat = [psnr(clip.mean((0, 1, 2)).expand_as(clip), clip) for clip in clips]
    frames, height, width = clips[0].shape[:3]
    name = f"PSNR, {len(clips)} {what}, {frames}x{height}x{width}"
    found = [
        surely_at_least(name, interval(scores), "dB", decibels),
        Row(f"PSNR, the worst of them, {what}", min(scores), "dB"),
        mean_row(f"PSNR of each clip's mean colour, {what}", flat, "dB"),
        *position_rows(what, decoded, clips),
    ]
    if metric is None:
        return found
    pairs = [(one.movedim(-1, 1), two.movedim(-1, 1)) for one, two in zip(decoded, clips, strict=True)]
    distances = interval([float(metric(*pair).mean()) for pair in pairs])
    return [*found, surely_at_most(f"LPIPS (AlexNet), {len(clips)} {what}", distances, "", LPIPS_BOUND)]


def position_rows(what: str, decoded: Clips, clips: Clips) -> list[Row]:
    """PSNR in the first frame and at the four positions of a group, a mean over clips, and how far these four are apart."""
    table = torch.stack(
        [position_db(one.movedim(-1, 0)[None], two.movedim(-1, 0)[None]) for one, two in zip(decoded, clips, strict=True)]
    )
    names = ["frame 0", *(f"position {place} of a group" for place in range(1, table.shape[1]))]
    found = [mean_row(f"PSNR, {name}, {what}", table[:, index].tolist(), "dB") for index, name in enumerate(names)]
    return [*found, at_most(f"PSNR, best less worst position, {what}", spread(table.mean(0)), "dB", SPREAD_DB)]


def real_rows(model: WanVAE, metric: Lpips | None) -> list[Row]:
    """Real clips at two sizes."""
    for name in REAL_CLIPS:
        if asset(name) is None:
            logger.warning("%s is left out: %s", name, why_missing(name))
    there, found = [name for name in REAL_CLIPS if asset(name)], []
    for size, what, wanted in (((), "real clips", REAL_DB), (LARGE, "real clips, large", LARGE_DB)):
        clips = [real_clip(name, 17, *size, first=first) for name in there for first in STARTS[name]]
        if clips:
            decoded = [decode(model, encode(model, clip)) for clip in clips]
            found += quality(what, decoded, clips, metric, wanted)
    return found


def moving_rows(seed: int, model: WanVAE) -> list[Row]:
    """Things at 10 pixels a frame: PSNR by position, and how solid a second image of them is."""
    if asset(HELD_OUT_PHOTOGRAPH) is None:
        logger.warning("things in motion are left out: %s", why_missing(HELD_OUT_PHOTOGRAPH))
        return []
    things = [moving_thing(1000 * seed + index) for index in range(100, 100 + THINGS)]
    clips = [torch.from_numpy(clip).float() / 255 for clip, _ in things]
    decoded, what = [decode(model, encode(model, clip)) for clip in clips], f"{THINGS} things at 10 pixels a frame"
    images = torch.stack(
        [
            doubling(one.movedim(-1, 0), two.movedim(-1, 0), torch.from_numpy(share))
            for one, two, (_, share) in zip(decoded, clips, things, strict=True)
        ]
    )
    between = images[:, 1:-1].nanmean(1)
    name = f"opacity of a second image in a group's first three frames, {what}"
    bound = surely_at_most(name, interval(between[between.isfinite()].tolist()), "", SECOND_IMAGE)
    return [*position_rows(what, decoded, clips), bound]


def statistics_rows(latents: torch.Tensor) -> list[Row]:
    """Means and deviations of normalised latents ``[B, 16, T, h, w]``, which should be 0 and 1."""
    channels, count = latents.transpose(0, 1).flatten(1), f"{len(latents)} held-out scenes"
    scatter = float(latents.mean((2, 3, 4)).std(0).max()) / len(latents) ** 0.5
    worst = 100 * float((channels.std(1) - 1).abs().max())
    return [
        at_most(f"latent means off, worst channel, {count}", float(channels.mean(1).abs().max()), "", 0.05),
        Row("standard error of such a mean, from the clips' own scatter", scatter, ""),
        at_most(f"latent deviations off, worst channel, {count}", worst, "%", 5),
    ]


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    torch.set_num_threads(args.threads)
    return rows(seed, args.scenes, args.vae)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--vae", type=Path, default=VAE_FILE, help="another file of the same layout, of any width")
    add_model_arguments(parser)


if __name__ == "__main__":
    main("model_vae", run, add_arguments)
