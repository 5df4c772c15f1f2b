"""Networks take times of tokens, of frames or through a mask, as the family's record says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from family_kit import SmallModels

from lab.models.families import FAMILIES, Family, Times

with_times = pytest.mark.parametrize("family", [family for family in FAMILIES if family.times != Times.NONE], ids=str)


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
        if family.times == Times.MASK:
            named["denoise_mask"] = factors(family, first)
            return timestep
        of_frames = factors(family, first)[0, 0, :, 0, 0]
        parts = family.latent_frames if family.times == Times.FRAME else family.tokens
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
