"""Every latent mask, listed. Adding one is a function and a line in the table.

A mask is made of :class:`MaskInputs`: ``h``, ``[1, 1 or C, T', H', W']`` in 0...1, 1 = known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..errors import InputError
from . import causal, differences, infills
from .differences import Encode

Predict = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class MaskInputs:
    """What a mask may be made of.

    Attributes:
        visible: ``[F, H, W]`` in 0...1, 1 = known.
        warp: ``[F, H, W, 3]`` in 0...1, the infilled warp ``y``.
        latent: ``[1, C, T', H', W']``, ``E(y)`` normalised per channel.
        encode: the VAE: video in 0...1 to normalised latents.
        spatial: pixels along one side of a latent cell.
        source: ``[F, H, W, 3]``, the clean source clip.
        holed: ``[F, H, W, 3]``, the warp with its holes left as they are.
        predict: the mask encoder: ``(visible, warp)`` to ``h``.
    """

    visible: torch.Tensor
    warp: torch.Tensor
    latent: torch.Tensor
    encode: Encode
    spatial: int = 8
    source: torch.Tensor | None = None
    holed: torch.Tensor | None = None
    predict: Predict | None = None


MaskMode = Callable[[MaskInputs], torch.Tensor]


def _source(given: MaskInputs) -> torch.Tensor:
    if given.source is None:
        raise InputError("source", "nothing connected", "Connect the source clip, or choose a mask that does not need it.")
    return given.source


def _learned(given: MaskInputs) -> torch.Tensor:
    if given.predict is None:
        raise InputError(
            "mask_encoder",
            "nothing connected, and mask is 'learned'",
            "Connect 'InverseCrafter Load Mask Encoder', or choose another mask.",
        )
    return given.predict(given.visible, given.warp)


def _hidden_source(given: MaskInputs) -> torch.Tensor:
    return differences.hidden_source(
        given.encode, _source(given), given.visible, SOURCE_SCALE, known=(given.warp, given.latent)
    )


def _holed_warp(given: MaskInputs, scale: float) -> torch.Tensor:
    return differences.hidden_warp(given.encode, given.latent, given.warp, given.visible, scale, given.holed)


def _area(given: MaskInputs) -> torch.Tensor:
    return causal.area(given.visible, given.spatial).to(given.latent.device)


SOURCE_SCALE = 1.0
"""``s`` of eq. 5 here: what everything that is compared with ``h_gt`` is compared with."""
USUAL = "three_infills"
MASKS: dict[str, MaskMode] = {
    # Ours: a hole that happens to look like its filling moves no latent, so the difference alone trusts it; the area does not.
    "three_infills": lambda g: _area(g) * infills.three_infills(g.encode, g.latent, g.warp, g.visible, 0.5, g.holed),
    "held_warp": lambda g: infills.held_warp(g.encode, g.warp, g.visible, 1.0, g.holed),
    "holed_warp_area": lambda g: _holed_warp(g, 0.5) * _area(g),
    "holed_warp": lambda g: _holed_warp(g, 1.0),
    "hidden_source": _hidden_source,
    "mask_video": lambda g: differences.mask_video(g.encode, g.visible, 0.25),
    "two_infills": lambda g: differences.two_infills(g.encode, g.warp, g.visible, 0.5),
    "known_source": _hidden_source,
    "area": _area,
    "binary": lambda g: causal.binary(g.visible, g.spatial),
    "learned": _learned,
}


def latent_mask(name: str, given: MaskInputs, strength: float = 1.0) -> torch.Tensor:
    """``h`` in the shape of ``given.latent``, float32.

    Args:
        name: a key of :data:`MASKS`.
        strength: exponent of the mask, > 0: 1 is the mask itself at the scale that was measured for it, more doubts more.

    Raises:
        InputError: an unknown mask, an input it needs is missing, or it came out in another shape.
    """
    if name not in MASKS:
        raise InputError("mask", f"'{name}'", f"Choose one of: {', '.join(MASKS)}.")
    h = MASKS[name](given).float()
    wanted = given.latent.shape
    if h.ndim != 5 or h.shape[2:] != wanted[2:] or h.shape[1] not in (1, wanted[1]):
        raise InputError(
            f"mask '{name}'",
            f"a latent mask of shape {tuple(h.shape)} for latents of shape {tuple(wanted)}",
            "The mask encoder or VAE belongs to another latent space: use one with the same channels and compression.",
        )
    return h.clamp(0, 1).pow(strength).to(given.latent.device).expand(wanted).contiguous()
