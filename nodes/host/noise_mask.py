"""The noise mask of a LATENT beside guidance.

The host applies it after every hook, so that guidance has no say where it is 0.
"""

from __future__ import annotations

from math import prod

import comfy.utils
import torch

from ...inversecrafter_core.errors import InputError
from ...inversecrafter_core.sampling import Streams
from .compat import video_latent


def require_whole_frames(mask: torch.Tensor | None, streams: Streams) -> None:
    """Check a run's noise mask: whole latent frames may be masked, wholly or in part, as images and guide frames are.

    Args:
        mask: of a LATENT, or as the host prepared it for the run.
        streams: of the run's latents.

    Raises:
        InputError: a mask that differs within a latent frame of the video.
    """
    if mask is None:
        return
    mask = video_latent(mask)
    if len(streams.shapes) > 1 and mask.ndim == 3:  # packed as the latents are
        mask = mask.flatten(1)[:, : prod(streams.video[1:])].unflatten(1, streams.video[1:])
    frames = comfy.utils.reshape_mask(mask.float(), streams.video).movedim(2, 0).flatten(1)
    if not torch.equal(frames.amin(1), frames.amax(1)):
        raise InputError(
            "latent",
            "it carries a noise_mask over parts of its frames",
            "Give an empty latent, or one without 'Set Latent Noise Mask'; the measurement holds what is known.",
        )
