"""The pack's own small depth network: a convolutional encoder and decoder with gated memory, for clips of small frames.

The input is ``[B, T, 3, h, w]`` in 0...1 with ``h`` and ``w`` multiples of :data:`STRIDE`; the output is the logarithm of
planar depth, ``[B, T, h, w]``, up to one unknown shift for the clip. Two channels of coordinates are added to the colours,
since depth depends on the place in the picture.

On the two coarsest levels the features are averaged over the frames with a gate, ``m_t = m_{t-1} + g_t (f_t - m_{t-1})`` with
``g_t`` in 0...1 computed from both (the minimal gated unit of Zhou et al. 2016, with the update gate alone). This keeps the
clip's scale from frame to frame and damps flicker. The state is an input and an output, so a clip can be run in parts.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn

STRIDE = 16
WIDTHS = (32, 64, 112, 160)
LOG_RANGE = 3.5  # of the log depth either way: depths of one clip span at most a factor of e^7
MEAN, DEVIATION = 0.45, 0.27  # of colours, roughly, in photographs and in the synthetic world

State = tuple[torch.Tensor, torch.Tensor]


class Prediction(NamedTuple):
    """``log_depth [B, T, h, w]`` and the memories after the last frame."""

    log_depth: torch.Tensor
    state: State


def _conv(inside: int, outside: int, stride: int = 1) -> nn.Sequential:
    layers = [nn.Conv2d(inside, outside, 3, stride, 1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """Two 3x3 convolutions with a skip connection."""

    def __init__(self, width: int):
        super().__init__()
        self.first = _conv(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.second(self.first(x)))


class GatedMemory(nn.Module):
    """The gated average of ``[B, T, C, h, w]`` over frames, with the memory ``[B, C, h, w]`` (None at a clip's start)."""

    def __init__(self, width: int):
        super().__init__()
        self.gate = nn.Conv2d(2 * width, width, 1)

    def forward(self, features: torch.Tensor, memory: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        steps = []
        for frame in features.unbind(1):
            memory = frame if memory is None else memory
            share = torch.sigmoid(self.gate(torch.cat([frame, memory], 1)))
            memory = memory + share * (frame - memory)
            steps.append(memory)
        assert memory is not None, "a clip has frames"
        return torch.stack(steps, 1), memory


class Context(nn.Module):
    """Addition of the picture's mean features, after a linear map, to every position."""

    def __init__(self, width: int):
        super().__init__()
        self.mix = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.mix(x.mean((2, 3)))[:, :, None, None])


class Up(nn.Module):
    """Upsampling by two, and fusion with the encoder's features of that level."""

    def __init__(self, inside: int, skip: int, outside: int):
        super().__init__()
        self.narrow = nn.Conv2d(inside, outside, 1)
        self.join = _conv(outside + skip, outside)

    def forward(self, x: torch.Tensor, skip: torch.Tensor) -> torch.Tensor:
        # Nearest neighbours, not bilinear: the convolution after it can smooth, and this is exact at every size.
        wide = nn.functional.interpolate(self.narrow(x), scale_factor=2.0, mode="nearest")
        return self.join(torch.cat([wide, skip], 1))


class SmallDepthNet(nn.Module):
    """The network of the module's docstring, with ``widths`` channels at 1/2, 1/4, 1/8 and 1/16 of the size."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS):
        super().__init__()
        half, quarter, eighth, coarse = self.widths = widths
        self.stem = _conv(5, half, 2)
        self.quarter = nn.Sequential(_conv(half, quarter, 2), Residual(quarter))
        self.eighth = nn.Sequential(_conv(quarter, eighth, 2), Residual(eighth), Residual(eighth))
        self.coarse = nn.Sequential(_conv(eighth, coarse, 2), Residual(coarse), Context(coarse), Residual(coarse))
        self.memories = nn.ModuleList([GatedMemory(eighth), GatedMemory(coarse)])
        self.mix = Residual(coarse)
        self.up_eighth = Up(coarse, eighth, eighth)
        self.up_quarter = Up(eighth, quarter, quarter)
        self.up_half = Up(quarter, half, half)
        self.head = nn.Conv2d(half, 4, 3, padding=1)

    def forward(self, frames: torch.Tensor, state: State | None = None) -> Prediction:
        """Predict from ``frames [B, T, 3, h, w]`` in 0...1 and the state after earlier frames; see the module's docstring."""
        batch, count, _, height, width = frames.shape
        images = ((frames - MEAN) / DEVIATION).flatten(0, 1)
        half = self.stem(torch.cat([images, _coordinates(images)], 1))
        quarter = self.quarter(half)
        eighth, fine = self._remember(0, self.eighth(quarter), batch, state)
        coarse, wide = self._remember(1, self.coarse(eighth), batch, state)
        x = self.up_eighth(self.mix(coarse), eighth)
        x = self.up_half(self.up_quarter(x, quarter), half)
        log_depth = nn.functional.pixel_shuffle(self.head(x), 2).float().clamp(-LOG_RANGE, LOG_RANGE)
        return Prediction(log_depth.reshape(batch, count, height, width), (fine, wide))

    def _remember(
        self, level: int, features: torch.Tensor, batch: int, state: State | None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        clip = features.unflatten(0, (batch, -1))
        kept, memory = self.memories[level](clip, None if state is None else state[level])
        return kept.flatten(0, 1), memory


def _coordinates(images: torch.Tensor) -> torch.Tensor:
    """Return the coordinates x and y in -1...1, ``[N, 2, h, w]``."""
    height, width = images.shape[-2:]
    y = torch.linspace(-1, 1, height, device=images.device, dtype=images.dtype)[:, None].expand(height, width)
    x = torch.linspace(-1, 1, width, device=images.device, dtype=images.dtype)[None].expand(height, width)
    return torch.stack([x, y]).expand(len(images), 2, height, width)
