"""Lessons of the scene adapter: latents of a source and of a target clip, states of the source, both cameras, a caption."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import torch

from inversecrafter_core.depth.upsample import resize_map
from inversecrafter_core.latent_grid import WAN
from inversecrafter_core.prompt import words_of
from inversecrafter_core.scene import SceneAdapter, SceneContext, TokenCameras, kept_states
from lab.data.pool import Shape, keep
from lab.models.coder import Coder
from lab.world import caption, random_scene

from .views import SHAPE, views_path

Read = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""From a clip to states and depth, see :class:`lab.models.scene_adapter.SceneModel`."""
NO_TEXT_SHARE, WHOLE_SHARE = 0.1, 0.4
"""Shares of batches without a caption, and of clips at their full length; the others are cut."""


def last_frames(frames: int) -> list[int]:
    """Return the last frame of each latent frame of a clip."""
    return [group[-1] for group in WAN.groups(frames)]


def derived_path(kind: str, seed: int, shape: Shape = SHAPE) -> Path:
    """Return where latents or states of a scene's clips are kept; ``kind`` names the weights that make them."""
    return views_path(seed, shape).parent.with_name(f"views-{kind}") / f"{seed}.pt"


def colours(seed: int, shape: Shape = SHAPE) -> torch.Tensor:
    """Return the clips of a scene, ``[V, F, H, W, 3]`` in 0...1."""
    with np.load(views_path(seed, shape)) as stored:
        return torch.from_numpy(stored["colour"]).float() / 255


def encode_views(seeds: list[int], kind: str, coder: Coder, shape: Shape = SHAPE) -> None:
    """Write the normalised latents ``[V, C, T', h, w]`` float16 of scenes; existing ones stay."""
    for seed in seeds:

        def write(file: IO[bytes], seed: int = seed) -> None:
            torch.save(coder.encode(colours(seed, shape)).half(), file)

        keep(derived_path(kind, seed, shape), write)


