"""The measurement of a partly known video."""

from __future__ import annotations

import torch

from ..coder import LatentCoder
from ..errors import require_video
from ..masks import DEFAULT_MASK, MaskInputs, MaskSettings, Predict, hold_first_frame, latent_mask
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
    """Encode an infilled warp and make its latent mask.

    Args:
        coder: the VAE.
        warp: ``[F, H, W, 3]`` in 0...1, ``F = 4k + 1``, its holes filled (:func:`..warp.fill_holes`).
        visible: ``[F, H, W]`` in 0...1, 1 = known.
        settings: the mask's method and strength.
        first_frame_known: the first frame is known as a whole, whatever ``visible`` says.
        source: ``[F, H, W, 3]``, the clean source clip, for masks that need it.
        predict: the mask encoder, for the learned mask.
        encoded: ``E(warp)`` of the same coder, where it is there already.

    Raises:
        InputError: a mask's input is missing, or something does not fit; see :func:`..masks.latent_mask`.
    """
    warp = require_video("warp", warp)
    w = coder.encode(warp) if encoded is None else encoded
    given = MaskInputs(
        visible=visible,
        warp=warp,
        latent=coder.normalise(w),
        encode=lambda video: coder.normalise(coder.encode(video)),
        spatial=coder.spatial,
        source=source,
        predict=predict,
    )
    h = latent_mask(given, settings)
    h = hold_first_frame(h) if first_frame_known else h
    frames, height, width = warp.shape[:3]
    return Measurement(w, h, (frames, height, width), settings.method, coder.latent_format)
