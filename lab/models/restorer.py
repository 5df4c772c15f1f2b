"""The embedded models as priors of restoration, of any strength: single frames, as VISION-XL takes an image model, or the clip.

A *prior of strength s* simulates a better model: each prediction is moved towards the encoded truth, ``(1 - s) z0 + s z_true``.
"""

from __future__ import annotations

from itertools import count

import torch

from inversecrafter_core.sampling import Prior

from .guided import SmallWan

GUIDANCE = 0.6
"""Scale of CFG++, the paper's."""


def restorer(
    wan: SmallWan,
    truth: torch.Tensor,
    prompt: str,
    *,
    whole: bool = False,
    strength: float = 0.0,
    first_alone: int = 0,
) -> Prior:
    """Return the prior of one run, whose calls go through the units in turn.

    Args:
        truth: ``[F, H, W, 3]``, the clip that is to be restored; seen only where ``strength`` is above 0.
        prompt: the scene in words; empty where nothing is known of it.
        whole: the clip as one unit, for a video prior; otherwise frame by frame.
        strength: of the prior, in 0...1.
        first_alone: calls at the beginning that are all of the first unit, as where its inversion serves for all.
    """
    frames = len(truth) if whole else 1
    known = [wan.coder.encode(unit) for unit in truth.split(frames)]
    prompted, free = wan.predictor(prompt), wan.predictor()
    calls = count(-first_alone)

    def z_true() -> torch.Tensor:
        return known[max(0, next(calls)) % len(known)]

    def denoise(x: torch.Tensor, sigma: float) -> tuple[torch.Tensor, torch.Tensor]:
        truth_here, time = z_true(), torch.tensor([sigma])
        z0_free = free(x, time)
        z0 = prompted(x, time) if prompt else z0_free
        guided = torch.lerp(z0_free, z0, GUIDANCE)
        return torch.lerp(guided, truth_here, strength), torch.lerp(z0_free, truth_here, strength)

    def denoise_free(x: torch.Tensor, sigma: float) -> torch.Tensor:
        return torch.lerp(free(x, torch.tensor([sigma])), z_true(), strength)

    return Prior(denoise, wan.coder.encode, wan.coder.decode, frames, denoise_free=denoise_free)
