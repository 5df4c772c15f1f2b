"""The video model's figures: the strength of the simulated prior that errs as much as the model."""

from __future__ import annotations

import pytest
import torch

from lab.benchmarks.models.video_model import stands_at


@pytest.mark.parametrize("strength", [0.0, 0.3, 0.9, 1.0])
def test_a_mix_with_the_truth_stands_at_its_own_strength(strength):
    truth, noisy = torch.randn(2, 4000, generator=torch.Generator().manual_seed(0))
    multiple = 0.4 * noisy
    mixed = (1 - strength) * multiple + strength * truth
    errors = (float((guess - truth).square().mean()) for guess in (mixed, multiple))
    assert stands_at(*errors) == pytest.approx(strength, abs=1e-5)


def test_a_model_that_is_worse_than_none_is_below_zero():
    assert stands_at(2.0, 1.0) < 0
