"""Latents with captions and contexts that the video model learns from: clips of 1 to 33 frames at two sizes, single pictures.

Beside the world's clips there are photographs in motion, without captions (``photographs``).

The VAE is causal, so the first latent frames of a clip are the latent of the shorter clip: every clip is also each shorter one.
Single pictures are clips of one frame, of many more scenes: words are learnt there, and a picture costs a seventeenth.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import IO

import numpy as np
import torch

from inversecrafter_core.prompt import words_of
from lab.data import contexts
from lab.data.pool import FIRST_TRAINING_SEED, HEIGHT, OTHERS, USUAL, WIDTH, Shape, clip, folder, keep, render_frames
from lab.host.modules.wan import Wan21
from lab.models.precision import autocast
from lab.models.shipped import load_coder
from lab.models.token_masks import draw_context, draw_picture_context, known_tokens, tube_tokens
from lab.models.vae import encode, whole_clips
from lab.models.video import PATCH
from lab.training.vae.score import as_video
from lab.world import caption, random_scene
from lab.world.caption import named_things

from .photographs import FIRST_PHOTOGRAPH, KIND, borrowed_warps, photograph_clip, photograph_tubes

PICTURE = Shape(1, HEIGHT, WIDTH)
FIRST_PICTURE, PICTURES_A_FILE = 100_000, 100
NO_TEXT_SHARE, WHOLE_SHARE = 0.1, 0.6
"""Shares of batches without a caption, and of clips at their full length; the others are cut."""
USUAL_SHARE, PHOTOGRAPH_SHARE = 0.6, 0.25
"""Share of clips of 17x128x192, the rest are in equal parts of the other shapes; and of photographs among all clips."""
Batch = tuple[torch.Tensor, torch.Tensor, list[str]]
"""Latents ``[B, 16, T, h, w]``, known tokens ``[B, T, h/2, w/2]`` bool, and prompts of one length."""


def encode_scenes(first: int, count: int, shape: Shape) -> None:
    """Write ``<first seed>.pt``, normalised latents ``[N, 16, T, h, w]`` float16 of consecutive scenes; existing ones stay."""
    size, pixels = (PICTURES_A_FILE, render_frames) if shape == PICTURE else (1, clip)
    _encode("latents", first, count, shape, pixels, size)


def _encode(kind: str, first: int, count: int, shape: Shape, pixels: Callable[[int, Shape], np.ndarray], size: int = 1) -> None:
    vae = load_coder().model

    def write(seed: int, file: IO[bytes]) -> None:
        with torch.no_grad(), whole_clips(vae), autocast(torch.device("cpu")):
            latents = [encode(vae, as_video(pixels(one, shape))) for one in range(seed, seed + size)]
        torch.save(Wan21().process_in(torch.cat(latents).float()).half(), file)

    for seed in range(first, first + count, size):
        keep(folder(kind, shape) / f"{seed}.pt", partial(write, seed))


def encode_all(clips: int, pictures: int) -> None:
    """Encode clips of every shape, a quarter as many of each but the usual one, half as many photographs, single pictures."""
    encode_scenes(FIRST_TRAINING_SEED, clips, USUAL)
    _encode(KIND, FIRST_PHOTOGRAPH, clips // 2, USUAL, photograph_clip)
    for shape, first in OTHERS.items():
        encode_scenes(first, clips // 4, shape)
    encode_scenes(FIRST_PICTURE, pictures, PICTURE)


@dataclass(frozen=True)
class Example:
    """A training clip: normalised latent ``[16, T, h, w]``, caption, and the token masks its contexts are drawn from."""

    latent: torch.Tensor
    prompt: str
    tubes: list[torch.Tensor]
    warps: list[torch.Tensor]

    def cut(self, length: int) -> Example:
        """Return its first ``length`` latent frames."""
        tubes = [tube[:length] for tube in self.tubes if bool(tube[:length].any())]
        return Example(self.latent[:, :length], self.prompt, tubes, [warp[:length] for warp in self.warps])

    def draw_known(self) -> torch.Tensor:
        """Draw known tokens ``[T, h / 2, w / 2]`` of a random context."""
        length, height, width = self.latent.shape[1:]
        grid = (length, height // PATCH, width // PATCH)
        return draw_context(self.tubes, self.warps, grid) if self.warps else draw_picture_context(self.tubes, grid)


def of_scene(seed: int, latent: torch.Tensor, shape: Shape) -> Example:
    """Return a scene's clip by its seed; of several frames the contexts were written (``lab.data.contexts``)."""
    scene = random_scene(seed)
    tubes, warps = [tube_tokens(scene, thing, *shape) for thing in named_things(scene)], []
    if shape.frames > 1:
        views, box = contexts.read(seed, shape)
        tubes, warps = [~known_tokens(~box), *tubes], [known_tokens(view) for view in views]
    return Example(latent, caption(scene), [tube for tube in tubes if bool(tube.any())], warps)


