"""The adapter from scene states to latent frames: an MLP a token, then one query a latent cell that attends to the tokens.

The queries are made of positions (sines and cosines of a cell's place in the picture), so that latents of any size work. The
states of different frames do not see each other here: the reconstruction network's recurrence has joined them.
Source: LaVR (arXiv 2601.14674), from its description.
"""

from __future__ import annotations

import math

import torch
from torch import nn

HEAD = 32
"""Width of an attention head."""
WAVES = 6
"""Frequencies of a coordinate in a query, 1, 2, 4 ... half waves over the picture."""


def kept_states(frames: int, every: int) -> list[int]:
    """Return the source frames whose states are used: every ``every``-th counted back from the last, which knows the most."""
    return list(range((frames - 1) % every, frames, every))


class QueryLayer(nn.Module):
    """Attention of queries ``[B, n, m]`` to tokens ``[B, s, m]`` and a feed-forward layer, both with skips."""

    def __init__(self, width: int):
        super().__init__()
        self.norm_query, self.norm_tokens, self.norm_out = (nn.LayerNorm(width) for _ in range(3))
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.feed = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))

    def forward(self, queries: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        tokens = self.norm_tokens(tokens)
        parts = (self.query(self.norm_query(queries)), self.key(tokens), self.value(tokens))
        q, k, v = (part.unflatten(-1, (-1, HEAD)).transpose(1, 2) for part in parts)
        seen = nn.functional.scaled_dot_product_attention(q, k, v)
        queries = queries + self.out(seen.transpose(1, 2).flatten(2))
        return queries + self.feed(self.norm_out(queries))


class StateAdapter(nn.Module):
    """The network from states ``[B, s, d]`` to latent frames ``[B, C, h, w]`` in model space.

    Args:
        state_width: ``d``.
        channels: ``C``, of the VAE.
        width: ``m``, a multiple of :data:`HEAD`.
        depth: number of query layers.
    """

    def __init__(self, state_width: int, channels: int, width: int = 128, depth: int = 2):
        super().__init__()
        self.norm = nn.LayerNorm(state_width)
        self.read = nn.Sequential(nn.Linear(state_width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.query = nn.Sequential(nn.Linear(4 * WAVES, width), nn.GELU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(QueryLayer(width) for _ in range(depth))
        self.norm_out, self.write = nn.LayerNorm(width), nn.Linear(width, channels)

    def forward(self, states: torch.Tensor, height: int, width: int) -> torch.Tensor:
        tokens = self.read(self.norm(states))
        queries = self.query(cell_waves(height, width).to(states)).expand(len(states), -1, -1)
        for layer in self.layers:
            queries = layer(queries, tokens)
        return self.write(self.norm_out(queries)).transpose(1, 2).unflatten(2, (height, width))


def cell_waves(height: int, width: int) -> torch.Tensor:
    """Return ``[height * width, 4 WAVES]``: sines and cosines of the cells' places, 0...1 across the picture."""
    y, x = torch.meshgrid((torch.arange(height) + 0.5) / height, (torch.arange(width) + 0.5) / width, indexing="ij")
    angles = torch.stack([x, y], -1).reshape(-1, 2, 1) * math.pi * 2.0 ** torch.arange(WAVES)
    return torch.cat([angles.sin(), angles.cos()], -1).flatten(1)
