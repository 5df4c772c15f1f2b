"""Every latent mask, listed. Adding one is a member of the enumeration, a function and a line in the table.

A mask is made of :class:`MaskInputs` and is ``h``, ``[1, 1 or C, T', H', W']`` in 0...1, 1 = known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import torch

from ..errors import InputError
from . import causal, differences
from .differences import Encode

Predict = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class MaskMethod(StrEnum):
    """The ways to make a latent mask."""

    AREA = "area"
    TEMPORAL_INFILL = "temporal_infill"
    KNOWN_SOURCE = "known_source"
    LEARNED = "learned"
    BINARY = "binary"


@dataclass(frozen=True)
class MaskSettings:
    """A method and its strength.

    Attributes:
        method: how the mask is made.
        strength: exponent of the mask, > 0: above 1 cells near holes are trusted less, below 1 more.
    """

    method: MaskMethod = MaskMethod.AREA
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.strength < float("inf"):
            raise InputError("mask_strength", f"{self.strength}", "Give a number above 0; 1 is usual.")


@dataclass(frozen=True)
class MaskInputs:
    """Everything a mask may be made of.

    Attributes:
        visible: ``[F, H, W]`` in 0...1, 1 = known.
        warp: ``[F, H, W, 3]`` in 0...1, the infilled warp ``y``.
        latent: ``[1, C, T', H', W']``, ``E(y)`` normalised per channel.
        encode: the VAE: video in 0...1 to normalised latents.
        spatial: pixels along one side of a latent cell.
        source: ``[F, H, W, 3]``, the clean source clip.
        predict: the mask encoder: ``(visible, warp)`` to ``h``.
    """

    visible: torch.Tensor
    warp: torch.Tensor
    latent: torch.Tensor
    encode: Encode
    spatial: int = 8
    source: torch.Tensor | None = None
    predict: Predict | None = None


def _share(given: MaskInputs) -> torch.Tensor:
    return causal.area(given.visible, given.spatial).to(given.latent.device)


def _area(given: MaskInputs) -> torch.Tensor:
    return _share(given) ** AREA_POWER


def _temporal_infill(given: MaskInputs) -> torch.Tensor:
    difference = differences.other_infill(given.encode, given.latent, given.warp, given.visible, INFILL_SCALE)
    return difference * _share(given) ** INFILL_POWER


def _known_source(given: MaskInputs) -> torch.Tensor:
    if given.source is None:
        raise InputError("source", "nothing connected", "Connect the source clip, or choose a mask that does not need it.")
    return differences.hidden_source(given.encode, given.source, given.visible, known=(given.warp, given.latent))


def _learned(given: MaskInputs) -> torch.Tensor:
    if given.predict is None:
        raise InputError(
            "mask_encoder",
            "nothing connected, and mask is 'learned'",
            "Connect 'Load Mask Encoder', or choose another mask.",
        )
    return given.predict(given.visible, given.warp)


def _binary(given: MaskInputs) -> torch.Tensor:
    return causal.binary(given.visible, given.spatial)


AREA_POWER = 3.0
"""Power of the share of known pixels. The share itself suits weak video models, its fourth to sixth power strong ones."""
INFILL_SCALE, INFILL_POWER = 2.0, 2.0
"""Scale of the distance between two infills' encodings, and power of the share of known pixels it is multiplied with."""
MASKS: dict[MaskMethod, Callable[[MaskInputs], torch.Tensor]] = {
    MaskMethod.AREA: _area,
    MaskMethod.TEMPORAL_INFILL: _temporal_infill,
    MaskMethod.KNOWN_SOURCE: _known_source,
    MaskMethod.LEARNED: _learned,
    MaskMethod.BINARY: _binary,
}

DEFAULT_MASK = MaskSettings()


def latent_mask(given: MaskInputs, settings: MaskSettings = DEFAULT_MASK) -> torch.Tensor:
    """Return ``h`` in the shape of ``given.latent``, float32.

    Raises:
        InputError: an input that the mask needs is missing, or it came out in another shape.
    """
    h = MASKS[settings.method](given).float()
    expected = given.latent.shape
    if h.ndim != 5 or h.shape[2:] != expected[2:] or h.shape[1] not in (1, expected[1]):
        raise InputError(
            f"mask '{settings.method}'",
            f"a latent mask of shape {tuple(h.shape)} for latents of shape {tuple(expected)}",
            "The mask encoder or VAE belongs to another latent space: use one with the same channels and compression.",
        )
    return h.clamp(0, 1).pow(settings.strength).to(given.latent.device).expand(expected).contiguous()
