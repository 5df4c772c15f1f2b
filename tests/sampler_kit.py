"""A toy model for samplers, random latents and masks, and the plain Euler sampler; shared by tests of core and lab."""

from __future__ import annotations

import torch

from inversecrafter_core.sampling import SigmaRange, sample_guided_euler

SHAPE = (2, 4, 3, 4, 5)
SIGMAS = torch.tensor([1.0, 0.75, 0.5, 0.25, 0.0])
ALWAYS, NEVER = SigmaRange(0.0, 1.0), SigmaRange(1.0, 0.0)


def random(seed: int, shape=SHAPE) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def mask(seed: int, shape=SHAPE) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def model(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Not linear, and it mixes cells, so that a gradient through it is not a multiple of the residual."""
    return torch.tanh(0.5 * x + 0.2 * x.roll(1, -1)) + 0.1 * sigma.view(-1, 1, 1, 1, 1)


def plain(x: torch.Tensor, sigmas: torch.Tensor = SIGMAS) -> torch.Tensor:
    return sample_guided_euler(model, x, sigmas, correct=lambda denoised, sigma: denoised)
