"""The record of a video model family: its latent grid, its sampling, and how a small model of it is built.

Nothing here needs the host, so tests can be listed without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import cycle, islice
from typing import Any


class Sampling(StrEnum):
    """Kinds of schedule, each by the name of a class that the host's ``model_sampling`` object derives from."""

    FLOW = "CONST"
    COSMOS = "COSMOS_RFLOW"
    AUDIO_VIDEO_FLOW = "ModelSamplingAV"
    V_PREDICTION = "V_PREDICTION_DDPM"


@dataclass(frozen=True)
class Grouping:
    """Source frames of each latent frame: ``lead`` once, then ``repeat`` over and over.

    Attributes:
        lead: source frames of the first latent frames.
        repeat: source frames of those that follow, as a cycle.
        latent_counts: a valid number of latent frames is ``latent_counts[0] + k * latent_counts[1]``, k >= 0.
    """

    lead: tuple[int, ...]
    repeat: tuple[int, ...]
    latent_counts: tuple[int, int] = (1, 1)

    def groups(self, latent_frames: int) -> tuple[int, ...]:
        """Return the source frames of each of ``latent_frames`` latent frames."""
        return (*self.lead, *islice(cycle(self.repeat), latent_frames))[:latent_frames]

    def frames(self, latent_frames: int) -> int:
        """Return the length in source frames of a clip of ``latent_frames`` latent frames."""
        return sum(self.groups(latent_frames))


@dataclass(frozen=True)
class Build:
    """A network of the host: which class, and the arguments that make it small.

    Attributes:
        name: the class, ``module:Class``.
        arguments: constructor arguments of the small network.
        constants: sizes that the host passes as constants and does not read from the weights, by class; the same class is
            loaded with these (:mod:`lab.host.smaller`).
        extra: keys that the host's detection looks for beside those of the class, with their shapes.
        metadata: the file's metadata, ``config`` as an object.
        accepts: a class whose constructor lists the arguments, for a network that takes any; what a host does not list there
            is left out.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extra: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    accepts: str = ""


@dataclass(frozen=True)
class Conditioning:
    """Conditioning that a text encoder of the family would give.

    Attributes:
        width: channels of a text token.
        pooled: channels of the pooled text vector, or 0 where there is none.
        mask: an attention mask goes with it.
        image_tokens: tokens and channels of the CLIP-vision output, or None.
        clean_channels: channels of a latent of the clip that a restorer needs, or 0.
    """

    width: int
    pooled: int = 0
    mask: bool = False
    image_tokens: tuple[int, int] | None = None
    clean_channels: int = 0


@dataclass(frozen=True)
class Family:
    """A video model family.

    Attributes:
        name: the family's name, as users know it.
        channels: latent channels of the video.
        grouping: source frames of each latent frame.
        cell: pixels of a latent cell along each side.
        patch: latent cells of a network token along each side.
        sampling: kind of schedule.
        latent_node: id of the host's node that makes an empty latent for it.
        conditioning: what its text encoder gives.
        network, vae: small builds.
        model_class: name of the host's ``comfy.model_base`` class that a network file is detected as.
        latent_format: name of the class in ``comfy.latent_formats``.
        size: height and width in pixels of its smallest clip.
        latent_frames: latent frames of its smallest clip.
        audio: shape of the audio stream beside the smallest clip without the batch, or None.
    """

    name: str
    channels: int
    grouping: Grouping
    cell: int
    patch: int
    sampling: Sampling
    latent_node: str
    conditioning: Conditioning
    network: Build
    vae: Build
    model_class: str
    latent_format: str
    size: tuple[int, int]
    latent_frames: int = 3
    audio: tuple[int, ...] | None = None

    @property
    def frames(self) -> int:
        """Source frames of the smallest clip."""
        return self.grouping.frames(self.latent_frames)

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape ``[C, T', H', W']`` of the smallest clip's video latent."""
        return (self.channels, self.latent_frames, self.size[0] // self.cell, self.size[1] // self.cell)

    def __str__(self) -> str:
        return self.name


CAUSAL_4 = Grouping((1,), (4,))
CAUSAL_6 = Grouping((1,), (6,))
CAUSAL_8 = Grouping((1,), (8,))
CYCLE_17 = Grouping((), (1, 4, 4, 4, 4), (2, 5))
