"""Video VAEs as the core sees them: one protocol."""

from __future__ import annotations

from typing import Protocol

import torch

from .latent_grid import LatentGrid


class LatentCoder(Protocol):
    """A causal video VAE: clips to latents ``[1, C, T', H', W']``, float32.

    Two spaces: its own, in which latents travel between nodes (VAE space), and the same *normalised* to zero mean and unit
    deviation per channel, in which models work and masks compare. A coder whose own latents are normalised returns them
    unchanged from :meth:`normalise`.
    """

    @property
    def grid(self) -> LatentGrid:
        """The geometry of its latents."""
        ...

    def encode(self, video: torch.Tensor) -> torch.Tensor:
        """Encode a clip ``[F, H, W, 3]`` in 0...1, ``F`` a length that the grid takes."""
        ...

    def normalise(self, latents: torch.Tensor) -> torch.Tensor:
        """Bring latents of this coder to zero mean and unit deviation per channel."""
        ...
