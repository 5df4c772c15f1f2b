"""Latent masks from several infills of the same holes: what they disagree on is what the holes decide.

The infills stand for what could be there, so their spread tells how far ``E(y)`` may be from the latent of the true view.
``h = 1 / (1 + s^2 d^2)`` is the weight that such a measurement deserves beside a guess of variance ``1/s^2``: the *precision*
activation. ``d^2`` is the sum of squared differences over all pairs of infills, latents normalised per channel.

Three infills are compared: the warp's own (smooth, per frame), :func:`held_infill` (what other times show of the place) and
grey, which no scene looks like. Two encodings more than ``E(y)``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .differences import ACTIVATIONS, Encode, difference_mask, hide
from .held import held_infill


def spread(latents: Sequence[torch.Tensor]) -> torch.Tensor:
    """``sqrt(sum_{i<j} |z_i - z_j|^2)`` in float32, in the shape of each latent."""
    # The squared differences of all pairs add up to the squared count times the variance.
    return len(latents) * torch.stack([latent.float() for latent in latents]).std(0, correction=0)


def three_infills(
    encode: Encode,
    latent: torch.Tensor,
    warp: torch.Tensor,
    visible: torch.Tensor,
    scale: float,
    holed: torch.Tensor | None = None,
) -> torch.Tensor:
    """The warp's own infill, encoded as ``latent``, against the held and the grey one (or ``holed``).

    Args:
        encode: the VAE: video in 0...1 to normalised latents.
        warp: ``[F, H, W, 3]`` in 0...1, infilled.
        visible: ``[F, H, W]``, 1 = known.
        scale: ``s`` above.
    """
    return ACTIVATIONS["precision"](scale * spread([latent, *_held_and_holed(encode, warp, visible, holed)]))


def held_warp(
    encode: Encode, warp: torch.Tensor, visible: torch.Tensor, scale: float, holed: torch.Tensor | None = None
) -> torch.Tensor:
    """The held infill against the holed warp, as eq. 5 has the truth against it: the held infill is the better guess at it."""
    return difference_mask(*_held_and_holed(encode, warp, visible, holed), scale)


def _held_and_holed(
    encode: Encode, warp: torch.Tensor, visible: torch.Tensor, holed: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    return encode(held_infill(warp, visible)), encode(hide(warp, visible) if holed is None else holed)
