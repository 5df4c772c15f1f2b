"""The benchmark of restoration: degradations, methods without a model, variants, and the rows that are made of them."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from inversecrafter_core.inverse.operators import (
    AveragePool,
    Composition,
    PixelMask,
    TemporalAverage,
    gaussian_blur,
    random_visible,
)
from inversecrafter_core.sampling import RestorationSettings, Start, sample_vision_xl
from lab.benchmarks.report import write
from lab.benchmarks.restoration import ablations, baselines, compare, tasks
from lab.benchmarks.samples import Key, Samples
from lab.data.unseen import scene_seeds
from lab.models import guided
from lab.models.restorer import restorer


@pytest.fixture
def small(monkeypatch) -> torch.Tensor:
    """A clip of colours that change smoothly, at a size that costs nothing; no LPIPS."""
    size = (9, 32, 48)
    monkeypatch.setattr(tasks, "lpips", lambda: None)
    monkeypatch.setitem(tasks.TASKS, "deblur 3", lambda size: gaussian_blur(2.0, 31))
    t, y, x = torch.meshgrid(*(torch.linspace(0, 1, side) for side in size), indexing="ij")
    return 0.5 + 0.4 * torch.stack([torch.sin(9 * x + 7 * y + 2 * t + phase) for phase in (0, 1, 2)], -1)


@pytest.mark.parametrize("task", [task for task in tasks.TASKS if "deblur" not in task] + ["deblur 3"])
def test_methods_without_a_model_come_nearer_by_fitting(small, task):
    trial = tasks.Trial.of(small, "", task)
    assert torch.equal((255 * trial.y).round(), 255 * trial.y), "in 8 bit"
    methods = (baselines.back_projected, baselines.back_projected_in_scale, baselines.estimated, baselines.fitted)
    back, scaled, estimated, fitted = (trial.figures(method(trial)) for method in methods)
    assert scaled[tasks.RESIDUAL] <= back[tasks.RESIDUAL] + 1e-4
    assert fitted[tasks.RESIDUAL] < 0.6 and fitted[tasks.PSNR] > max(scaled[tasks.PSNR], estimated[tasks.PSNR]) - 0.1
    smooth = trial.figures(baselines.total_variation(trial, in_time=True))
    assert smooth[tasks.RESIDUAL] < 0.6 and smooth[tasks.SSIM] > 0.5


def test_the_wiener_filter_knows_the_blur_and_its_borders(small):
    trial = tasks.Trial.of(small, "", "deblur 3")
    error = (baselines.wiener_filtered(trial) - small).abs().mean((0, 3))
    assert error[8:-8, 8:-8].mean() < 0.01 and error.mean() < 0.02


def test_the_adjoint_in_scale_repeats_the_pixels_of_low_resolution(small):
    trial = tasks.Trial.of(small, "", "super-resolution 4")
    repeated = trial.y.repeat_interleave(4, 1).repeat_interleave(4, 2)
    assert torch.allclose(baselines.back_projected_in_scale(trial), repeated, atol=1e-5)
    assert torch.allclose(baselines.back_projected(trial), repeated / 16, atol=1e-6)


def test_total_variation_has_a_weight_for_every_degradation():
    assert set(baselines.WEIGHTS) == set(tasks.TASKS)


def test_corrections_are_spread_but_for_blur(small):
    spread = {
        task: tasks.Trial.of(small, "", task).settings.fit_spread for task in tasks.TASKS if not task.endswith(", deblur 3")
    }
    alone = {"inpainting 50 %", "super-resolution 4"}
    assert {task for task, width in spread.items() if width} == alone | {f"average of 7, {task}" for task in alone}


def test_approximate_adjoints_are_none():
    x, y = torch.rand(8, 8, 8, 3), torch.rand(8, 8, 8, 3)
    for operator in (gaussian_blur(1.0, 5), AveragePool(2), Composition((TemporalAverage(3), AveragePool(2)))):
        other, measured = ablations.approximate(operator), operator.A(y)
        assert torch.equal(other.A(x), operator.A(x)) and other.by_frame == operator.by_frame
        assert not torch.allclose(other.A_adjoint(measured), operator.A_adjoint(measured))


def test_a_prior_of_full_strength_predicts_the_truth(small):
    wan = guided.small_wan()
    prior = restorer(wan, small[:2], "", strength=1.0)
    for frame in small[:2].split(1):
        wanted = wan.coder.encode(frame)
        z0, free = prior.denoise(torch.randn_like(wanted), 0.5)
        assert torch.allclose(z0, wanted) and torch.allclose(free, wanted)


@pytest.mark.parametrize("start", Start)
def test_every_frame_meets_its_own_truth_from_every_start(small, start):
    wan, steps = guided.small_wan(), 3
    frames = torch.stack([small[0], 1 - small[0]])
    alone = steps if start == Start.INVERTED_FIRST else 0
    prior = restorer(wan, frames, "", strength=1.0, first_alone=alone)
    settings = RestorationSettings(start, fit_last=False)
    mask = PixelMask.of(random_visible(tasks.size_of(frames), 0.5, 0))
    made = sample_vision_xl(prior, mask, mask.A(frames), compare.levels(steps), settings)
    for frame, found in zip(frames.split(1), made.split(1), strict=True):
        assert torch.allclose(found, wan.coder.decode(wan.coder.encode(frame)).clamp(0, 1), atol=1e-4)


def filled(value: float) -> dict[str, float]:
    return {tasks.PSNR: 20 + value, tasks.LPIPS: 0.5 - value / 20, tasks.FLICKER: 1.0, tasks.RESIDUAL: 4.0 - value, "time": 1.0}


def test_rows_compare_with_methods_that_have_no_prior():
    found = Samples()
    for _ in range(3):
        others = (compare.SCALED, compare.ESTIMATE, compare.TV, *compare.CEILINGS, *compare.CLIP_CEILINGS)
        scene = {Key(name, "super-resolution 4"): filled(0.0) for name in others}
        scene |= {Key(compare.FRAMES, "super-resolution 4", strength=strength): filled(4.0) for strength in (0.0, 0.5, 0.9)}
        scene |= {Key(compare.CLIP, "super-resolution 4", strength=strength): filled(2.0) for strength in compare.PROMISED}
        found.add(scene)
    listed = compare.targets(found, (0.0, 0.5, 0.9))
    gains = {(one.method, one.strength): one for one in listed if one.figure == tasks.PSNR and one.target}
    assert gains[compare.FRAMES, 0.9].value == pytest.approx(4.0) and gains[compare.FRAMES, 0.9].holds
    assert not gains[compare.CLIP, 0.5].holds and (compare.CLIP, 0.9) not in gains
    residuals = [one for one in listed if one.figure == tasks.RESIDUAL]
    assert {one.value for one in residuals} == {0.0, 0.5} and all(one.holds for one in residuals), "a perfect fit has none"
    document = json.loads(write(0, [*listed, *found.means()]))
    page = "\n".join(compare.page(document))
    assert "frame by frame, prior 0.5" in page and "**super-resolution 4**" in page


def test_a_variant_is_tried_where_it_differs_from_ours(small):
    trials = {task: tasks.Trial.of(small, "", task) for task in ("inpainting 50 %", "super-resolution 4")}
    there = {task: {name for name in ablations.VARIANTS if ablations.tried(name, trial)} for task, trial in trials.items()}
    assert set(ablations.VARIANTS) - there["super-resolution 4"] == {ablations.SMOOTH_FIT}
    assert set(ablations.VARIANTS) - there["inpainting 50 %"] == {ablations.SMOOTH_FIT, ablations.APPROXIMATE}
    blurred = dataclasses.replace(trials["super-resolution 4"], operator=gaussian_blur(1.0, 5))
    assert {name for name in ablations.VARIANTS if not ablations.tried(name, blurred)} == {ablations.PLAIN_FIT}


def test_variants_change_one_thing_each():
    default = dataclasses.asdict(ablations.DEFAULT)
    assert all(set(changes) <= set(default) and len(changes) <= 1 for changes in ablations.CHANGES.values())
    assert not set(ablations.CHANGES) & set(ablations.SHARES)


def test_settings_are_not_chosen_on_scenes_of_the_comparison():
    assert not set(scene_seeds(ablations.TUNING, 50)) & set(scene_seeds(0, 50))


def test_variants_are_compared_with_ours():
    found = Samples()
    for _ in range(3):
        found.add({Key(name, "deblur 3", strength=0.0): filled(float(name == ablations.OURS)) for name in ablations.VARIANTS})
    listed = ablations.targets(found)
    gains = {one.against if one.method == ablations.OURS else one.method: one.value for one in listed if one.unit == "dB"}
    assert gains == {
        name: 1.0 if name in ("start random", ablations.APPROXIMATE) else -1.0
        for name in ablations.VARIANTS
        if name != ablations.OURS
    }
    page = "\n".join(ablations.page(json.loads(write(0, [*listed, *found.means()]))))
    assert "**deblur 3, prior 0**" in page and "no last fit above ours" in page
