"""A small random-weight model and VAE of every video family, built from the host's own classes."""

from __future__ import annotations

from .build import conditioning, load_network, load_vae, write
from .hunyuan import HUNYUAN
from .lightricks import LIGHTRICKS
from .mochi import MOCHI
from .record import Build, Conditioning, Family, Grouping, Sampling
from .wan import WAN

FAMILIES: tuple[Family, ...] = (*WAN, *HUNYUAN, *LIGHTRICKS, MOCHI)

__all__ = [
    "FAMILIES",
    "Build",
    "Conditioning",
    "Family",
    "Grouping",
    "Sampling",
    "conditioning",
    "load_network",
    "load_vae",
    "write",
]
