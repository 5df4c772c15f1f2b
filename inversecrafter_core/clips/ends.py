"""Two ends of a clip to be made: what is between them is open.

A causal video VAE sees frame 0 alone, then groups of four. So the start is one frame, and the end is a whole group: four
frames, or one that stands still for four.
"""

from __future__ import annotations

import torch

from ..errors import InputError, require_video, require_wan_frames

GROUP = 4
LEAST = 2 * GROUP + 1


def between_ends(start: torch.Tensor, end: torch.Tensor, frames: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A clip that begins with the last frame of ``start``, finishes with the first four of ``end``, and fades across between.

    Args:
        start: ``[F1, H, W, 3]``, a picture or a clip.
        end: ``[F2, H, W, 3]``, a picture or a clip; with fewer than four frames its last one stands still.
        frames: 4k+1, at least :data:`LEAST`.

    Returns:
        The clip ``[frames, H, W, 3]``, and ``visible [frames, H, W]`` float32: 1 at both ends, 0 between.

    Raises:
        InputError: different sizes, alpha, too few frames or not 4k+1.
    """
    start, end = require_video("start", start), require_video("end", end)
    if start.shape[1:] != end.shape[1:]:
        raise InputError(
            "start and end",
            f"sizes {start.shape[2]}x{start.shape[1]} and {end.shape[2]}x{end.shape[1]}",
            "Resize both to one size.",
        )
    require_wan_frames("frames", frames)
    if frames < LEAST:
        raise InputError("frames", f"{frames}, which leaves nothing between the ends", f"Give at least {LEAST}.")
    last = end[:GROUP]
    last = torch.cat([last, last[-1:].expand(GROUP - len(last), -1, -1, -1)])
    open_frames = frames - 1 - GROUP
    share = torch.linspace(0, 1, open_frames + 2)[1:-1].view(-1, 1, 1, 1).to(start)
    clip = torch.cat([start[-1:], torch.lerp(start[-1:], last[:1].to(start), share), last.to(start)])
    visible = torch.zeros(clip.shape[:3], device=clip.device)
    visible[0] = visible[-GROUP:] = 1
    return clip, visible
