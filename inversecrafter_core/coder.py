"""The protocol of video VAEs."""

from __future__ import annotations

from typing import Protocol

import torch

from .latent_grid import LatentGrid


class LatentCoder(Protocol):
    """A causal video VAE, from clips to latents ``[1, C, T', H', W']`` float32.

    Nodes exchange latents in VAE space. Models and mask comparisons use them *normalised*, at zero mean and unit deviation per
    channel. A coder whose latents are normalised already returns them unchanged from :meth:`normalise`.
    """

    @property
    def grid(self) -> LatentGrid:
        """Geometry of the latents, with the name of their format."""
        ...

    def encode(self, video: torch.Tensor) -> torch.Tensor:
        """Encode a clip ``[F, H, W, 3]`` in 0...1, of a length that the grid takes, to latents in VAE space."""
        ...

    def normalise(self, latents: torch.Tensor) -> torch.Tensor:
        """Return latents of VAE space at zero mean and unit deviation per channel."""
        ...
