"""Score of the video model on scenes that nothing trained on: the flow matching loss, always with the same noise and times."""

from __future__ import annotations

from collections.abc import Callable

import torch

from lab.data.pool import clip
from lab.models.shipped import load_coder
from lab.models.token_masks import TOKEN
from lab.world import caption, random_scene

from .data import Batch

SCENES, SEED = 8, 0
FIRST = 1_000
"""First seed of these scenes; seeds below ``FIRST_TRAINING_SEED`` never train."""


class HeldOut:
    """Latents of scenes and their captions, encoded at the first score."""

    def __init__(self) -> None:
        self._batches: dict[str, list[Batch]] = {}

    def score(self, loss: Callable[[Batch], torch.Tensor]) -> dict[str, float]:
        """Return the mean loss without a context, and between known ends; the state of the generator stays as it was."""
        found, state = {}, torch.get_rng_state()
        for name, batches in self._all().items():
            torch.manual_seed(SEED)
            with torch.no_grad():
                found[name] = sum(float(loss(batch)) for batch in batches) / len(batches)
        torch.set_rng_state(state)
        return found

    def _all(self) -> dict[str, list[Batch]]:
        if not self._batches:
            coder = load_coder()
            for seed in range(FIRST, FIRST + SCENES):
                latent = coder.encode(torch.from_numpy(clip(seed)).float() / 255)
                free = torch.zeros(1, *latent.shape[2:], dtype=torch.bool)[..., :: TOKEN // 8, :: TOKEN // 8]
                ends = free.clone()
                ends[:, [0, -1]] = True
                for name, known in (("held_free", free), ("held_ends", ends)):
                    self._batches.setdefault(name, []).append((latent, known, [caption(random_scene(seed))]))
        return self._batches
