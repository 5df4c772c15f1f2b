"""Layers of the scene network: attention over tokens ``[B, N, d]`` that know where in the picture they stand."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

SHARPNESS, MATCHING = 6.0, 12.0
"""Attention logits of two equal tokens before training, among their own and of another kind; unrelated ones are near 0."""
WAVELENGTHS = (2.0, 48.0)
"""Shortest and longest wavelength of a place's embedding, in tokens."""
FUNCTIONS = 4
"""Sine and cosine of two coordinates."""


class Places(NamedTuple):
    """Positions of tokens: ``embedding [N, d]``, and ``at [N, 2]``, x and y in tokens from the picture's centre."""

    embedding: torch.Tensor
    at: torch.Tensor

    @classmethod
    def grid(cls, rows: int, columns: int, width: int, device: torch.device | None = None) -> Places:
        """Return the places of ``rows * columns`` tokens of a picture."""
        shortest, longest = WAVELENGTHS
        waves = torch.logspace(math.log10(shortest), math.log10(longest), width // FUNCTIONS, device=device)
        y, x = torch.meshgrid(
            torch.arange(rows, device=device) - (rows - 1) / 2,
            torch.arange(columns, device=device) - (columns - 1) / 2,
            indexing="ij",
        )
        at = torch.stack([x, y], -1).flatten(0, 1)
        angles = 2 * math.pi * torch.cat([at[:, :1] / waves, at[:, 1:] / waves], 1)
        return cls(torch.cat([angles.sin(), angles.cos()], 1), at)


class Attention(nn.Module):
    """Attention of tokens to a context by the cosine of their queries and keys; it starts as a search for equal tokens."""

    def __init__(self, width: int, heads: int, sharpness: float = SHARPNESS):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.log_sharpness = nn.Parameter(torch.full((heads, 1, 1), math.log(sharpness)))
        nn.init.orthogonal_(self.query.weight)
        self.key.weight.data.copy_(self.query.weight.data)
        nn.init.zeros_(self.out.weight)

    def forward(self, tokens: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Return ``[B, N, d]`` of ``tokens [B, N, d]`` and ``context [B, M, d]``."""
        return self.read(self.weights(tokens, context), context)

    def weights(self, tokens: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Return what each token takes of each context token, ``[B, heads, N, M]``."""
        q, k = self._split(self.query(tokens)), self._split(self.key(context))
        q, k = F.normalize(q, dim=-1) * self.log_sharpness.exp(), F.normalize(k, dim=-1)
        # A hundred tokens of a few dozen channels: two products take half the time of the fused kernel in training on a CPU.
        return (q @ k.transpose(2, 3)).softmax(-1)

    def read(self, weights: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        """Return ``[B, N, d]``, the context in those shares."""
        v = self._split(self.value(context))
        return self.out((weights.to(v.dtype) @ v).transpose(1, 2).flatten(2))

    def _split(self, tokens: torch.Tensor) -> torch.Tensor:
        return tokens.unflatten(2, (self.heads, -1)).transpose(1, 2)


class Matching(Attention):
    """Attention that also tells each token how far from its own place it looked, which for a moved camera is the parallax."""

    def __init__(self, width: int, heads: int, copies: bool):
        super().__init__(width, heads, MATCHING)
        self.shift = nn.Linear(2 * heads, width, bias=False)
        if copies:
            nn.init.eye_(self.value.weight)
            nn.init.eye_(self.out.weight)

    def match(self, tokens: torch.Tensor, own: Places, context: torch.Tensor, other: Places) -> torch.Tensor:
        """Return ``[B, N, d]`` of ``tokens [B, N, d]`` at ``own`` places and ``context [B, M, d]`` at ``other`` places."""
        placed = context + other.embedding
        weights = self.weights(tokens + own.embedding, placed)
        with torch.autocast(tokens.device.type, enabled=False):  # half precision would round the place to a tenth of a token
            apart = weights.float() @ other.at - own.at
        return self.read(weights, placed) + self.shift(apart.transpose(1, 2).flatten(2))


def mlp(width: int, ratio: int) -> nn.Sequential:
    """Return a two-layer perceptron whose output is 0 before training."""
    last = nn.Linear(ratio * width, width)
    nn.init.zeros_(last.weight)
    return nn.Sequential(nn.Linear(width, ratio * width), nn.GELU(), last)


class EncoderLayer(nn.Module):
    """A layer of the picture encoder: self-attention and a perceptron."""

    def __init__(self, width: int, heads: int, ratio: int):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.attention, self.mlp = Attention(width, heads), mlp(width, ratio)

    def forward(self, tokens: torch.Tensor, places: Places) -> torch.Tensor:
        """Return ``tokens [B, N, d]`` at ``places``, changed."""
        placed = self.norms[0](tokens) + places.embedding
        tokens = tokens + self.attention(placed, placed)
        return tokens + self.mlp(self.norms[1](tokens))


class DecoderLayer(nn.Module):
    """A layer of either decoder: self-attention, attention to the other decoder's tokens, and a perceptron.

    One that ``copies`` starts as a copy of what the other's tokens at the same places are.
    """

    def __init__(self, width: int, heads: int, ratio: int, copies: bool = False):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(4))
        self.own, self.mlp = Attention(width, heads), mlp(width, ratio)
        self.other = Matching(width, heads, copies)

    def forward(self, tokens: torch.Tensor, places: Places, others: torch.Tensor, other_places: Places) -> torch.Tensor:
        """Return ``tokens [B, N, d]`` at ``places``, changed by ``others [B, M, d]`` at ``other_places``."""
        placed = self.norms[0](tokens) + places.embedding
        tokens = tokens + self.own(placed, placed)
        tokens = tokens + self.other.match(self.norms[1](tokens), places, self.norms[2](others), other_places)
        return tokens + self.mlp(self.norms[3](tokens))
