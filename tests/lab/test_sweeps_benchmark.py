"""The sweeps on a toy model: every setting, strength and way has its figures, and the table says what they say."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest
import torch


@pytest.fixture(scope="module")
def sweeps(pack):
    import lab.benchmarks.solvers.sweeps

    return lab.benchmarks.solvers.sweeps


def same(video):
    """A latent of one channel that is the clip's brightness at every fourth frame and eighth pixel."""
    return video[::4, ::8, ::8].mean(-1)[None, None]


def measured(coder, video, visible, first_frame_known):
    return SimpleNamespace(w=same(video), h=visible[::4, ::8, ::8][None, None])


def test_bare_runs_once_a_view_and_holes_change_recapture_alone(sweeps, monkeypatch):
    runs = []
    monkeypatch.setattr(sweeps, "encode", lambda coder, video: same(video))
    monkeypatch.setattr(sweeps, "decode", lambda coder, z: z[0, 0].mean().expand(9, 96, 144)[..., None].expand(-1, -1, -1, 3))
    monkeypatch.setattr(sweeps, "encode_measurement", measured)
    monkeypatch.setattr(sweeps, "bare", lambda lab, case: runs.append(1) or torch.zeros(2, 1, 3, 12, 18))
    monkeypatch.setattr(sweeps, "dds", lambda: lambda lab, case: (case.masks["usual"] * case.w).repeat(2, 1, 1, 1, 1))
    bench = sweeps.Bench(SimpleNamespace(coder=None, strengths=(0.0, 0.5)), None)
    found = bench.run(next(sweeps.moving_scenes(0, 1)))
    views = {setting._replace(holes=0.0) for setting in sweeps.settings()}
    assert len(runs) == len(views) < len(sweeps.settings())
    assert len(found) == len(sweeps.settings()) * 2 * 3
    hidden, base = sweeps.BASE._replace(holes=0.6), sweeps.BASE
    assert found[hidden, 0.0, sweeps.BARE] == found[base, 0.0, sweeps.BARE]
    assert found[hidden, 0.0, sweeps.RECAPTURE] != found[base, 0.0, sweeps.RECAPTURE]
    assert found[hidden, 0.5, sweeps.FILLED]["holes"] >= 0.6 > found[base, 0.5, sweeps.FILLED]["holes"]


def figures(sweeps):
    """Recapture 2 dB and a quarter of LPIPS better than bare, except from 40 degrees on, where it is worse."""
    found = {}
    for setting in sweeps.settings():
        better = -1 if setting.angle >= 40 else 1
        for strength in (0.0, 0.5):
            ours = {
                sweeps.PSNR: [20 + 2 * better, 22 + 2.1 * better],
                sweeps.LPIPS: [0.2 - 0.05 * better, 0.3 - 0.075 * better],
            }
            found[setting, strength, sweeps.RECAPTURE] = ours
            found[setting, strength, sweeps.BARE] = {sweeps.PSNR: [20.0, 22.0], sweeps.LPIPS: [0.2, 0.3]}
            found[setting, strength, sweeps.FILLED] = {sweeps.PSNR: [19.0, 20.0], sweeps.LPIPS: [0.3, 0.4]}
    return found


def test_a_verdict_stands_for_each_value_of_each_sweep(sweeps):
    rows = {row.name: row for row in sweeps.rows(figures(sweeps), (0.0, 0.5))}
    judged = [row for row in rows.values() if row.target]
    assert len(judged) == 2 * 2 * sum(map(len, sweeps.SWEEPS.values()))
    assert rows["angle 12, strength 0.5, LPIPS over bare's"].value == pytest.approx(0.75)
    assert rows["angle 12, strength 0.5, PSNR above bare"].holds
    assert rows["angle 40, strength 0, PSNR above bare"].holds is False
    assert rows["holes 0.6, strength 0, recapture: whole PSNR"].value == pytest.approx(23.05)


def test_the_picture_is_drawn(sweeps, tmp_path):
    pytest.importorskip("matplotlib")
    rows = sweeps.rows(figures(sweeps), (0.0, 0.5))
    document = {"rows": [dataclasses.asdict(row) for row in rows]}
    assert sweeps.illustrated(document, tmp_path / "sweeps.png") == rows
    assert (tmp_path / "sweeps.png").stat().st_size > 10_000
