"""Half precision is used where it is fast, and results are those of float32 where it is not."""

from __future__ import annotations

import pytest
import torch

from lab.models import precision
from lab.training import optimiser

CPU = torch.device("cpu")


@pytest.mark.parametrize("fast", [True, False])
def test_a_processor_computes_in_half_precision_only_where_that_is_fast(fast, monkeypatch):
    monkeypatch.setattr(precision, "FAST_ON_CPU", fast)
    product = lambda: torch.ones(2, 2) @ torch.ones(2, 2)  # noqa: E731
    with precision.autocast(CPU):
        assert product().dtype == (torch.bfloat16 if fast else torch.float32)
    with precision.autocast(CPU, torch.float32):
        assert product().dtype == torch.float32


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("shape", [(6, 20), (20, 6)])
def test_an_update_is_made_orthogonal_in_either_precision(fast, shape, monkeypatch):
    monkeypatch.setattr(precision, "FAST_ON_CPU", fast)
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = optimiser.orthogonalise(matrix)
    assert found.shape == shape and found.dtype == torch.float32
    values = torch.linalg.svdvals(found)
    assert 0.6 < float(values.min()) <= float(values.max()) < 1.3
    assert torch.equal(found, found.bfloat16().float()) == fast
