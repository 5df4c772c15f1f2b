"""Holes of a warp: growing them, and filling them.

``visible`` is 1 = known throughout. Telea's method (2004, radius 3, per frame) is what the public relatives of InverseCrafter
use before encoding; it gives the VAE something smooth to encode, not a plausible picture: that is the sampler's work.
Filling from other frames (:func:`fill_from_clip`) is in ``temporal.py``.
"""

from __future__ import annotations

import cv2
import torch
import torch.nn.functional as F

from ..errors import InputError, require_same_frames, require_video
from ..progress import Progress


def dilate_holes(visible: torch.Tensor, radius: int) -> torch.Tensor:
    """Grow the holes of ``visible [..., H, W]`` bool by ``radius`` pixels in every direction (a square)."""
    if radius <= 0:
        return visible
    holes = (~visible).float().reshape(-1, 1, *visible.shape[-2:])
    size = 2 * radius + 1
    rows = F.max_pool2d(holes, (1, size), 1, (0, radius))
    return (F.max_pool2d(rows, (size, 1), 1, (radius, 0)) < 0.5).reshape(visible.shape)


def require_visible(visible: torch.Tensor, video: torch.Tensor) -> None:
    """Check that a mask fits its video and that every frame has something known to fill from."""
    require_same_frames(video=len(video), mask=len(visible))
    if visible.shape[1:] != video.shape[1:3]:
        raise InputError(
            "mask",
            f"size {visible.shape[2]}x{visible.shape[1]} for a video of {video.shape[2]}x{video.shape[1]}",
            "Resize one to the other.",
        )
    blind = (~visible.flatten(1).any(1)).nonzero().flatten().tolist()
    if blind:
        raise InputError(
            "mask",
            f"nothing but holes in {len(blind)} frames, the first is frame {blind[0]}",
            "Choose a smaller camera motion, or check that the mask is not inverted (1 = hole).",
        )


def telea(image: torch.Tensor, visible: torch.Tensor, radius: int = 3) -> torch.Tensor:
    """Fill one frame's holes: ``image [H, W, 3]``, ``visible [H, W]`` bool; a new tensor, known pixels untouched.

    Filled pixels come in steps of 1/255: OpenCV's inpainting is 8-bit.
    """
    if bool(visible.all()):
        return image.clone()
    eight_bit = (image.clamp(0, 1) * 255).round().byte().cpu().contiguous().numpy()
    holes = (~visible).byte().cpu().contiguous().numpy()
    filled = torch.from_numpy(cv2.inpaint(eight_bit, holes, radius, cv2.INPAINT_TELEA)).to(image.device)
    return torch.where(visible[..., None], image, filled.float() / 255)


def fill_holes(video: torch.Tensor, visible: torch.Tensor, radius: int = 3, progress: Progress | None = None) -> torch.Tensor:
    """Fill every frame's holes by Telea's method.

    Args:
        video: ``[F, H, W, 3]`` in 0...1.
        visible: ``[F, H, W]`` bool; where it is False the video's content is ignored.
        radius: pixels around a hole that its filling looks at.
        progress: called with (frames done, frames); may raise to cancel.

    Raises:
        InputError: sizes differ, or a frame has nothing but holes.
    """
    video = require_video("video", video)
    require_visible(visible, video)
    filled = torch.empty_like(video)
    for frame in range(len(video)):
        filled[frame] = telea(video[frame], visible[frame], radius)
        if progress is not None:
            progress(frame + 1, len(video))
    return filled
