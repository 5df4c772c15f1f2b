"""How well a VAE gives back clips that nothing trained on: scenes, and a thing that moves fast, by position in a group."""

from __future__ import annotations

import random

import cv2
import numpy as np
import torch

from lab.data.assets import asset
from lab.data.motion_clips import background, cut_out, draw
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.data.pool import clip as rendered
from lab.metrics.lpips import Lpips
from lab.models.vae import WanVAE, decode, encode, whole_clips
from lab.training.common import psnr

from .loss import GROUP, POSITIONS, by_position, positions

HELD_OUT_PHOTOGRAPH = "motorcycle_left"
SCENES, THINGS = 4, 4
SOLID, ABSENT, FEWEST = 0.95, 0.05, 16  # shares of a thing in a pixel that count as all and none of it; pixels to measure on


def moving_thing(seed: int, speed: float = 10.0) -> tuple[np.ndarray, np.ndarray]:
    """``[17, 128, 192, 3]`` uint8 and ``[17, 128, 192]``: a cut-out at ``speed`` pixels a frame over a still background.

    Both are out of one photograph of the stereo pair, which nothing trains on; the share is the thing's in every pixel.
    """
    path = asset(HELD_OUT_PHOTOGRAPH)
    assert path is not None, "ask asset() first"
    photograph, rng = np.ascontiguousarray(cv2.imread(str(path))[..., ::-1]), random.Random(f"moving {seed}")
    behind = background(photograph, HEIGHT, WIDTH, rng)
    while behind.motion.velocity.any():
        behind = background(photograph, HEIGHT, WIDTH, rng)
    thing = cut_out(photograph, HEIGHT, WIDTH, FRAMES / 2, speed, rng)
    return draw([behind, thing], range(FRAMES), HEIGHT, WIDTH)


def as_video(clip: np.ndarray) -> torch.Tensor:
    """``[F, H, W, 3]`` uint8 -> ``[1, 3, F, H, W]`` in -1…1."""
    return torch.from_numpy(clip).permute(3, 0, 1, 2)[None].float() / 127.5 - 1


@torch.no_grad()
def reconstruct(model: WanVAE, clips: torch.Tensor) -> torch.Tensor:
    """Clip by clip, to 0…1."""
    with whole_clips(model), torch.autocast("cpu", dtype=torch.bfloat16):
        decoded = [decode(model, encode(model, clip[None])).float() for clip in clips]
    return torch.cat(decoded).clamp(-1, 1) / 2 + 0.5


def position_db(decoded: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """``[5]`` PSNR in dB of frames ``[B, 3, F, H, W]`` in 0…1: the clip's first, and the four positions of a group."""
    return -10 * by_position((decoded - truth).square().mean((0, 1, 3, 4)).clamp(min=1e-12)).log10()


def spread(decibels: torch.Tensor) -> float:
    """Best minus worst of the four positions of a group."""
    return float(decibels[1:].max() - decibels[1:].min())


def doubling(decoded: torch.Tensor, truth: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
    """How opaque a thing's second image is where it stands at its group's last frame, or the last one before: ``[5]``.

    In a frame's pixels that the thing leaves free but fills at the other moment, the error is projected on what the thing would
    change there: 0 = no second image, 1 = as solid as the thing. The larger of the two moments; 0 at a group's last position
    only if it does not linger there either. NaN where the thing leaves too little free to say.

    Args:
        decoded, truth: ``[3, F, H, W]`` in 0…1.
        share: of the thing in every pixel, ``[F, H, W]``.
    """
    found: list[list[float]] = [[] for _ in range(POSITIONS)]
    frames = truth.shape[1]
    for frame, place in enumerate(positions(frames).tolist()):
        last = 0 if frame == 0 else ((frame - 1) // GROUP + 1) * GROUP
        moments = [other for other in (last, last - GROUP) if 0 <= other < frames and other != frame]
        images = [_second_image(decoded, truth, share, frame, other) for other in moments]
        found[place] += [max(seen)] if (seen := [image for image in images if image is not None]) else []
    return torch.tensor([float(np.mean(values)) if values else float("nan") for values in found])


def _second_image(decoded: torch.Tensor, truth: torch.Tensor, share: torch.Tensor, frame: int, other: int) -> float | None:
    there = (share[frame] < ABSENT) & (share[other] > SOLID)
    if int(there.sum()) < FEWEST:
        return None
    change = (truth[:, other] - truth[:, frame])[:, there]
    error = (decoded[:, frame] - truth[:, frame])[:, there]
    return float((error * change).sum() / change.square().sum().clamp(min=1e-6))


class Score:
    """The columns of a training's curve."""

    def __init__(self, metric: Lpips | None):
        self.metric = metric
        self.scenes = torch.cat([as_video(rendered(seed)) for seed in range(SCENES)])
        self.moving = [moving_thing(seed) for seed in range(THINGS)] if asset(HELD_OUT_PHOTOGRAPH) else []
        self.columns = ["scenes_db", "scenes_lpips"]
        if self.moving:
            self.columns += [f"moving_{index}_db" for index in range(POSITIONS)] + ["moving_spread", "doubling"]

    def of(self, model: WanVAE) -> dict[str, float]:
        decoded, truth = reconstruct(model, self.scenes), self.scenes / 2 + 0.5
        found = {"scenes_db": psnr(decoded, truth), "scenes_lpips": float("nan")}
        if self.metric is not None:
            shown = (clips[:, :, ::4].movedim(2, 1).flatten(0, 1) for clips in (decoded, truth))
            found["scenes_lpips"] = float(self.metric(*shown).mean())
        return found | (self._of_moving(model) if self.moving else {})

    def _of_moving(self, model: WanVAE) -> dict[str, float]:
        truth = torch.cat([as_video(clip) for clip, _ in self.moving])
        decoded, truth = reconstruct(model, truth), truth / 2 + 0.5
        decibels = position_db(decoded, truth)
        found = {f"moving_{index}_db": float(value) for index, value in enumerate(decibels)}
        shares = [torch.from_numpy(share) for _, share in self.moving]
        double = torch.stack([doubling(*given) for given in zip(decoded, truth, shares, strict=True)])
        return found | {"moving_spread": spread(decibels), "doubling": float(double[:, 1:4].nanmean())}
