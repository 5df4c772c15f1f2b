"""The sweeps on a toy model: every setting, strength and method has its figures, and the table follows from them."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import torch

from inversecrafter_core.latent_grid import WAN


@pytest.fixture(scope="module")
def sweeps(pack):
    import lab.benchmarks.solvers.sweeps

    return lab.benchmarks.solvers.sweeps


class Coder:
    """A latent of one channel: the clip's brightness at every fourth frame and eighth pixel."""

    grid = WAN

    def encode(self, video):
        return video[::4, ::8, ::8].mean(-1)[None, None]

    def decode(self, z):
        return z[0, 0].mean().expand(9, 96, 144)[..., None].expand(-1, -1, -1, 3)

    def normalise(self, z):
        return z


def test_bare_runs_once_a_view_and_holes_change_recapture_alone(sweeps, monkeypatch):
    runs = []
    setup = SimpleNamespace(wan=SimpleNamespace(coder=Coder()), strengths=(0.0, 0.5))
    monkeypatch.setattr(sweeps.Setup, "of", lambda steps, strengths: setup)
    monkeypatch.setattr("lab.models.guided.lpips", lambda: None)
    monkeypatch.setattr(sweeps, "bare", lambda setup, case: runs.append(1) or torch.zeros(2, 1, 3, 12, 18))
    monkeypatch.setattr(sweeps, "recapture", lambda setup, case: (case.masks["default"] * case.w).repeat(2, 1, 1, 1, 1))
    found = sweeps.one_scene(1, (0.0, 0.5), next(sweeps.moving_scenes(0, 1)))
    views = {setting._replace(holes=0.0) for setting in sweeps.settings()}
    assert len(runs) == len(views) < len(sweeps.settings())
    assert len(found) == sum(map(len, sweeps.SWEEPS.values())) * 2 * 3
    at = lambda method, share, strength=0.0: found[sweeps.Key(method, "holes", share, strength)]  # noqa: E731
    assert at(sweeps.BARE, 0.6) == at(sweeps.BARE, 0.0)
    assert at(sweeps.RECAPTURE, 0.6) != at(sweeps.RECAPTURE, 0.0)
    assert at(sweeps.FILLED, 0.6, 0.5)["holes"] >= 0.6 > at(sweeps.FILLED, 0.0, 0.5)["holes"]


def samples(sweeps):
    """Recapture 2 dB and a quarter of LPIPS better than bare, except from 40 degrees on, where it is worse."""
    found = sweeps.Samples()
    for sweep, values in sweeps.SWEEPS.items():
        for value in values:
            better = -1 if sweep == "angle" and value >= 40 else 1
            for strength in (0.0, 0.5):
                ours = [(20 + 2 * better, 0.2 - 0.05 * better), (22 + 2.1 * better, 0.3 - 0.075 * better)]
                all_of = {
                    sweeps.RECAPTURE: ours,
                    sweeps.BARE: [(20.0, 0.2), (22.0, 0.3)],
                    sweeps.FILLED: [(19.0, 0.3), (20.0, 0.4)],
                }
                for method, scenes in all_of.items():
                    for psnr, lpips in scenes:
                        key = sweeps.Key(method, sweep, value, strength)
                        found.add({key: {sweeps.PSNR: psnr, sweeps.LPIPS: lpips}})
    return found


def test_a_verdict_stands_for_each_value_of_each_sweep(sweeps):
    rows = {row.name: row for row in sweeps.table(samples(sweeps))}
    judged = [row for row in rows.values() if row.target]
    assert len(judged) == 2 * 2 * sum(map(len, sweeps.SWEEPS.values()))
    assert rows["angle 12, strength 0.5: whole LPIPS, recapture over bare"].value == pytest.approx(0.75)
    assert rows["angle 12, strength 0.5: whole PSNR, recapture above bare"].holds
    assert rows["angle 40, strength 0: whole PSNR, recapture above bare"].holds is False
    assert rows["holes 0.6, strength 0, recapture: whole PSNR"].value == pytest.approx(23.05)


def test_the_page_folds_the_targets_and_draws_the_curves(sweeps, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from lab.benchmarks.report import write

    monkeypatch.setattr(sweeps, "PICTURE", tmp_path / "sweeps.png")
    lines = sweeps.page(json.loads(write(0, sweeps.table(samples(sweeps)))))
    assert "<details>" in lines and lines[-1].endswith("(sweeps.png)")
    assert (tmp_path / "sweeps.png").stat().st_size > 10_000
