"""Small random-weight models of every video family, built from the host's own classes."""

from __future__ import annotations

from .build import conditioning, empty_latent, load_network, write
from .hunyuan import HUNYUAN
from .lightricks import LIGHTRICKS
from .minimax import MINIMAX_H3
from .mochi import MOCHI
from .record import Build, Conditioning, Family
from .wan import WAN

FAMILIES: tuple[Family, ...] = (*WAN, *HUNYUAN, *LIGHTRICKS, MINIMAX_H3, MOCHI)
"""Families that can be guided."""

__all__ = [
    "FAMILIES",
    "Build",
    "Conditioning",
    "Family",
    "conditioning",
    "empty_latent",
    "load_network",
    "write",
]
