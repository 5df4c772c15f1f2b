"""A clip that slides over a textured wall with a box in front, its depth known."""

from __future__ import annotations

import torch

FRAMES, HEIGHT, WIDTH = 17, 96, 128


def scene(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A textured wall with a nearer box, seen through a window that slides ``step`` pixels a frame: video, true depth."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(1, 3, 24, 80, generator=generator)
    texture = torch.nn.functional.interpolate(noise, size=(HEIGHT, 4 * WIDTH), mode="bicubic")[0].clamp(0, 1).permute(1, 2, 0)
    depth = torch.linspace(4, 6, 4 * WIDTH).repeat(HEIGHT, 1)
    depth[30:70, 90:150] = 2.0
    texture[30:70, 90:150] = 1 - texture[30:70, 90:150]
    windows = [slice(step * t, step * t + WIDTH) for t in range(FRAMES)]
    return torch.stack([texture[:, w] for w in windows]), torch.stack([depth[:, w] for w in windows])
