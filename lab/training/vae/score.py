"""Scores of a VAE on clips that nothing trained on: scenes, and a thing that moves fast, by position in a group."""

from __future__ import annotations

import numpy as np
import torch

from lab.data.assets import asset
from lab.data.pool import clip as rendered
from lab.metrics.lpips import Lpips
from lab.metrics.vae import HELD_OUT_PHOTOGRAPH, doubling, moving_thing, position_db, psnr, spread
from lab.models.precision import autocast
from lab.models.vae import WanVAE, decode, encode, whole_clips

SCENES, THINGS = 4, 4


def as_video(clip: np.ndarray) -> torch.Tensor:
    """Return ``[F, H, W, 3]`` uint8 as ``[1, 3, F, H, W]`` in -1…1."""
    return torch.from_numpy(clip).permute(3, 0, 1, 2)[None].float() / 127.5 - 1


@torch.no_grad()
def reconstruct(model: WanVAE, clips: torch.Tensor) -> torch.Tensor:
    """Code clips one by one and return them in 0…1."""
    with whole_clips(model), autocast(torch.device("cpu")):
        decoded = [decode(model, encode(model, clip[None])).float() for clip in clips]
    return torch.cat(decoded).clamp(-1, 1) / 2 + 0.5


class HeldOut:
    """Clips to score on, rendered once."""

    def __init__(self, metric: Lpips | None):
        self.metric = metric
        self.scenes = torch.cat([as_video(rendered(seed)) for seed in range(SCENES)])
        self.moving = [moving_thing(seed) for seed in range(THINGS)] if asset(HELD_OUT_PHOTOGRAPH) else []

    def score(self, model: WanVAE) -> dict[str, float]:
        """Return the columns of a training's curve."""
        decoded, truth = reconstruct(model, self.scenes), self.scenes / 2 + 0.5
        found = {"scenes_db": psnr(decoded, truth), "scenes_lpips": float("nan")}
        if self.metric is not None:
            shown = (clips[:, :, ::4].movedim(2, 1).flatten(0, 1) for clips in (decoded, truth))
            found["scenes_lpips"] = float(self.metric(*shown).mean())
        return found | (self._score_moving(model) if self.moving else {})

    def _score_moving(self, model: WanVAE) -> dict[str, float]:
        truth = torch.cat([as_video(clip) for clip, _ in self.moving])
        decoded, truth = reconstruct(model, truth), truth / 2 + 0.5
        decibels = position_db(decoded, truth)
        found = {f"moving_{index}_db": float(value) for index, value in enumerate(decibels)}
        shares = [torch.from_numpy(share) for _, share in self.moving]
        double = torch.stack([doubling(*given) for given in zip(decoded, truth, shares, strict=True)])
        return found | {"moving_spread": spread(decibels), "doubling": float(double[:, 1:4].nanmean())}
