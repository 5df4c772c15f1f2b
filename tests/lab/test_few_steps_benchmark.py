"""The benchmark of few steps: its schedules, its figures on a toy model, and its page."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import torch

from inversecrafter_core.latent_grid import WAN


@pytest.fixture(scope="module")
def few(pack):
    import lab.benchmarks.solvers.few_steps

    return lab.benchmarks.solvers.few_steps


def test_schedules_fall_from_noise_to_nothing_in_so_many_steps(few):
    for name, parts in few.SCHEDULES.items():
        sigmas = few.schedule(parts)
        assert len(sigmas) == sum(parts) + 1, name
        assert sigmas[0] == 1 and sigmas[-1] == 0 and bool((sigmas.diff() < 0).all()), name


@pytest.mark.parametrize("name", ["2+2", "3+3"])
def test_experts_part_at_the_boundary(few, name):
    sigmas, (first, _) = few.schedule(few.SCHEDULES[name]), few.SCHEDULES[name]
    assert float(sigmas[first]) == pytest.approx(few.BOUNDARY)


class Coder:
    """A latent of one channel: the clip's brightness at every fourth frame and eighth pixel."""

    grid = WAN

    def encode(self, video):
        return video[::4, ::8, ::8].mean(-1)[None, None]

    def decode(self, z):
        frames = torch.nn.functional.interpolate(z, few_size(), mode="nearest")[0, 0]
        return frames[..., None].expand(-1, -1, -1, 3)

    def normalise(self, z):
        return z


def few_size():
    return (9, 64, 96)


class Wan(SimpleNamespace):
    """A model that predicts grey whatever it sees."""

    def predictor(self, *_):
        return lambda x, sigma: torch.full_like(x, 0.5)


def test_every_schedule_setting_and_strength_has_figures_and_guidance_helps_a_model_that_knows_nothing(few, monkeypatch):
    monkeypatch.setattr(few, "small_wan", lambda: Wan(coder=Coder()))
    monkeypatch.setattr("lab.models.guided.lpips", lambda: None)
    found = few.one_scene((0.0, 0.6), next(few.moving_scenes(0, 1)))
    assert len(found) == len(few.SCHEDULES) * (1 + len(few.GAMMAS) * len(few.STARTS)) * 2 + 1
    for name in few.SCHEDULES:
        guided, alone = (found[few.Key(method, name, strength=0.0)] for method in ("gamma 8 from 0", few.BARE))
        assert guided[few.PSNR] > alone[few.PSNR] + 1
        assert alone[few.MOTION] == pytest.approx(0, abs=0.01), "a grey clip stands still"


def test_the_page_has_a_table_a_strength_and_marks_what_is_not_surely_better(few):
    from lab.benchmarks.report import write

    found = few.Samples()
    for scene in range(3):
        found.add({few.Key(few.FILLED): {few.PSNR: 24.0, few.MOTION: 0.9}})
        for strength in (0.0, 0.6):
            for name in few.SCHEDULES:
                worse = strength == 0.6 and name == "2+2"
                ours = (0.2 + 0.01 * scene) * (1.2 if worse else 0.8)
                figures = {few.PSNR: 20.0 + scene, few.MOTION: 0.97}
                found.add({few.Key(few.BARE, name, strength=strength): figures | {few.LPIPS: 0.2 + 0.01 * scene}})
                found.add({few.Key("gamma 8 from 0", name, strength=strength): figures | {few.LPIPS: ours}})
    lines = few.page(json.loads(write(0, few.table(found))))
    assert lines[0] == "Motion of the warp through the VAE: 0.900 ± 0.000."
    guided = [line for line in lines if line.startswith("| gamma 8 from 0 |")]
    assert len(guided) == 2 and guided[0].count("0.800 ± 0.000; 0.97") == 5
    assert guided[1].count("*") == 1 and "1.200 ± 0.000*; 0.97" in guided[1]
    assert sum(line.startswith("| bare | 0.97 |") for line in lines) == 2
