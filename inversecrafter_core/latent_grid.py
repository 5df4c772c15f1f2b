"""The grid of a video VAE's latents: the frames of each latent frame, the pixels of each cell, the cells of each token.

A causal video VAE makes its first latent frames of ``lead`` frames of the clip and all others of groups that repeat as
``cycle``, whole cycles only:

| VAE | lead | cycle | lengths |
|---|---|---|---|
| Wan, HunyuanVideo | 1 | 4 | 4k+1 |
| Mochi | 1 | 6 | 6k+1 |
| LTX-Video | 1 | 8 | 8k+1 |
| MiniMax H3 | 1, 4 | 4, 4, 4, 1, 4 | 17k+5 |
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch

from .errors import InputError, require_multiple


@dataclass(frozen=True)
class LatentGrid:
    """Geometry of a latent clip ``[B, C, T', H', W']``.

    Attributes:
        family: name of the VAE for messages, as ``"Wan 2.1"``.
        channels: ``C``.
        lead: frames of the first latent frames.
        cycle: frames of the latent frames after those; a clip has whole cycles.
        cell: pixels along one side of a latent cell.
        patch: cells along one side of a token of the family's video models.
        latent_format: name of the host's latent format, as ``"Wan21"``; empty when unknown.
    """

    family: str
    channels: int
    lead: tuple[int, ...] = (1,)
    cycle: tuple[int, ...] = (4,)
    cell: int = 8
    patch: int = 2
    latent_format: str = ""

    @property
    def multiple(self) -> int:
        """Pixels along one side of a token: both sides of a clip are multiples of it."""
        return self.cell * self.patch

    @property
    def rule(self) -> str:
        """The valid lengths in words, e.g. ``"4k+1 frames"``."""
        return f"{sum(self.cycle)}k+{sum(self.lead)} frames"

    def frames(self, latent_frames: int) -> int:
        """Return the frames of a clip of so many latent frames; an incomplete cycle counts its first groups."""
        return sum(self._sizes(latent_frames))

    def nearest(self, frames: int) -> tuple[int, int]:
        """Return the longest valid length up to ``frames`` and the shortest from it on; both the shortest of all below that."""
        cycles, over = divmod(frames - sum(self.lead), sum(self.cycle))
        below = sum(self.lead) + max(0, cycles) * sum(self.cycle)
        return below, below if cycles < 0 or not over else below + sum(self.cycle)

    def snap(self, frames: int) -> int:
        """Return the valid length next to ``frames``, of two equally near the shorter."""
        below, above = self.nearest(frames)
        return below if frames - below <= above - frames else above

    def least(self, latent_frames: int) -> int:
        """Return the shortest valid length of at least so many latent frames."""
        cycles = -(-max(0, latent_frames - len(self.lead)) // len(self.cycle))
        return sum(self.lead) + cycles * sum(self.cycle)

    def require_frames(self, name: str, frames: int) -> int:
        """Return the latent frames of a clip of ``frames``.

        Raises:
            InputError: no valid length; the message names the nearest two.
        """
        below, above = self.nearest(frames)
        if frames != below:
            fix = f"trim to {below} or extend to {above}" if below < frames else f"extend to {below}"
            raise InputError(name, f"{frames} frames", f"The VAE of {self.family} takes {self.rule}: {fix}.")
        return len(self.lead) + (frames - sum(self.lead)) // sum(self.cycle) * len(self.cycle)

    def require_size(self, name: str, height: int, width: int) -> None:
        """Raise :class:`InputError` naming the nearest size unless both sides are multiples of a token."""
        require_multiple(name, height, width, self.multiple)

    def require_clip(self, name: str, video: torch.Tensor) -> tuple[int, int, int]:
        """Check length and size of ``video [F, H, W, C]``; return ``(F, H, W)``."""
        frames, height, width = video.shape[:3]
        self.require_frames(name, frames)
        self.require_size(name, height, width)
        return frames, height, width

    def groups(self, frames: int, name: str = "clip") -> list[range]:
        """Return the frames of every latent frame of a clip, as ranges that follow each other without gaps.

        Raises:
            InputError: no valid length.
        """
        ends = accumulate(self._sizes(self.require_frames(name, frames)), initial=0)
        return [range(start, stop) for start, stop in pairwise(ends)]

    def _sizes(self, latent_frames: int) -> list[int]:
        cycles = -(-max(0, latent_frames - len(self.lead)) // len(self.cycle))
        return [*self.lead, *self.cycle * cycles][:latent_frames]


WAN = LatentGrid("Wan 2.1", 16, latent_format="Wan21")
"""The grid of Wan 2.1, Wan 2.2 14B and their variants, the default without a VAE."""
GRIDS = (
    WAN,
    LatentGrid("Wan 2.2 5B", 48, cell=16, latent_format="Wan22"),
    LatentGrid("HunyuanVideo", 16, latent_format="HunyuanVideo"),
    LatentGrid("HunyuanVideo 1.5", 32, cell=16, patch=1, latent_format="HunyuanVideo15"),
    LatentGrid("LTX-Video", 128, cycle=(8,), cell=32, patch=1, latent_format="LTXV"),
    LatentGrid("MiniMax H3", 24, lead=(1, 4), cycle=(4, 4, 4, 1, 4), cell=16, latent_format="MiniMaxH3Video"),
    LatentGrid("Mochi", 12, cycle=(6,), latent_format="Mochi"),
)
"""The grids of the video VAEs that this pack knows."""


def with_family(latent_format: str) -> str:
    """Return the name of a host's latent format with the VAE that makes it in brackets, if that is known."""
    family = next((grid.family for grid in GRIDS if grid.latent_format == latent_format), "")
    return f"{latent_format} ({family})" if family else latent_format


def require_any_grid(name: str, frames: int, height: int, width: int) -> None:
    """Check a clip whose VAE is not known: some known VAE must take it.

    Raises:
        InputError: none does; the message names the nearest lengths, or the nearest size.
    """
    if all(frames not in grid.nearest(frames) for grid in GRIDS):
        near: dict[str, str] = {}
        for grid in GRIDS:
            near.setdefault(grid.rule, f"{grid.family} {' or '.join(map(str, grid.nearest(frames)))}")
        raise InputError(
            name, f"{frames} frames", f"No video VAE takes that length. Trim or extend the clip: {'; '.join(near.values())}."
        )
    min(GRIDS, key=lambda grid: grid.multiple).require_size(name, height, width)
