"""Video models of any strength, simulated: the small model's prediction moved towards the truth.

The embedded model is weaker than a simple infill, which rewards whatever trusts the infill. So masks, windows and solvers are
also judged under ``(1 - strength) z0 + strength z_true``: 0 is the embedded model, 1 knows the truth. The other kind,
:func:`correlated_prior`, is the truth with an error of its own whose size falls with the strength.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

Denoise = Callable[..., torch.Tensor]
STRENGTHS = (0.0, 0.3, 0.5, 0.7, 0.9)


def stronger_prior(denoise: Denoise, truth: torch.Tensor, strength: float | torch.Tensor) -> Denoise:
    """``denoise`` whose predicted clean latent is mixed with ``truth [1, C, T', H', W']`` by ``strength`` in 0...1.

    A tensor ``[B, 1, 1, 1, 1]`` gives every clip of a batch its own strength.
    """

    def mixed(x: torch.Tensor, sigma: torch.Tensor, **extra: Any) -> torch.Tensor:
        return torch.lerp(denoise(x, sigma, **extra), truth.to(x).expand_as(x), strength)

    return mixed


def correlated_prior(truth: torch.Tensor, deviation: float, seed: int, blur: int = 3) -> Denoise:
    """A model that always predicts the truth plus one smooth error of ``deviation`` in normalised latents, times sigma."""
    error = torch.randn(truth.shape, generator=torch.Generator().manual_seed(seed))
    smooth = F.avg_pool3d(error, (1, blur, blur), 1, (0, blur // 2, blur // 2), count_include_pad=False)
    smooth = deviation * smooth / smooth.std()

    def predicted(x: torch.Tensor, sigma: torch.Tensor, **extra: Any) -> torch.Tensor:
        return (truth + sigma.max() * smooth).to(x)

    return predicted
