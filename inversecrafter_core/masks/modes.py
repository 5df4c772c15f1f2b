"""Every way to make a latent mask, listed. Adding one is a function and a line in the table.

A mode takes :class:`MaskInputs` and returns ``h``, ``[1, 1 or C, T', H', W']`` in 0...1, 1 = known.
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
    """What a mask mode may look at.

    Attributes:
        visible: ``[F, H, W]`` in 0...1, 1 = known.
        warp: ``[F, H, W, 3]`` in 0...1, the infilled warp ``y``.
        latent: ``[1, C, T', H', W']``, ``E(y)`` normalised per channel.
        encode: the VAE: video in 0...1 to normalised latents.
        spatial: pixels along one side of a latent cell.
        scale: ``s`` of ``tanh(s d)`` or of ``1 / (1 + s^2 d^2)``; ``benchmarks.masks`` says what each scale is good for.
        candidate: which training-free mask, a key of :data:`CANDIDATES`.
        source: ``[F, H, W, 3]``, the clean source clip.
        holed: ``[F, H, W, 3]``, the warp with its holes left as they are.
        predict: the mask encoder: ``(visible, warp)`` to ``h``.
        group: frames of a causal group: 4, or 1 for a VAE that encodes every frame alone (then ``T' = F``).
    """

    visible: torch.Tensor
    warp: torch.Tensor
    latent: torch.Tensor
    encode: Encode
    spatial: int = 8
    scale: float = 0.5
    candidate: str = "three_infills"
    source: torch.Tensor | None = None
    holed: torch.Tensor | None = None
    predict: Predict | None = None
    group: int = causal.GROUP


MaskMode = Callable[[MaskInputs], torch.Tensor]


def _source(given: MaskInputs) -> torch.Tensor:
    if given.source is None:
        raise InputError("source", "nothing connected", "Connect the source clip, or choose a mask mode that does not need it.")
    return given.source


def _learned(given: MaskInputs) -> torch.Tensor:
    if given.predict is None:
        raise InputError(
            "mask_encoder",
            "nothing connected, and mask_mode is 'learned'",
            "Connect 'InverseCrafter Load Mask Encoder', or choose 'training_free'.",
        )
    return given.predict(given.visible, given.warp)


def _holed_warp(given: MaskInputs) -> torch.Tensor:
    return differences.hidden_warp(given.encode, given.latent, given.warp, given.visible, given.scale, given.holed)


def _area(given: MaskInputs) -> torch.Tensor:
    return causal.area(given.visible, given.spatial, given.group).to(given.latent.device)


CANDIDATES: dict[str, MaskMode] = {
    # Ours: a hole that happens to look like its filling moves no latent, so the difference alone trusts it; the area does not.
    "three_infills": lambda g: _area(g) * infills.three_infills(g.encode, g.latent, g.warp, g.visible, g.scale, g.holed),
    "held_warp": lambda g: infills.held_warp(g.encode, g.warp, g.visible, g.scale, g.holed),
    "holed_warp_area": lambda g: _holed_warp(g) * _area(g),
    "holed_warp": _holed_warp,
    "hidden_source": lambda g: differences.hidden_source(g.encode, _source(g), g.visible, g.scale),
    "mask_video": lambda g: differences.mask_video(g.encode, g.visible, g.scale),
    "two_infills": lambda g: differences.two_infills(g.encode, g.warp, g.visible, g.scale),
}

MASK_MODES: dict[str, MaskMode] = {
    "training_free": lambda g: _pick(CANDIDATES, "training-free candidate", g.candidate)(g),
    "known_source": lambda g: differences.hidden_source(g.encode, _source(g), g.visible, g.scale),
    "area": _area,
    "binary": lambda g: causal.binary(g.visible, g.spatial, g.group),
    "learned": _learned,
}


def latent_mask(mode: str, given: MaskInputs) -> torch.Tensor:
    """``h`` in the shape of ``given.latent``, float32, by the mode of that name.

    Raises:
        InputError: an unknown mode, an input the mode needs is missing, or the mode answered in another shape.
    """
    h = _pick(MASK_MODES, "mask mode", mode)(given).float()
    wanted = given.latent.shape
    if h.ndim != 5 or h.shape[2:] != wanted[2:] or h.shape[1] not in (1, wanted[1]):
        raise InputError(
            f"mask mode '{mode}'",
            f"a latent mask of shape {tuple(h.shape)} for latents of shape {tuple(wanted)}",
            "The mask encoder or VAE belongs to another latent space: use one with the same channels and compression.",
        )
    return h.clamp(0, 1).to(given.latent.device).expand(wanted).contiguous()


def _pick(table: dict[str, MaskMode], what: str, name: str) -> MaskMode:
    if name not in table:
        raise InputError(what, f"'{name}'", f"Choose one of: {', '.join(table)}.")
    return table[name]