def remember_views(seeds: list[int], kind: str, read: Read, shape: Shape = SHAPE) -> None:
    """Write states ``[V, T', s, d]`` float16 at the last frame of each latent frame, and the depth there; existing ones stay.

    Depth is the logarithm ``[V, T', h, w]`` at the latent's cells.
    """
    cells, last = (shape.height // WAN.cell, shape.width // WAN.cell), last_frames(shape.frames)
    for seed in seeds:

        def write(file: IO[bytes], seed: int = seed) -> None:
            found = [read(clip) for clip in colours(seed, shape)]
            states = torch.stack([states[last] for states, _ in found])
            depth = torch.stack([resize_map(depth[last].log(), cells) for _, depth in found])
            torch.save({"states": states.half(), "depth": depth.half()}, file)

        keep(derived_path(kind, seed, shape), write)


@dataclass(frozen=True)
class Lesson:
    """A source and a target clip of one scene.

    Attributes:
        source, target: normalised latents ``[C, T', h, w]``.
        states: ``[T', s, d]`` at the source's latent frames, or None.
        depth: ``[T', h, w]`` there, as the states' network sees it, or None; its logarithm, in multiples of the pivot depth.
        cameras: of source and target, one a latent frame.
        prompt: the scene in words.
    """

    source: torch.Tensor
    target: torch.Tensor
    states: torch.Tensor | None
    depth: torch.Tensor | None
    cameras: tuple[TokenCameras, TokenCameras]
    prompt: str

    def cut(self, length: int) -> Lesson:
        """Return its first ``length`` latent frames: the VAE and the reconstruction network are causal."""
        states, depth = (None if part is None else part[:length] for part in (self.states, self.depth))
        source, target = (cameras[list(range(length))] for cameras in self.cameras)
        return Lesson(self.source[:, :length], self.target[:, :length], states, depth, (source, target), self.prompt)

    def to(self, device: torch.device) -> Lesson:
        """Return the lesson on another device."""
        states, depth = (None if part is None else part.to(device) for part in (self.states, self.depth))
        source, target = (cameras.to(device) for cameras in self.cameras)
        return Lesson(self.source.to(device), self.target.to(device), states, depth, (source, target), self.prompt)

    def moments(self, every: int) -> list[int]:
        """Return the latent frames whose states are used."""
        last = last_frames(WAN.frames(self.source.shape[1]))
        return [last.index(frame) for frame in kept_states(last[-1] + 1, every) if frame in last]

    def context(self, model: SceneAdapter, with_states: bool = True) -> SceneContext:
        """Return the context that a scene adapter makes of the source."""
        times = self.moments(model.spec.every)
        states = self.states[times] if with_states and self.states is not None else None
        return model.context(self.source[None], states, times, *self.cameras)


@dataclass(frozen=True)
class SceneClips:
    """The clips of one scene: latents, states and depth of each, cameras."""

    latents: torch.Tensor
    states: torch.Tensor | None
    depth: torch.Tensor | None
    cameras: dict[str, torch.Tensor]
    size: tuple[int, int]
    prompt: str

    @classmethod
    def read(cls, seed: int, latents: str, states: str | None, shape: Shape = SHAPE) -> SceneClips:
        """Read what was written of a scene; ``latents`` and ``states`` are the kinds of :func:`derived_path`."""
        with np.load(views_path(seed, shape)) as stored:
            cameras = {name: torch.from_numpy(stored[name]) for name in ("camera_to_world", "intrinsics", "pivot")}
        encoded = torch.load(derived_path(latents, seed, shape), weights_only=True)
        remembered = {} if states is None else torch.load(derived_path(states, seed, shape), weights_only=True)
        found = remembered.get("states"), remembered.get("depth")
        return cls(encoded, *found, cameras, (shape.height, shape.width), caption(random_scene(seed)))

    def lesson(self, source: int, target: int) -> Lesson:
        """Return the lesson of an ordered pair of clips."""
        poses, pivot = self.cameras["camera_to_world"], float(self.cameras["pivot"][source])
        to_world = torch.linalg.inv(poses[source, 0])
        last = last_frames(poses.shape[1])
        cameras = [
            TokenCameras.of((to_world @ poses[i])[last], self.cameras["intrinsics"][i][last], self.size, pivot)
            for i in (source, target)
        ]
        states, depth = (None if part is None else part[source].float() for part in (self.states, self.depth))
        latents = self.latents.float()
        return Lesson(latents[source], latents[target], states, depth, (cameras[0], cameras[1]), self.prompt)


class Lessons:
    """All scenes with latents, and with states where ``states`` is a kind; ``refresh`` reads those added meanwhile."""

    def __init__(self, latents: str, states: str | None, first: int, shape: Shape = SHAPE):
        self._kinds, self._first, self._shape = (latents, states), first, shape
        self._scenes: dict[int, SceneClips] = {}
        self._by_length: dict[int, list[int]] = {}
        self.refresh()

    def __len__(self) -> int:
        return len(self._scenes)

    def refresh(self) -> None:
        latents, states = self._kinds
        for path in sorted(derived_path(latents, 0, self._shape).parent.glob("*.pt")):
            seed = int(path.stem)
            ready = states is None or derived_path(states, seed, self._shape).is_file()
            if seed >= self._first and seed not in self._scenes and ready:
                self._scenes[seed] = SceneClips.read(seed, latents, states, self._shape)
                self._by_length.setdefault(len(words_of(self._scenes[seed].prompt)), []).append(seed)

    def batch(self, size: int) -> tuple[list[Lesson], list[str]]:
        """Draw lessons of one length in frames and words, and their prompts; one batch in ten has none."""
        words = len(words_of(self._scenes[random.choice(list(self._scenes))].prompt))
        silent = random.random() < NO_TEXT_SHARE
        seeds = random.choices(list(self._scenes) if silent else self._by_length[words], k=size)
        longest = WAN.require_frames("frames", self._shape.frames)
        length = longest if random.random() < WHOLE_SHARE else random.randint(1, longest)
        lessons = [self._draw(seed).cut(length) for seed in seeds]
        return lessons, ["" if silent else lesson.prompt for lesson in lessons]

    def _draw(self, seed: int) -> Lesson:
        scene = self._scenes[seed]
        source, target = random.sample(range(len(scene.latents)), 2)
        return scene.lesson(source, target)
