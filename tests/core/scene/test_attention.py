"""Context in self-attention: with a network of the host's interface, small enough to compute by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from inversecrafter_core.scene import SceneContext, read_context, with_memory

FRAMES, TOKENS, DIM, LAYERS = 3, 2, 4, 2


class Network:
    """Blocks that average the values of all tokens that the host's attention lets them see; its hooks are those of Wan."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def attention(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, options: dict[str, Any]) -> torch.Tensor:
        def plain(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            return v.mean(1, keepdim=True).expand_as(q)

        override = options.get("optimized_attention_override")
        return plain(q, k, v) if override is None else override(plain, q, k, v)

    def block(self, args: dict[str, Any]) -> dict[str, torch.Tensor]:
        self.seen.append(args)
        x = args["img"]
        x = x + self.attention(x, x + args["pe"], x, args["transformer_options"])
        text = args["txt"]
        return {"img": x + self.attention(x, text, text, args["transformer_options"])}

    def __call__(self, x: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor, transformer_options: Any) -> torch.Tensor:
        assert "wrappers" not in transformer_options
        tokens = x.flatten(2).transpose(1, 2)
        pe = torch.arange(tokens.shape[1]).view(1, -1, 1).expand(1, -1, DIM).float()
        replacements = transformer_options.get("patches_replace", {}).get("dit", {})
        for index in range(LAYERS):
            args = {"img": tokens, "txt": text, "pe": pe, "transformer_options": transformer_options}
            hook = replacements.get(("double_block", index))
            tokens = (self.block(args) if hook is None else hook(args, {"original_block": self.block}))["img"]
        return tokens


def scene(times: list[int], batch: int = 1, scale: float = 0.0) -> SceneContext:
    generator = torch.Generator().manual_seed(0)
    latents = torch.randn(batch, DIM, len(times), 1, TOKENS, generator=generator)
    controls = (scale * torch.randn(LAYERS, count * TOKENS, DIM, generator=generator) for count in (len(times), FRAMES))
    return SceneContext(latents, times, *controls)


TEXT = torch.ones(2, 1, DIM)
X = torch.randn(2, DIM, FRAMES, 1, TOKENS, generator=torch.Generator().manual_seed(1))


def predict(context: SceneContext, options: dict[str, Any] | None = None) -> torch.Tensor:
    options = {} if options is None else options
    memory = read_context(Network(), context, TEXT, options)
    return Network()(X, torch.ones(2), TEXT, transformer_options=with_memory(options, context, memory))


def test_queries_attend_to_their_own_tokens_and_to_the_context_and_text_stays_text():
    context = scene([0, 1, 2, 1])
    own = X.flatten(2).transpose(1, 2)
    given = context.latents.flatten(2).transpose(1, 2).expand(2, -1, -1)
    for _ in range(LAYERS):
        joined = torch.cat([own, given], 1).mean(1, keepdim=True)
        own, given = own + joined + 1, given + given.mean(1, keepdim=True) + 1
    assert torch.allclose(predict(context), own, atol=1e-5)


def test_context_tokens_have_the_rotary_positions_of_their_moments():
    network, context = Network(), scene([0, 1, 2, 2])
    read_context(network, context, TEXT, {})
    assert network.seen[0]["pe"][0, :, 0].tolist() == [0, 1, 2, 3, 4, 5, 4, 5]


def test_the_control_is_added_before_every_block():
    network, context = Network(), scene([0, 1, 2], scale=1.0)
    read_context(network, context, TEXT, {})
    start = context.latents.flatten(2).transpose(1, 2)
    assert torch.allclose(network.seen[0]["img"], start + context.context_control[0])
    network.seen.clear()
    still = scene([0, 1, 2])
    read_context(network, still, TEXT, {})
    assert torch.equal(network.seen[0]["img"][:1], still.latents.flatten(2).transpose(1, 2))


def test_hooks_of_others_are_kept_and_the_dictionaries_of_the_host_unchanged():
    calls = []

    def block(args: dict[str, Any], extra: dict[str, Any]) -> dict[str, torch.Tensor]:
        calls.append("block")
        return extra["original_block"](args)

    def attention(function: Any, *tensors: torch.Tensor) -> torch.Tensor:
        calls.append("attention")
        return function(*tensors)

    replaced = {"dit": {("double_block", 1): block}}
    options = {"patches_replace": replaced, "optimized_attention_override": attention}
    context = scene([0, 1, 2])
    assert torch.equal(predict(context, options), predict(context))
    assert calls.count("block") == 1  # the call for the context has none of the target's replacements
    assert calls.count("attention") == 8
    assert options == {"patches_replace": replaced, "optimized_attention_override": attention}
    assert list(replaced["dit"]) == [("double_block", 1)]


def test_tokens_after_the_clip_get_no_control():
    context = scene([0, 1, 2], scale=1.0)
    memory = read_context(Network(), context, TEXT, {})
    network = Network()
    longer = torch.cat([X, X[:, :, :1]], 2)
    network(longer, torch.ones(2), TEXT, transformer_options=with_memory({}, context, memory))
    added = network.seen[0]["img"] - longer.flatten(2).transpose(1, 2)
    assert torch.allclose(added[0, : FRAMES * TOKENS], context.target_control[0], atol=1e-6)
    assert not added[0, FRAMES * TOKENS :].any()


@pytest.mark.parametrize(("frames", "times"), [([1, 2], [0, 1, 1]), ([0, 2], [0, 1, 0, 1]), ([1], [0])])
def test_a_window_has_the_frames_of_its_moments(frames: list[int], times: list[int]):
    context = scene([0, 1, 2, 0, 2], scale=1.0)
    cut = context.window(frames)
    kept = [index for index, time in enumerate(context.times) if time in frames]
    assert cut.times == times
    assert torch.equal(cut.latents, context.latents[:, :, kept])
    assert cut.target_control.shape == (LAYERS, len(frames) * TOKENS, DIM)
    last = context.context_control[:, kept[-1] * TOKENS :][:, :TOKENS]
    assert torch.equal(cut.context_control[:, -TOKENS:], last)
