"""The preview of a latent mask ``h [B, C, T', H', W']``: a video ``[F, H, W, 3]`` in 0...1, white = known.

Only the first clip of a batch is drawn.
"""

from __future__ import annotations

import torch
from einops import rearrange, repeat

from ..latent_grid import WAN, LatentGrid


def mean_video(h: torch.Tensor, grid: LatentGrid = WAN) -> torch.Tensor:
    """Return the mean over channels, ``[F, H, W, 3]``: the clip's size, each latent frame repeated for its group."""
    grey = h[0].float().mean(0)
    sizes = torch.tensor([len(group) for group in grid.groups(grid.frames(len(grey)))])
    return _to_rgb(_enlarge(grey.repeat_interleave(sizes.to(grey.device), 0), grid.cell))


def channel_tiles(h: torch.Tensor, grid: LatentGrid = WAN) -> torch.Tensor:
    """Return all channels in a grid as square as possible, ``[T', rows * H, columns * W, 3]``, one picture a latent frame."""
    channels = h.shape[1]
    rows = next(rows for rows in range(int(channels**0.5), 0, -1) if channels % rows == 0)
    tiles = rearrange(h[0].float(), "(rows columns) t y x -> t (rows y) (columns x)", rows=rows)
    return _to_rgb(_enlarge(tiles, grid.cell))


PREVIEWS = {"mean": mean_video, "channels": channel_tiles}


def _enlarge(frames: torch.Tensor, times: int) -> torch.Tensor:
    return repeat(frames, "t y x -> t (y up) (x across)", up=times, across=times)


def _to_rgb(frames: torch.Tensor) -> torch.Tensor:
    return repeat(frames, "t y x -> t y x rgb", rgb=3)
