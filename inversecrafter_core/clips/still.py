"""A still clip of one photo and its geometry, for a camera to move through."""

from __future__ import annotations

import torch

from ..camera.geometry import Geometry
from ..errors import InputError, require_video
from ..latent_grid import WAN, LatentGrid


def still_clip(photo: torch.Tensor, geometry: Geometry, frames: int, grid: LatentGrid = WAN) -> tuple[torch.Tensor, Geometry]:
    """Repeat a photo and its geometry.

    Args:
        photo: ``[1, H, W, 3]``, RGB.
        geometry: of that photo, one frame.
        frames: a length that the VAE takes.
        grid: grid of the VAE.

    Returns:
        The clip ``[frames, H, W, 3]`` and a geometry of as many frames; both share the photo's memory.

    Raises:
        InputError: more than one image, an alpha channel, a geometry of another clip, a length that the VAE does not take.
    """
    photo = require_video("photo", photo)
    if len(photo) != 1:
        raise InputError("photo", f"{len(photo)} images", "Give one photo; a clip goes straight to Warp Video.")
    if geometry.frames != 1:
        raise InputError("geometry", f"{geometry.frames} frames", "Estimate the depth of the photo alone, before this node.")
    grid.require_frames("frames", frames)
    return photo.expand(frames, -1, -1, -1), geometry.expand(frames)
