"""The small VAE on scenes and footage it never saw: PSNR, LPIPS, and its latents' statistics against the host's constants.

``python -m benchmarks.model_vae --seed 0 --scenes 8 --json -``
"""

from __future__ import annotations

import logging
from statistics import mean

import torch

from benchmarks.report import Row, at_least, at_most, model_main
from benchmarks.unseen import REAL_CLIPS, real_clip, scene_seeds
from hosting.assets import asset, why_missing
from hosting.lpips import Lpips, load_lpips
from training.common import psnr
from training.pool import clip as rendered
from training.shipped import WanVAE, decode, encode, load_vae

STARTS = {"carphone": (0, 60, 100), "bikes": (0, 120, 220), "bigbuckbunny": (0, 60, 110)}
STATISTICS_CLIPS = 24  # times as many scenes for the statistics: one clip's own means scatter by half a deviation


def scene(seed: int) -> torch.Tensor:
    """``[17, 128, 192, 3]`` in 0...1."""
    return torch.from_numpy(rendered(seed)).float() / 255


def rows(seed: int, scenes: int) -> list[Row]:
    """Every figure of the VAE's card."""
    model, metric = load_vae(), load_lpips()
    seeds = scene_seeds(seed, scenes * STATISTICS_CLIPS)
    latents = [encode(model, scene(s)) for s in seeds]
    found = _reconstruction("held-out scenes", [scene(s) for s in seeds[:scenes]], latents[:scenes], model, metric, 30.0)
    clips = [real_clip(name, first=first) for name in REAL_CLIPS if asset(name) for first in STARTS[name]]
    for name in REAL_CLIPS:
        if asset(name) is None:
            logging.getLogger(__name__).warning("%s is left out: %s", name, why_missing(name))
    if clips:
        found += _reconstruction("real clips", clips, [encode(model, c) for c in clips], model, metric, 26.0)
    channels = torch.cat(latents).transpose(0, 1).flatten(1)
    count = f"{len(latents)} held-out scenes"
    found.append(at_most(f"latent means off, worst channel, {count}", float(channels.mean(1).abs().max()), "", 0.05))
    scatter = float(torch.cat(latents).mean((2, 3, 4)).std(0).max()) / len(latents) ** 0.5
    found.append(Row("standard error of such a mean, from the clips' own scatter", scatter, ""))
    worst = 100 * float((channels.std(1) - 1).abs().max())
    return [*found, at_most(f"latent deviations off, worst channel, {count}", worst, "%", 5)]


def _reconstruction(
    what: str, clips: list[torch.Tensor], latents: list[torch.Tensor], model: WanVAE, metric: Lpips | None, bound: float
) -> list[Row]:
    again = [decode(model, latent) for latent in latents]
    scores = [psnr(one, two) for one, two in zip(again, clips, strict=True)]
    flat = [psnr(clip.mean((0, 1, 2)).expand_as(clip), clip) for clip in clips]
    found = [
        at_least(f"PSNR, {len(clips)} {what}, 17x128x192", mean(scores), "dB", bound),
        Row(f"PSNR, the worst of them, {what}", min(scores), "dB"),
        Row(f"PSNR of each clip's mean colour, {what}", mean(flat), "dB"),
    ]
    if metric is not None:
        distances = [
            float(metric(one.movedim(-1, 1), two.movedim(-1, 1)).mean()) for one, two in zip(again, clips, strict=True)
        ]
        name, value = f"LPIPS (AlexNet), {len(clips)} {what}", mean(distances)
        found.append(at_most(name, value, "", 0.08) if bound == 30.0 else Row(name, value, ""))
    return found


if __name__ == "__main__":
    model_main("model_vae", rows)
