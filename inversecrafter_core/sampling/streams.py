"""Streams that a sampler carries in one tensor: a video alone, or a video packed with others such as audio.

Hosts sample packs as ``[B, 1, N]``: the streams flattened, one after the other, the video first. Guidance acts elementwise, so
a measurement placed among the streams, with a mask of 0 in the others, guides the video and leaves the others as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
import torch.nn.functional as F

from ..errors import InputError


@dataclass(frozen=True)
class Streams:
    """Shapes of the streams in one tensor, ``[B, ...]`` each; the first is the video's, ``[B, C, T', H', W']``."""

    shapes: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, x: torch.Tensor, shapes: Sequence[Sequence[int]] | None = None) -> Streams:
        """Return the streams in a sampler's ``x``, whose ``shapes`` the host tells; None or one shape: ``x`` is the video.

        Raises:
            InputError: a pack whose first stream is no video.
        """
        if shapes is None or len(shapes) < 2:
            return cls((tuple(x.shape),))
        if len(shapes[0]) != 5:
            raise InputError(
                "latent",
                f"a pack whose first stream has shape {tuple(shapes[0])}, no video",
                "Give a pack with the video first.",
            )
        return cls(tuple(tuple(shape) for shape in shapes))

    @property
    def video(self) -> tuple[int, ...]:
        """Shape of the video's latents."""
        return self.shapes[0]

    def place(self, values: torch.Tensor) -> torch.Tensor:
        """Return the ``values`` of a video, ``[b, C or 1, T', H', W']``, in the layout of ``x``; 0 in all other streams."""
        if len(self.shapes) == 1:
            return values
        others = sum(prod(shape[1:]) for shape in self.shapes[1:])
        return F.pad(values.expand(len(values), *self.video[1:]).flatten(1), (0, others)).unsqueeze(1)

    def take(self, values: torch.Tensor) -> torch.Tensor:
        """Return the video's part ``[b, 1, T', H', W']`` of ``values`` that :meth:`place` has placed, of one channel."""
        if len(self.shapes) == 1:
            return values
        return values[:, 0, : prod(self.video[1:])].unflatten(1, self.video[1:])[:, :1]
