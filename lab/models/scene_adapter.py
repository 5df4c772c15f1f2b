"""The scene adapter on the embedded video model: batches of contexts, and a predictor that attends to one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from inversecrafter_core.scene import (
    AdapterFile,
    Memory,
    SceneContext,
    load_scene_network,
    read_context,
    reconstruct,
    with_memory,
)
from lab.host.modules.wan import WanModel


def stacked(contexts: Sequence[SceneContext]) -> SceneContext:
    """Return one context of a batch of clips from contexts of one clip each, of equal lengths."""
    latents = torch.cat([context.latents for context in contexts])
    control, toward = (
        torch.stack([getattr(context, name) for context in contexts], 1) for name in ("context_control", "target_control")
    )
    return SceneContext(latents, contexts[0].times, control, toward)


def without_pose(context: SceneContext) -> SceneContext:
    """Return a context without its cameras."""
    return replace(
        context,
        context_control=torch.zeros_like(context.context_control),
        target_control=torch.zeros_like(context.target_control),
    )


def velocity(
    network: WanModel, x: torch.Tensor, times: torch.Tensor, text: torch.Tensor, context: SceneContext | None
) -> torch.Tensor:
    """Return the velocity that a network predicts beside a context; ``times`` as the host passes them, 0...1000."""
    return (network if context is None else Conditioned(network, context))(x, times, text)


def change_attention(network: WanModel, file: AdapterFile) -> WanModel:
    """Add the changes of a scene adapter to the weights of a network, in place, as the host's LoRA loader does."""
    weights = dict(network.named_parameters())
    with torch.no_grad():
        for key, change in file.changes.items():
            name, _, kind = key.removeprefix("diffusion_model.").rpartition(".")
            weights[f"{name}.{'bias' if kind == 'diff_b' else 'weight'}"] += change.float()
    return network


def attention_changes(network: WanModel, before: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return the changes of a network's self-attention since ``before``, under the keys of the host's LoRA loader."""
    changes = {}
    for name, value in network.state_dict().items():
        if ".self_attn." in name:
            module, _, kind = name.rpartition(".")
            changes[f"diffusion_model.{module}.{'diff_b' if kind == 'bias' else 'diff'}"] = value.detach() - before[name]
    return changes


@dataclass(frozen=True)
class SceneModel:
    """A reconstruction network: its name, the width of its states, and the function from a clip to states and depth.

    Attributes:
        read: from ``[F, H, W, 3]`` in 0...1 to the states ``[F, s, d]``, and to the depth ``[F, h, w]`` that the network sees,
            in multiples of its pivot depth.
    """

    name: str
    width: int
    read: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]

    def states_of(self, clip: torch.Tensor) -> torch.Tensor:
        """Return the states ``[F, s, d]`` of a clip."""
        return self.read(clip)[0]


def load_scene_model(path: Path) -> SceneModel:
    """Load the reconstruction network of a file."""
    network = load_scene_network(path)

    def read(clip: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found = reconstruct(network, clip)
        return found.states.states.clone(), found.depth / found.states.pivot_depth

    return SceneModel(network.name, network.spec.width, read)


class Conditioned:
    """A video model with a context, called as the model is; the context is read once for each set of prompts."""

    def __init__(self, network: WanModel, context: SceneContext):
        self.network, self.scene = network, context
        self._read: list[tuple[torch.Tensor, Memory]] = []

    def __call__(self, x: torch.Tensor, times: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        memory = next((memory for known, memory in self._read if known.shape == text.shape and torch.equal(known, text)), None)
        if memory is None:
            memory = read_context(self.network, self.scene, text, {})
            self._read.append((text, memory))
        return self.network(x, times, text, transformer_options=with_memory({}, self.scene, memory))
