"""Every latent mask, listed. Adding one is a function and a line in the table.

A mask is made of :class:`MaskInputs`: ``h``, ``[1, 1 or C, T', H', W']`` in 0...1, 1 = known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..errors import InputError
from . import causal, differences
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
        predict: the mask encoder: ``(visible, warp)`` to ``h``.
    """

    visible: torch.Tensor
    warp: torch.Tensor
    latent: torch.Tensor
    encode: Encode
    spatial: int = 8
    source: torch.Tensor | None = None
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


def _known_source(given: MaskInputs) -> torch.Tensor:
    return differences.hidden_source(given.encode, _source(given), given.visible, known=(given.warp, given.latent))


def _share(given: MaskInputs) -> torch.Tensor:
    return causal.area(given.visible, given.spatial).to(given.latent.device)


def _area(given: MaskInputs) -> torch.Tensor:
    return _share(given) ** AREA_POWER


def _held_infill(given: MaskInputs) -> torch.Tensor:
    return (
        differences.other_infill(given.encode, given.latent, given.warp, given.visible, HELD_SCALE)
        * _share(given) ** HELD_POWER
    )


AREA_POWER = 3.0
"""Of the share of known pixels. The plain share is nearest to the truth with a weak video model, the fourth to sixth power with
strong ones. Of the powers 1 to 4 on 16 scenes of seed 7 the third is the lowest whose error over all priors lies in the
interval of the best mask (0.194; *held_infill* 0.178, 0.157 to 0.199). The square does not, and the fourth costs 1.3 % more
LPIPS than the third under the embedded model.
"""
HELD_SCALE, HELD_POWER = 2.0, 2.0
"""Of the distance between two infills' encodings, and of the share of known pixels that it is multiplied with: the best of
``lab.benchmarks.masks.scales`` on seeds 5 and 6.
"""
USUAL = "area"
MASKS: dict[str, MaskMode] = {
    "area": _area,
    "held_infill": _held_infill,
    "known_source": _known_source,
    "learned": _learned,
    "binary": lambda g: causal.binary(g.visible, g.spatial),
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
