"""A clip of two known ends with holes between them.

A causal video VAE encodes frame 0 alone and the last frames as a group. So the start is one frame, and the end is the whole
last group: four frames for Wan, or one frame repeated as often.
"""

from __future__ import annotations

import torch

from ..errors import InputError, require_same_size, require_video
from ..latent_grid import WAN, LatentGrid


def last_group(frames: int, grid: LatentGrid) -> int:
    """Return the frames of a clip's last latent frame.

    Raises:
        InputError: a length that the VAE does not take, or one that leaves no latent frame open between two ends.
    """
    groups, least = grid.groups(frames, "frames"), grid.least(3)
    if len(groups) < 3:
        raise InputError("frames", f"{frames}, which leaves nothing between the ends", f"Give at least {least}.")
    return len(groups[-1])


def between_ends(
    start: torch.Tensor, end: torch.Tensor, frames: int, grid: LatentGrid = WAN
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a clip from the last frame of ``start`` to the first frames of ``end``, a whole latent frame, with a fade between.

    Args:
        start: ``[F1, H, W, 3]``, a picture or a clip.
        end: ``[F2, H, W, 3]``, a picture or a clip; with fewer frames than the last group its last one is repeated.
        frames: a length that the VAE takes, of three latent frames or more.
        grid: grid of the VAE.

    Returns:
        The clip ``[frames, H, W, 3]``, and ``visible [frames, H, W]`` float32: 1 at both ends, 0 between.

    Raises:
        InputError: different sizes, alpha, too few frames, or a length that the VAE does not take.
    """
    start, end = require_video("start", start), require_video("end", end)
    require_same_size("end", end.shape[1:3], "start", start.shape[1:3])
    group = last_group(frames, grid)
    last = end[:group]
    last = torch.cat([last, last[-1:].expand(group - len(last), -1, -1, -1)])
    open_frames = frames - 1 - group
    share = torch.linspace(0, 1, open_frames + 2)[1:-1].view(-1, 1, 1, 1).to(start)
    clip = torch.cat([start[-1:], torch.lerp(start[-1:], last[:1].to(start), share), last.to(start)])
    visible = torch.zeros(clip.shape[:3], device=clip.device)
    visible[0] = visible[-group:] = 1
    return clip, visible
