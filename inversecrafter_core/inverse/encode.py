"""Encoding of a partly known video as a :class:`Measurement`."""

from __future__ import annotations

import torch

from ..coder import LatentCoder
from ..errors import require_video
from ..masks import DEFAULT_MASK, MaskInputs, MaskSettings, Predict, latent_mask, with_first_frame_known
from .measurement import Measurement


def encode_measurement(
    coder: LatentCoder,
    warp: torch.Tensor,
    visible: torch.Tensor,
    settings: MaskSettings = DEFAULT_MASK,
    *,
    first_frame_known: bool = False,
    source: torch.Tensor | None = None,
    predict: Predict | None = None,
    encoded: torch.Tensor | None = None,
) -> Measurement:
    """Return the measurement of an infilled warp: its encoding and its latent mask.

    Args:
        coder: the VAE.
        warp: ``[F, H, W, 3]`` in 0...1, a length that the coder takes, its holes filled (:func:`..warp.fill_holes`).
        visible: ``[F, H, W]`` in 0...1, 1 = known.
        settings: the mask's method and strength.
        first_frame_known: set the first latent frame of the mask to 1.
        source: ``[F, H, W, 3]`` in 0...1, the clean source clip, for the mask ``known_source``.
        predict: the mask encoder, for the mask ``learned``.
        encoded: ``E(warp)`` of the same coder, if it has been computed already.

    Raises:
        InputError: an input of the mask is missing, or shapes do not fit; see :func:`..masks.latent_mask`.
    """
    warp = require_video("warp", warp)
    w = coder.encode(warp) if encoded is None else encoded
    inputs = MaskInputs(
        visible=visible,
        warp=warp,
        latent=coder.normalise(w),
        encode=lambda video: coder.normalise(coder.encode(video)),
        grid=coder.grid,
        source=source,
        predict=predict,
    )
    h = latent_mask(inputs, settings)
    h = with_first_frame_known(h) if first_frame_known else h
    frames, height, width = warp.shape[:3]
    return Measurement(w, h, (frames, height, width), coder.grid, settings.method)
