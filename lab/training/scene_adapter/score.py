"""Score of a scene adapter: the flow matching loss on scenes that nothing trained on, with and without each condition."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch

from inversecrafter_core.scene import SceneAdapter, SceneContext
from lab.data.pool import Shape
from lab.models.scene_adapter import stacked, without_pose

from .data import Lesson, SceneClips

FIRST, SCENES, SEED = 7_000, 8, 0
"""First seed of these scenes and their number; seed of the noise."""
SIGMAS = (0.5, 0.8, 0.95)
Loss = Callable[[list[Lesson], list[str], SceneContext | None, torch.Tensor], torch.Tensor]
"""From lessons, prompts, context and flow times to the loss."""

DepthError = Callable[[list[Lesson], SceneContext], torch.Tensor]
"""From lessons and their context to the error of the depth that is read in the states' latents."""


class HeldOut:
    """Held-out lessons: from each scene's own camera to another, in full length."""

    def __init__(self, latents: str, states: str | None, shape: Shape):
        self._kinds, self._shape = (latents, states), shape

    @cached_property
    def lessons(self) -> list[Lesson]:
        """The lessons, read at first use."""
        scenes = (SceneClips.read(seed, *self._kinds, self._shape) for seed in range(FIRST, FIRST + SCENES))
        return [scene.lesson(0, 1 + index % 2) for index, scene in enumerate(scenes)]

    @torch.no_grad()
    def score(self, model: SceneAdapter, loss: Loss, depth_error: DepthError) -> dict[str, float]:
        """Return the mean loss with all conditions, without states, without pose, without any context, and the depth error."""
        sums: dict[str, list[float]] = {}
        device = next(model.parameters()).device
        for number, lesson in enumerate(one.to(device) for one in self.lessons):
            several, contexts = [lesson] * len(SIGMAS), contexts_of(model, lesson)
            if lesson.states is not None and contexts["held"] is not None:
                sums.setdefault("held_depth", []).append(float(depth_error([lesson], contexts["held"])))
            for name, context in contexts.items():
                batch = None if context is None else stacked([context] * len(SIGMAS))
                with torch.random.fork_rng():  # the same noise for all
                    torch.manual_seed(SEED + number)
                    found = loss(several, [lesson.prompt] * len(SIGMAS), batch, torch.tensor(SIGMAS, device=device))
                sums.setdefault(name, []).append(float(found))
        return {name: sum(values) / len(values) for name, values in sums.items()}


def contexts_of(model: SceneAdapter, lesson: Lesson) -> dict[str, SceneContext | None]:
    """Return the contexts whose losses are compared, by the columns' names."""
    full = lesson.context(model)
    found = {"held": full, "held_no_pose": without_pose(full), "held_bare": None}
    return found if lesson.states is None else found | {"held_no_states": lesson.context(model, with_states=False)}
