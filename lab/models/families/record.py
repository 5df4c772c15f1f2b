"""The record of a video model family: its latent grid, its sampling, and how a small model of it is built.

Nothing here needs the host, so tests can be listed without one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from inversecrafter_core.latent_grid import GRIDS, LatentGrid


@dataclass(frozen=True)
class Build:
    """A network of the host: which class, and the arguments that make it small.

    Attributes:
        name: the class, ``module:Class``.
        arguments: constructor arguments of the small network.
        constants: sizes that the host passes as constants and does not read from the weights, by class; the same class is
            loaded with these (:mod:`lab.host.smaller`).
        extra: keys that the host's detection looks for beside those of the class, with their shapes.
        metadata: the file's metadata, ``config`` as an object.
        accepts: a class whose constructor lists the arguments, for a network that takes any; what a host does not list there
            is left out.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extra: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    accepts: str = ""


@dataclass(frozen=True)
class Conditioning:
    """Conditioning that a text encoder of the family would give.

    Attributes:
        width: channels of a text token.
        pooled: channels of the pooled text vector, or 0 where there is none.
        mask: an attention mask goes with it.
        image_tokens: tokens and channels of the CLIP-vision output, or None.
        clean_channels: channels of a latent of the clip that a restorer needs, or 0.
    """

    width: int
    pooled: int = 0
    mask: bool = False
    image_tokens: tuple[int, int] | None = None
    clean_channels: int = 0


@dataclass(frozen=True)
class Family:
    """A video model family.

    Attributes:
        name: the family's name, as users know it.
        grid: the latent grid of its VAE.
        conditioning: what its text encoder gives.
        network: a small build.
        size: height and width in pixels of its smallest clip.
        latent_frames: latent frames of its smallest clip.
        audio: shape of the audio latent beside the smallest clip without the batch, or None.
    """

    name: str
    grid: LatentGrid
    conditioning: Conditioning
    network: Build
    size: tuple[int, int] = (32, 48)
    latent_frames: int = 3
    audio: tuple[int, ...] | None = None

    @property
    def tokens(self) -> int:
        """Video tokens of the smallest clip."""
        return math.prod(self.latent_shape[1:]) // self.grid.patch**2

    @property
    def frames(self) -> int:
        """Source frames of the smallest clip."""
        return self.grid.frames(self.latent_frames)

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape ``[C, T', H', W']`` of the smallest clip's video latent."""
        return (self.grid.channels, self.latent_frames, *(side // self.grid.cell for side in self.size))

    def __str__(self) -> str:
        return self.name


GRID = {grid.latent_format: grid for grid in GRIDS}
"""The core's grids by the latent format of their VAE."""
