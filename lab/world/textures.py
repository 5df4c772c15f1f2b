"""Texture tiles: patterns drawn once per scene into small wrapping images, with their mip levels.

A tile is ``[SIZE, SIZE, 3]`` float32 in 0…1 and repeats in both directions. All levels of all tiles of a scene lie in one
flat table, so that one gather serves every surface; :func:`sample` is trilinear, because a warp test compares the same
surface point seen from two cameras and aliasing would look like a geometric error.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
import torch.nn.functional as F

from .photographs import installed_pictures
from .scene import COLOURS, Texture

SIZE = 128
LEVELS = 7  # 128, 64, …, 2
PHOTOGRAPHS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "coins.png", "brick.png", "gravel.png", "grass.png")


@functools.cache
def photographs() -> tuple[np.ndarray, ...]:
    """Photographs installed with scikit-image, ``[h, w, 3]`` float32; empty when the package is not there."""
    return tuple(image.astype(np.float32) / 255 for image in installed_pictures("skimage", PHOTOGRAPHS))


def _wave(phase: torch.Tensor, softness: float = 0.06) -> torch.Tensor:
    """Return a square wave of period 1 in 0…1 with edges of the given relative width."""
    return torch.sigmoid(torch.sin(2 * torch.pi * phase) / (softness * 2 * torch.pi))


def _noise(seed: int, cells: int) -> torch.Tensor:
    """Smooth wrapping noise ``[SIZE, SIZE]`` in 0…1 with about ``cells`` bumps a side."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.random((1, 1, cells, cells), dtype=np.float32))
    padded = F.pad(coarse, (2, 2, 2, 2), mode="circular")
    scale = SIZE // cells
    return F.interpolate(padded, scale_factor=scale, mode="bicubic", align_corners=False)[
        0, 0, 2 * scale : 2 * scale + SIZE, 2 * scale : 2 * scale + SIZE
    ].clamp(0, 1)


def _photograph(seed: int) -> torch.Tensor | None:
    images = photographs()
    if not images:
        return None
    rng = np.random.default_rng(seed)
    image = torch.from_numpy(images[rng.integers(len(images))].copy()).permute(2, 0, 1)
    side = int(min(image.shape[1:]) * rng.uniform(0.6, 1.0))
    top, left = (int(rng.integers(0, extent - side + 1)) for extent in image.shape[1:])
    crop = image[:, top : top + side, left : left + side]
    half = F.interpolate(crop[None], size=(SIZE // 2, SIZE // 2), mode="area")[0]
    whole = torch.cat([half, half.flip(2)], dim=2)  # mirrored halves wrap without a seam
    return torch.cat([whole, whole.flip(1)], dim=1).permute(1, 2, 0)


def draw(texture: Texture) -> torch.Tensor:
    """Draw one tile ``[SIZE, SIZE, 3]``. ``photographic`` falls back to ``marbled`` where no photograph is installed."""
    if texture.pattern == "photographic":
        photograph = _photograph(texture.seed)
        if photograph is not None:
            return photograph
    v, u = torch.meshgrid(*(torch.arange(SIZE) + 0.5,) * 2, indexing="ij")
    u, v = u / SIZE, v / SIZE
    grain = _noise(texture.seed, 8)
    if texture.pattern == "plain":
        mix = 0.15 * grain
    elif texture.pattern == "striped":
        mix = _wave(2 * u)
    elif texture.pattern == "checkered":
        mix = torch.sigmoid(torch.sin(2 * torch.pi * u) * torch.sin(2 * torch.pi * v) / 0.12)
    elif texture.pattern == "dotted":
        mix = torch.sigmoid((0.24 - torch.hypot((2 * u) % 1 - 0.5, (2 * v) % 1 - 0.5)) / 0.03)
    elif texture.pattern == "tiled":
        mix = 1 - torch.sigmoid((torch.minimum(*(0.5 - ((2 * w) % 1 - 0.5).abs() for w in (u, v))) - 0.05) / 0.015)
    else:
        mix = ((_noise(texture.seed + 1, 4) + grain * 0.5) / 1.5 * 1.6 - 0.3).clamp(0, 1)
    first, second = (torch.tensor(COLOURS[name]) for name in (texture.colour, texture.second))
    tile = first + (second - first) * mix[..., None]
    return (tile * (0.92 + 0.16 * grain[..., None])).clamp(0, 1)


def build_table(textures: list[Texture]) -> torch.Tensor:
    """All mip levels of all tiles: ``[len(textures) * texels, 3]``; texels are laid level after level, row by row."""
    tiles = torch.stack([draw(texture) for texture in textures]).permute(0, 3, 1, 2)
    levels = [tiles]
    for _ in range(LEVELS - 1):
        levels.append(F.avg_pool2d(levels[-1], 2))
    return torch.cat([level.flatten(2) for level in levels], dim=2).permute(0, 2, 1).reshape(-1, 3).contiguous()


TEXELS = sum((SIZE >> level) ** 2 for level in range(LEVELS))
_OFFSETS = torch.tensor([sum((SIZE >> i) ** 2 for i in range(level)) for level in range(LEVELS)])


def _bilinear(table: torch.Tensor, tile: torch.Tensor, uv: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    side = torch.bitwise_right_shift(torch.tensor(SIZE), level)
    place = uv * side[:, None] - 0.5
    floor = torch.floor(place)
    part = place - floor
    low = torch.remainder(floor.long(), side[:, None])
    high = torch.remainder(low + 1, side[:, None])
    base = tile * TEXELS + _OFFSETS[level]
    rows_low, rows_high = base + low[:, 1] * side, base + high[:, 1] * side
    across, down = part[:, :1], part[:, 1:]
    top = table[rows_low + low[:, 0]] * (1 - across) + table[rows_low + high[:, 0]] * across
    bottom = table[rows_high + low[:, 0]] * (1 - across) + table[rows_high + high[:, 0]] * across
    return top * (1 - down) + bottom * down


def sample(table: torch.Tensor, tile: torch.Tensor, uv: torch.Tensor, footprint: torch.Tensor) -> torch.Tensor:
    """Trilinear lookup: ``tile [N]`` int64, ``uv [N, 2]`` in tiles, ``footprint [N]`` tiles a pixel covers -> ``[N, 3]``."""
    exact = torch.log2((footprint * SIZE).clamp(min=1.0)).clamp(max=LEVELS - 1 - 1e-3)
    level = exact.floor().long()
    part = (exact - level)[:, None]
    return _bilinear(table, tile, uv, level) * (1 - part) + _bilinear(table, tile, uv, level + 1) * part
