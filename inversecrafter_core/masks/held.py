"""Holes filled with what the same pixel showed at the nearest time: right where camera and things stand still, else wrong."""

from __future__ import annotations

import torch


def held_infill(video: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """Fill the holes of ``video [(B,) F, H, W, 3]`` from the nearest frame, before it or after it, in which the pixel is known.

    ``visible [(B,) F, H, W]``, 1 = known. Of two equally near frames the earlier is taken; a pixel that is never known keeps
    what ``video`` shows there.
    """
    frames, known = visible.shape[-3], visible > 0.5
    time = torch.arange(frames, device=visible.device).view(-1, 1, 1)
    far = 2 * frames
    last = torch.where(known, time, -far).cummax(-3).values
    following = torch.where(known, time, far).flip(-3).cummin(-3).values.flip(-3)
    nearest = torch.where(time - last <= following - time, last, following)
    nearest = torch.where((nearest < 0) | (nearest >= frames), time, nearest)
    return video.gather(-4, nearest.unsqueeze(-1).expand(video.shape))
