"""Video VAEs as the core sees them: one protocol."""

from __future__ import annotations

from typing import Protocol

import torch


class LatentCoder(Protocol):
    """A causal video VAE: clips to latents ``[1, C, T', H', W']``, float32.

    Two spaces: its own, in which latents travel between nodes (VAE space), and the same *normalised* to zero mean and unit
    deviation per channel, in which models work and masks compare. A coder whose own latents are normalised returns them
    unchanged from :meth:`normalise`.
    """

    @property
    def spatial(self) -> int:
        """Pixels along one side of a latent cell."""
        ...

    @property
    def latent_format(self) -> str:
        """Name of the latent format, to recognise latents of another VAE; empty when unknown."""
        ...

    def encode(self, video: torch.Tensor) -> torch.Tensor:
        """Encode a clip ``[F, H, W, 3]`` in 0...1, ``F = 4k + 1``."""
        ...

    def normalise(self, latents: torch.Tensor) -> torch.Tensor:
        """Bring latents of this coder to zero mean and unit deviation per channel."""
        ...
