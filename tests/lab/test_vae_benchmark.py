"""The VAE benchmark on stand-ins for a VAE: what its figures say is what happened to the clips."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch


@pytest.fixture(scope="module")
def bench(pack):
    from lab.benchmarks.models import vae as model_vae

    return model_vae


def figures(rows):
    return {row.name: row for row in rows}


def test_the_worst_position_is_seen_where_it_is(bench):
    clips = [torch.rand(9, 16, 16, 3, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2)]
    decoded = [clip + 0.01 for clip in clips]
    for clip in decoded:
        clip[[2, 6]] += 0.09
    rows = figures(bench.position_rows("toys", decoded, clips))
    assert rows["toys: PSNR, position 2 of a group"].value == pytest.approx(20, abs=0.01)
    assert rows["toys: PSNR, position 3 of a group"].value == pytest.approx(40, abs=0.01)
    apart = rows["toys: PSNR, best less worst position"]
    assert apart.value == pytest.approx(20, abs=0.02) and apart.holds is False


def test_a_coder_that_keeps_a_groups_last_frame_shows_things_twice(bench, monkeypatch):
    from lab.metrics.vae import HELD_OUT_PHOTOGRAPH

    if bench.asset(HELD_OUT_PHOTOGRAPH) is None:
        pytest.skip(bench.why_missing(HELD_OUT_PHOTOGRAPH))
    monkeypatch.setattr(bench, "THINGS", 3)
    last = torch.tensor([-(-frame // 4) * 4 for frame in range(17)])
    for share, holds in ((0.4, False), (0.0, True)):
        doubled = lambda clip, share=share: (1 - share) * clip + share * clip[last]  # noqa: E731
        row = bench.moving_rows(0, SimpleNamespace(encode=lambda clip: clip, decode=doubled))[-1]
        assert "second image" in row.name
        assert row.value == pytest.approx(share, abs=0.05) and row.holds is holds
