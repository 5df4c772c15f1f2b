"""Clean context in a video model's self-attention: keys and values that are read once a run and joined to the target's.

Context (the source clip's latents and those of the scene states, concatenated along time) goes through the network by itself,
at time 0. Every block's self-attention keys and values are kept; in each step the target's tokens attend to their own and to
these. That is attention over target and context concatenated along time, in which the context does not see the noisy target:
so it is computed once and not in every step, and models that accept one time a clip serve as well as those with one a token.

Order and time: the context is the source's latent frames, then those of the states. A latent frame of source or states has the
rotary time of the target's frame of that moment, not of its place in the concatenation; what it is, the pose control says.

The host's block replacements and attention override are chained with those that are there. ``options`` are the host's
``transformer_options``; the dictionaries that it passes are never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F

Options = dict[str, Any]
Attend = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
"""From the self-attention's keys and values ``[B, N, D]`` to those that the queries attend to."""
Memory = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of the context, one pair a block."""
OWN_OPTIONS = ("wrappers", "patches", "patches_replace", "callbacks")
"""Options that belong to the call for the target and not to that for the context."""


@dataclass(frozen=True)
class SceneContext:
    """Context of one run, in model space.

    Attributes:
        latents: ``[b, C, Tc, h, w]``, frames of the source, then of the states; ``b`` is 1 or the run's batch.
        times: for each of them, the number of the target's latent frame of that moment.
        context_control: ``[layers, Tc n, dim]``, vectors of its tokens, ``n`` tokens a frame.
        target_control: ``[layers, T' n, dim]``, vectors of the target's tokens.
    """

    latents: torch.Tensor
    times: list[int]
    context_control: torch.Tensor
    target_control: torch.Tensor

    @property
    def tokens(self) -> int:
        """Tokens of a latent frame."""
        return self.context_control.shape[-2] // len(self.times)

    def window(self, frames: list[int]) -> SceneContext:
        """Return the context of some of the target's latent frames: what is of their moments, numbered anew."""
        kept = [index for index, time in enumerate(self.times) if time in frames]
        times = [frames.index(self.times[index]) for index in kept]
        context, target = (
            control.unflatten(-2, (-1, self.tokens))[..., chosen, :, :].flatten(-3, -2)
            for control, chosen in ((self.context_control, kept), (self.target_control, frames))
        )
        return SceneContext(self.latents[:, :, kept], times, context, target)

    def rotary_tokens(self) -> torch.Tensor:
        """Return, for each token of the context, the token of the host's numbering whose rotary position it has."""
        start = torch.tensor(self.times, device=self.latents.device)[:, None] * self.tokens
        return (start + torch.arange(self.tokens, device=self.latents.device)).flatten()


def read_context(
    network: Callable[..., torch.Tensor], scene: SceneContext, text: torch.Tensor, options: Mapping[str, Any]
) -> Memory:
    """Return the context's keys and values in every block of a Wan network, beside the prompts ``text [B, L, width]``."""
    found: list[Memory] = [[] for _ in scene.context_control]

    def keep(block: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        found[block].append((keys, values))
        return keys, values

    plain = {name: value for name, value in options.items() if name not in OWN_OPTIONS}
    reading = with_blocks(plain, scene.context_control, lambda block: partial(keep, block), scene.rotary_tokens())
    latents = scene.latents.repeat(len(text) // len(scene.latents), 1, 1, 1, 1).to(text)
    network(latents, torch.zeros(len(text), device=latents.device), text, transformer_options=reading)
    return [pairs[0] for pairs in found]


def with_memory(options: Options, scene: SceneContext, memory: Memory) -> Options:
    """Return options under which a Wan network's tokens of the target have pose control and attend to the context."""

    def joined(block: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.cat([keys, memory[block][0]], 1), torch.cat([values, memory[block][1]], 1)

    return with_blocks(options, scene.target_control, lambda block: partial(joined, block))


def with_blocks(
    options: Options, control: torch.Tensor, attend: Callable[[int], Attend], rotary: torch.Tensor | None = None
) -> Options:
    """Return options that replace every block.

    Args:
        options: the host's.
        control: ``[layers, (B,) N, dim]``, added to the first ``N`` tokens before each block.
        attend: from a block's number to what its self-attention does with keys and values.
        rotary: for each token, the token whose rotary position it gets; None: its own.
    """
    replacements = options.get("patches_replace", {})
    blocks = dict(replacements.get("dit", {}))
    for index, added in enumerate(control):
        key = ("double_block", index)
        blocks[key] = partial(_run_block, blocks.get(key), added, attend(index), rotary)
    return {**options, "patches_replace": {**replacements, "dit": blocks}}


def _run_block(
    before: Callable[..., dict[str, torch.Tensor]] | None,
    added: torch.Tensor,
    attend: Attend,
    rotary: torch.Tensor | None,
    args: dict[str, Any],
    extra: dict[str, Any],
) -> dict[str, torch.Tensor]:
    """Run a block in the form that the host calls a replacement in, through the replacement ``before`` where there is one."""
    tokens = args["img"]
    changed = {
        **args,
        "img": tokens + F.pad(added, (0, 0, 0, tokens.shape[1] - added.shape[-2])).to(tokens),
        "transformer_options": _with_attention(args["transformer_options"], attend),
    }
    if rotary is not None:
        changed["pe"] = args["pe"][:, rotary]
    return extra["original_block"](changed) if before is None else before(changed, extra)


def _with_attention(options: Options, attend: Attend) -> Options:
    """Return options under which ``attend`` changes the first attention of a block, that of its tokens to each other."""
    before = options.get("optimized_attention_override")
    first = [True]

    def override(
        attention: Callable[..., torch.Tensor], q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *rest: Any, **more: Any
    ) -> torch.Tensor:
        if first:
            first.clear()
            k, v = attend(k, v)
        return attention(q, k, v, *rest, **more) if before is None else before(attention, q, k, v, *rest, **more)

    return {**options, "optimized_attention_override": override}
