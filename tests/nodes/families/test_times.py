"""Networks take times of tokens, of frames or through a mask, as the family's record says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from families.facts import Times, facts_of
from families.kit import SmallModels

from lab.models.families import FAMILIES, Family, empty_latent

with_times = pytest.mark.parametrize("family", [family for family in FAMILIES if facts_of(family).times != Times.NONE], ids=str)


def sample_with(
    small_models: SmallModels, family: Family, change: Callable[[torch.Tensor, dict], torch.Tensor]
) -> torch.Tensor:
    """Sample one step with ``change(timestep, named arguments)`` instead of the network's timestep."""
    import comfy.patcher_extension

    def wrapper(executor: Any, x: Any, timestep: torch.Tensor, *rest: Any, **named: Any) -> Any:
        return executor(x, change(timestep, named), *rest, **named)

    model = small_models.network(family).clone()
    model.add_wrapper_with_key(comfy.patcher_extension.WrappersMP.DIFFUSION_MODEL, "times", wrapper)
    return small_models.sample(family, model=model)[0]


def factors(family: Family, first: float) -> torch.Tensor:
    """Factors of the time ``[1, 1, T', H', W']``: ``first`` in the first latent frame, one in the others."""
    of_cells = torch.ones(1, 1, *family.latent_shape[1:])
    of_cells[:, :, 0] = first
    return of_cells


def scale_times(family: Family, first: float) -> Callable[[torch.Tensor, dict], torch.Tensor]:
    def change(timestep: torch.Tensor, named: dict) -> torch.Tensor:
        if facts_of(family).times == Times.MASK:
            named["denoise_mask"] = factors(family, first)
            return timestep
        of_frames = factors(family, first)[0, 0, :, 0, 0]
        parts = family.latent_frames if facts_of(family).times == Times.FRAME else family.tokens
        return timestep.flatten()[: len(timestep), None] * of_frames.repeat_interleave(parts // family.latent_frames)

    return change


@with_times
def test_equal_times_of_all_parts_are_the_time_of_the_clip(small_models: SmallModels, family: Family):
    plain = small_models.sample(family)[0]
    torch.testing.assert_close(sample_with(small_models, family, scale_times(family, 1.0)), plain, atol=1e-3, rtol=1e-3)


@with_times
def test_another_time_of_the_first_frame_changes_that_frame_most(small_models: SmallModels, family: Family):
    plain = small_models.sample(family)[0]
    difference = (sample_with(small_models, family, scale_times(family, 0.2)) - plain).abs().mean((0, 1, 3, 4))
    assert difference[0] > 0.02
    assert (difference[1:] < 0.5 * difference[0]).all()


WITH_TOKEN_TIMES = ("Wan 2.1", "Wan 2.2 5B", "LTX-Video", "LTX-2", "MiniMax H3")
"""Families whose known tokens may be clean."""
RECEIVERS = {
    "LTX-Video": ("adaln_single.forward", 0),
    "LTX-2": ("adaln_single.forward", 0),
    "MiniMax H3": ("_forward", "denoise_mask"),
}
"""Function of the network that receives the times, and its argument; of all others it is the second of ``forward_orig``."""


def received_times(
    small_models: SmallModels, family: Family, monkeypatch: pytest.MonkeyPatch, whole: int = 0, **given: Any
) -> list[torch.Tensor]:
    """Return the times ``[N, parts]`` that the network receives in a guided step, its left column and frame ``whole`` known."""
    network = small_models.network(family).model.diffusion_model
    place, argument = RECEIVERS.get(family.name, ("forward_orig", 1))
    *inner, method = place.split(".")
    owner = getattr(network, inner[0]) if inner else network
    plain, seen, known = getattr(owner, method), [], torch.zeros(1, *family.latent_shape)
    known[..., : family.grid.patch] = 1
    known[:, :, whole] = 1

    def watch(*args: Any, **named: Any) -> Any:
        times = named.get(argument) if isinstance(argument, str) else args[argument]
        seen.append(by_part(family, torch.ones(1, 1, *family.latent_shape[1:]) if times is None else times))
        return plain(*args, **named)

    monkeypatch.setattr(owner, method, watch)
    small_models.guided(family, "context", small_models.measurement(family, known), release=0.5, **given)
    return seen


def by_part(family: Family, times: torch.Tensor) -> torch.Tensor:
    """Return times of tokens ``[N, tokens]`` or of frames ``[N, T']``, from all of them in a row or from a mask of cells."""
    if times.ndim == 5:
        return times[:, 0, :, :: family.grid.patch, :: family.grid.patch].flatten(1)
    return times.reshape(-1, family.tokens if times.numel() % family.tokens == 0 else family.latent_frames)


def expected_factors(family: Family, context_time: str) -> torch.Tensor:
    """Return 0 for clean tokens, 1 for others, ``[T' tokens]``."""
    height, width = (cells // family.grid.patch for cells in family.latent_shape[2:])
    factors = torch.ones(family.latent_frames, height, width)
    factors[0] = 0
    if context_time == "per_token":
        factors[..., 0] = 0
    return factors.flatten()


@pytest.mark.parametrize("context_time", ["per_token", "per_frame"])
@pytest.mark.parametrize("family", [family for family in FAMILIES if family.name in WITH_TOKEN_TIMES], ids=str)
def test_clean_tokens_have_time_zero(
    small_models: SmallModels, family: Family, context_time: str, monkeypatch: pytest.MonkeyPatch
):
    for times in received_times(small_models, family, monkeypatch, context_time=context_time):
        found = times.repeat_interleave(family.tokens // times.shape[1], 1) / times.max()
        assert torch.equal(found, expected_factors(family, context_time).expand_as(found))


@pytest.mark.parametrize(
    ("name", "trained"),
    [("LTX-Video", "per_token"), ("LTX-2", "per_token"), ("Wan 2.2 5B", "per_frame"), ("MiniMax H3", "one_time")],
)
def test_auto_gives_the_times_of_the_familys_training(
    small_models: SmallModels, name: str, trained: str, monkeypatch: pytest.MonkeyPatch
):
    family = next(family for family in FAMILIES if family.name == name)
    auto, chosen = (received_times(small_models, family, monkeypatch, context_time=times)[0] for times in ("auto", trained))
    assert torch.equal(auto, chosen)


@pytest.mark.parametrize("name", ["LTX-Video", "Wan 2.2 5B"])
def test_frames_that_the_host_keeps_do_not_stop_the_clock_of_others(
    small_models: SmallModels, name: str, monkeypatch: pytest.MonkeyPatch
):
    """Under a noise mask over frame 0 the host passes times of parts, the first of them 0."""
    family = next(family for family in FAMILIES if family.name == name)
    mask = torch.ones(1, 1, *family.latent_shape[1:])
    mask[:, :, 0] = 0
    latent = {"samples": empty_latent(family), "noise_mask": mask}
    whole = family.latent_frames - 2
    for times in received_times(small_models, family, monkeypatch, whole, latent=latent):
        frames = times.unflatten(1, (family.latent_frames, -1))
        assert (frames[:, :-1] == 0).all() and (frames[:, -1, -1] > 0).all()