def of_photographs(seed: int, latent: torch.Tensor, shape: Shape) -> Example:
    """Return a clip of photographs by its seed; it has no caption."""
    tubes = [tube for tube in photograph_tubes(seed, shape) if bool(tube.any())]
    return Example(latent, "", tubes, borrowed_warps(seed, shape))


class Examples:
    """All encoded training clips of a shape and kind; ``refresh`` reads those that were added meanwhile."""

    def __init__(self, shape: Shape = USUAL, kind: str = "latents") -> None:
        self.shape, self.kind = shape, kind
        self._of: dict[int, Example] = {}
        self._by_length: dict[int, list[int]] = {}
        self._read: set[str] = set()

    def __len__(self) -> int:
        return len(self._of)

    def refresh(self) -> None:
        for path in sorted(folder(self.kind, self.shape).glob("*.pt")):
            if path.name not in self._read:
                self._read.add(path.name)
                for seed, latent in enumerate(torch.load(path, weights_only=True), start=int(path.stem)):
                    self.add(seed, latent)

    def add(self, seed: int, latent: torch.Tensor) -> None:
        """Add a clip by its seed."""
        self._of[seed] = (of_photographs if self.kind == KIND else of_scene)(seed, latent, self.shape)
        self._by_length.setdefault(len(words_of(self._of[seed].prompt)), []).append(seed)

    def batch(self, tokens: int) -> Batch:
        """Draw examples of one length in frames and words, about ``tokens`` tokens of them; one batch in ten has no prompts."""
        longest = (self.shape.frames - 1) // 4 + 1
        length = longest if longest == 1 or random.random() < WHOLE_SHARE else random.randint(1, longest - 1)
        size = max(1, tokens // self.shape.tokens(length))
        words = len(words_of(self._of[random.choice(list(self._of))].prompt))
        silent = random.random() < NO_TEXT_SHARE
        chosen = random.choices(list(self._of) if silent else self._by_length[words], k=size)
        some = [self._of[seed].cut(length) for seed in chosen]
        latents = torch.stack([example.latent for example in some]).float()
        known = torch.stack([example.draw_known() for example in some])
        return latents, known, [""] * size if silent else [example.prompt for example in some]


class Clips:
    """The clips of all shapes, and the pictures."""

    def __init__(self) -> None:
        self.pictures, self.photographs = Examples(PICTURE), Examples(USUAL, KIND)
        self._of = [Examples(shape) for shape in (USUAL, *OTHERS)]

    def __len__(self) -> int:
        return sum(map(len, (*self._of, self.photographs)))

    def refresh(self) -> None:
        for examples in (*self._of, self.photographs, self.pictures):
            examples.refresh()

    def batch(self, tokens: int) -> Batch:
        """Draw clips of one shape and kind, whole or cut: see :meth:`Examples.batch`."""
        if len(self.photographs) and random.random() < PHOTOGRAPH_SHARE:
            return self.photographs.batch(tokens)
        usual, *others = self._of
        there = [examples for examples in others if len(examples)]
        return (random.choice(there) if there and random.random() >= USUAL_SHARE else usual).batch(tokens)
