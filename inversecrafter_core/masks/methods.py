"""The table of latent masks: each is a member of :class:`MaskMethod`, a function, and a line in :data:`MASKS`.

A function takes :class:`MaskInputs` and returns ``h``, ``[1, 1 or C, T', H', W']`` in 0...1, 1 = known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch

from ..errors import InputError, require_choice
from ..latent_grid import WAN, LatentGrid
from . import causal, differences
from .differences import Encode

Predict = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class MaskMethod(StrEnum):
    """Method of making a latent mask."""

    AREA = "area"
    TEMPORAL_INFILL = "temporal_infill"
    KNOWN_SOURCE = "known_source"
    LEARNED = "learned"
    BINARY = "binary"


@dataclass(frozen=True)
class MaskSettings:
    """A method and its strength.

    Attributes:
        method: method of making the mask.
        strength: exponent of the mask, > 0: above 1 cells near holes are trusted less, below 1 more.

    Raises:
        InputError: an unknown method, or a strength that is not a positive number.
    """

    method: MaskMethod = MaskMethod.AREA
    strength: float = 1.0

    def __post_init__(self) -> None:
        require_choice("mask", self.method, MaskMethod)
        if not 0 < self.strength < float("inf"):
            raise InputError("mask_strength", f"{self.strength}", "Give a number above 0; 1 is usual.")


@dataclass(frozen=True)
class MaskInputs:
    """Inputs of all latent masks.

    Attributes:
        visible: ``[F, H, W]`` in 0...1, 1 = known.
        warp: ``[F, H, W, 3]`` in 0...1, the infilled warp ``y``.
        latent: ``[1, C, T', H', W']``, ``E(y)`` normalised per channel.
        encode: the VAE, from a video in 0...1 to normalised latents.
        grid: of the VAE.
        source: ``[F, H, W, 3]`` in 0...1, the clean source clip; ``known_source`` needs it.
        predict: the mask encoder, from ``(visible, warp)`` to ``h``; ``learned`` needs it.
    """

    visible: torch.Tensor
    warp: torch.Tensor
    latent: torch.Tensor
    encode: Encode
    grid: LatentGrid = WAN
    source: torch.Tensor | None = None
    predict: Predict | None = None


def _known_share(inputs: MaskInputs) -> torch.Tensor:
    return causal.area(inputs.visible, inputs.grid).to(inputs.latent.device)


def _area(inputs: MaskInputs) -> torch.Tensor:
    return _known_share(inputs) ** AREA_POWER


def _temporal_infill(inputs: MaskInputs) -> torch.Tensor:
    difference = differences.second_infill_mask(inputs.encode, inputs.latent, inputs.warp, inputs.visible, INFILL_SCALE)
    return difference * _known_share(inputs) ** INFILL_POWER


def _known_source(inputs: MaskInputs) -> torch.Tensor:
    if inputs.source is None:
        raise InputError("source", "nothing connected", "Connect the source clip, or choose a mask that does not need it.")
    return differences.known_source_mask(inputs.encode, inputs.source, inputs.visible, encoded=(inputs.warp, inputs.latent))


def _learned(inputs: MaskInputs) -> torch.Tensor:
    if inputs.predict is None:
        raise InputError(
            "mask_encoder",
            "nothing connected, and mask is 'learned'",
            "Connect 'Load Mask Encoder', or choose another mask.",
        )
    return inputs.predict(inputs.visible, inputs.warp)


def _binary(inputs: MaskInputs) -> torch.Tensor:
    return causal.binary(inputs.visible, inputs.grid)


AREA_POWER = 3.0
"""Exponent of the share of known pixels. 1 suits weak video models, 4 to 6 strong ones."""
INFILL_SCALE, INFILL_POWER = 2.0, 2.0
"""Scale of the difference of the two infills' encodings, and exponent of the share of known pixels that multiplies the mask."""
MASKS: dict[MaskMethod, Callable[[MaskInputs], torch.Tensor]] = {
    MaskMethod.AREA: _area,
    MaskMethod.TEMPORAL_INFILL: _temporal_infill,
    MaskMethod.KNOWN_SOURCE: _known_source,
    MaskMethod.LEARNED: _learned,
    MaskMethod.BINARY: _binary,
}

DEFAULT_MASK = MaskSettings()


def latent_mask(inputs: MaskInputs, settings: MaskSettings = DEFAULT_MASK) -> torch.Tensor:
    """Return ``h`` in 0...1, 1 = known, in the shape of ``inputs.latent``, float32.

    Raises:
        InputError: an input that the mask needs is missing, or the mask does not fit the latent's shape.
    """
    h = MASKS[settings.method](inputs).float()
    expected = inputs.latent.shape
    if h.ndim != 5 or h.shape[2:] != expected[2:] or h.shape[1] not in (1, expected[1]):
        raise InputError(
            f"mask '{settings.method}'",
            f"a latent mask of shape {tuple(h.shape)} for latents of shape {tuple(expected)}",
            "The mask encoder or VAE belongs to another latent space: use one with the same channels and compression.",
        )
    return h.clamp(0, 1).pow(settings.strength).to(inputs.latent.device).expand(expected).contiguous()
