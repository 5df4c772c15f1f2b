"""Dilation and filling of a warp's holes.

``visible`` is 1 = known throughout. Public implementations of related methods use Telea's method (2004, radius 3, per frame)
before encoding. It gives the VAE something smooth to encode; a plausible picture is the sampler's task. Filling from other
frames (:func:`fill_from_clip`) is in ``temporal.py``.
"""

from __future__ import annotations

import cv2
import torch
import torch.nn.functional as F

from ..errors import InputError, require_same_frames, require_same_size, require_video
from ..progress import Progress


def dilate_holes(visible: torch.Tensor, radius: int) -> torch.Tensor:
    """Return ``visible [..., H, W]`` bool with its holes grown by ``radius`` pixels in every direction (a square)."""
    if radius <= 0:
        return visible
    holes = (~visible).float().reshape(-1, 1, *visible.shape[-2:])
    size = 2 * radius + 1
    rows = F.max_pool2d(holes, (1, size), 1, (0, radius))
    return (F.max_pool2d(rows, (size, 1), 1, (radius, 0)) < 0.5).reshape(visible.shape)


def require_visible(visible: torch.Tensor, video: torch.Tensor) -> None:
    """Raise :class:`InputError` unless a mask fits its video and every frame has known pixels to fill from."""
    require_same_frames(video=len(video), holes=len(visible))
    require_same_size("holes", visible.shape[1:], "video", video.shape[1:3])
    blind = (~visible.flatten(1).any(1)).nonzero().flatten().tolist()
    if blind:
        raise InputError(
            "holes",
            f"only holes in {len(blind)} frames, the first is frame {blind[0]}",
            "Choose a smaller camera motion, or check that the mask is not inverted (1 = hole).",
        )


def telea(image: torch.Tensor, visible: torch.Tensor, radius: int = 3) -> torch.Tensor:
    """Return ``image [H, W, 3]`` with its holes filled, where ``visible [H, W]`` bool is False; known pixels are unchanged.

    Filled pixels are quantised to 1/255, since OpenCV's inpainting is 8-bit.
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
        radius: pixels around a hole that its filling depends on.
        progress: called with (frames done, frames); may raise to cancel.

    Raises:
        InputError: sizes differ, or a frame consists of holes only.
    """
    video = require_video("video", video)
    require_visible(visible, video)
    filled = torch.empty_like(video)
    for frame in range(len(video)):
        filled[frame] = telea(video[frame], visible[frame], radius)
        if progress is not None:
            progress(frame + 1, len(video))
    return filled
