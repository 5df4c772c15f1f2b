"""Latents with captions and contexts that the video model learns from: clips of 1 to 33 frames at two sizes, single pictures.

``python -m lab.training.video.train encode`` writes a file a seed, ``[16, T, h, w]`` float16, for each of the pool's shapes.
The VAE is
causal, so the first latent frames of a clip are the latent of the shorter clip: every clip is also each shorter one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import torch

from inversecrafter_core.prompt import words_of
from lab.data import contexts
from lab.data.pool import FIRST_TRAINING_SEED, HEIGHT, OTHERS, POOL, USUAL, WIDTH, Shape, clip, folder
from lab.host.modules.wan import Wan21
from lab.models.shipped import load_vae
from lab.models.token_masks import draw_context, draw_picture_context, known_tokens, tube_tokens
from lab.models.vae import encode, whole_clips
from lab.models.video import PATCH
from lab.training.vae.score import as_video
from lab.world import caption, random_scene
from lab.world.caption import named_things

PICTURES = POOL / "pictures"
NO_TEXT_SHARE, WHOLE_SHARE = 0.1, 0.6
"""Of batches: without a caption; of clips at their full length, the others are cut."""
USUAL_SHARE = 0.6  # of clips: 17x128x192, the rest in equal parts of the other shapes that are there
Batch = tuple[torch.Tensor, torch.Tensor, list[str]]


def encode_clips(first: int, count: int, shape: Shape) -> None:
    """Normalised latents of rendered training clips, one file a seed; what exists is kept."""
    vae = load_vae()
    latents = folder("latents", shape)
    latents.mkdir(parents=True, exist_ok=True)
    for seed in range(first, first + count):
        target = latents / f"{seed}.pt"
        if target.exists():
            continue
        with torch.no_grad(), whole_clips(vae), torch.autocast("cpu", dtype=torch.bfloat16):
            latent = encode(vae, as_video(clip(seed, shape)))
        torch.save(Wan21().process_in(latent.float())[0].half(), target.with_suffix(".part"))
        target.with_suffix(".part").rename(target)


@dataclass(frozen=True)
class Example:
    """A training clip: normalised latent ``[16, T, h, w]``, caption, and the token masks its contexts are drawn from."""

    latent: torch.Tensor
    prompt: str
    tubes: list[torch.Tensor]
    warps: list[torch.Tensor]

    def cut(self, length: int) -> Example:
        """Its first ``length`` latent frames."""
        tubes = [tube[:length] for tube in self.tubes if bool(tube[:length].any())]
        return Example(self.latent[:, :length], self.prompt, tubes, [warp[:length] for warp in self.warps])

    def draw_known(self) -> torch.Tensor:
        """Known tokens ``[T, h / 2, w / 2]`` of a random context."""
        length, height, width = self.latent.shape[1:]
        return draw_context(self.tubes, self.warps, (length, height // PATCH, width // PATCH))


class Examples:
    """All encoded training clips of a shape; ``refresh`` reads those that ``encode`` has added meanwhile."""

    def __init__(self, shape: Shape = USUAL) -> None:
        self.shape = shape
        self._of: dict[int, Example] = {}
        self._by_length: dict[int, list[int]] = {}

    def __len__(self) -> int:
        return len(self._of)

    def refresh(self) -> None:
        for path in sorted(folder("latents", self.shape).glob("*.pt")):
            seed = int(path.stem)
            if seed not in self._of and seed >= FIRST_TRAINING_SEED:
                self.add(seed, torch.load(path, weights_only=True))

    def add(self, seed: int, latent: torch.Tensor) -> None:
        """A clip by its seed, whose contexts were written (``lab.data.contexts``)."""
        scene = random_scene(seed)
        views, box = contexts.read(seed, self.shape)
        tubes = [~known_tokens(~box), *(tube_tokens(scene, thing, *self.shape) for thing in named_things(scene))]
        tubes = [tube for tube in tubes if bool(tube.any())]
        self._of[seed] = Example(latent, caption(scene), tubes, [known_tokens(view) for view in views])
        self._by_length.setdefault(len(words_of(self._of[seed].prompt)), []).append(seed)

    def batch(self, tokens: int) -> Batch:
        """Latents, known tokens and prompts of one length, about ``tokens`` tokens of them; in one batch of ten no prompts."""
        longest = (self.shape.frames - 1) // 4 + 1
        length = longest if random.random() < WHOLE_SHARE else random.randint(1, longest - 1)
        size = max(1, tokens // self.shape.tokens(length))
        words = len(words_of(self._of[random.choice(list(self._of))].prompt))
        untold = random.random() < NO_TEXT_SHARE
        chosen = random.choices(list(self._of) if untold else self._by_length[words], k=size)
        some = [self._of[seed].cut(length) for seed in chosen]
        latents = torch.stack([example.latent for example in some]).float()
        known = torch.stack([example.draw_known() for example in some])
        return latents, known, [""] * size if untold else [example.prompt for example in some]


class Clips:
    """The clips of all shapes."""

    def __init__(self) -> None:
        self._of = [Examples(shape) for shape in (USUAL, *OTHERS)]

    def __len__(self) -> int:
        return sum(map(len, self._of))

    def refresh(self) -> None:
        for examples in self._of:
            examples.refresh()

    def batch(self, tokens: int) -> Batch:
        """Clips of one shape, whole or cut: see :meth:`Examples.batch`."""
        usual, *others = self._of
        there = [examples for examples in others if len(examples)]
        return (random.choice(there) if there and random.random() >= USUAL_SHARE else usual).batch(tokens)


class Pictures:
    """Latents of single pictures with captions, from ``lab.training.video.pictures``; ``refresh`` reads new files."""

    def __init__(self) -> None:
        self._read: set[Path] = set()
        self._by_length: dict[int, list[tuple[torch.Tensor, str, list[torch.Tensor]]]] = {}
        self._lengths: list[int] = []

    def __len__(self) -> int:
        return len(self._lengths)

    def refresh(self) -> None:
        for path in sorted(PICTURES.glob("*.pt")):
            if path in self._read:
                continue
            self._read.add(path)
            for seed, latent in enumerate(torch.load(path, weights_only=True), start=int(path.stem)):
                scene = random_scene(seed)
                prompt = caption(scene)
                tubes = [tube_tokens(scene, thing, 1, HEIGHT, WIDTH) for thing in named_things(scene)]
                self._lengths.append(len(words_of(prompt)))
                self._by_length.setdefault(self._lengths[-1], []).append((latent, prompt, tubes))

    def batch(self, size: int) -> Batch:
        """Latents ``[B, 16, 1, h, w]``, known tokens and prompts of one length; in one batch of ten all are empty."""
        some = random.choices(self._by_length[random.choice(self._lengths)], k=size)
        latents = torch.stack([latent for latent, _, _ in some]).float()
        known = torch.stack([draw_picture_context(tubes) for _, _, tubes in some])
        untold = random.random() < NO_TEXT_SHARE
        return latents, known, [""] * size if untold else [prompt for _, prompt, _ in some]
