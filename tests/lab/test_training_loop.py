"""The one training loop, on a task of one weight and a clock that ticks by the step."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
import torch

from lab.training.loop import Plan, Run, Task, cosine, level
from lab.training.records import load_checkpoint


class OneWeight(Task):
    """Learn 3."""

    def __init__(self):
        self.model, self.drawn = torch.nn.Linear(1, 1, bias=False), []
        torch.nn.init.zeros_(self.model.weight)

    def batch(self, step, along):
        self.drawn.append((step, along))
        return torch.ones(1, 1)

    def loss(self, batch):
        return (self.model(batch) - 3).square().mean()

    def score(self, weights):
        return {"weight": float(weights["weight"])}


def plan_of(folder, minutes, **changed):
    ticks = iter(range(10**6))
    plan = Plan(folder, minutes, 0.1, schedule=lambda along, step: 1.0, seconds=lambda: 6.0 * next(ticks), save=1, report=1)
    return replace(plan, **changed)


def run_of(folder, minutes, **changed):
    return Run(OneWeight(), plan_of(folder, minutes, **changed))


def test_a_run_learns_until_its_minutes_are_spent_and_goes_on_from_its_checkpoint(tmp_path):
    first = run_of(tmp_path, 10)
    first.fit()
    before = load_checkpoint(tmp_path / "last.pt")
    assert before["minutes"] >= 10 and before["step"] == first.step == len(first.task.drawn) > 10
    second = run_of(tmp_path, 20)
    assert second.step == first.step and torch.equal(second.task.model.weight, first.task.model.weight)
    second.fit()
    assert second.task.drawn[0][0] == first.step and second.task.drawn[0][1] >= 0.5
    assert abs(float(second.task.model.weight.detach()) - 3) < abs(float(first.task.model.weight.detach()) - 3)
    with (tmp_path / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["minutes", "step", "rate", "loss", "weight"]
    assert [int(row["step"]) for row in rows] == sorted({int(row["step"]) for row in rows}) and len(rows) > 5


class Normalised(OneWeight):
    """Learn 3 from two inputs, with a batch norm, whose counter is a whole number."""

    def __init__(self):
        super().__init__()
        self.model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.BatchNorm1d(1))

    def batch(self, step, along):
        return torch.tensor([[1.0], [2.0]])

    def score(self, weights):
        return {"seen": float(weights["1.num_batches_tracked"])}


def test_batch_statistics_are_averaged_too(tmp_path):
    run = Run(Normalised(), plan_of(tmp_path, 3, average=0.9))
    run.fit()
    live = run.task.model.state_dict()
    assert float((run.average["1.running_mean"] - live["1.running_mean"]).abs()) > 0
    run.task.model.load_state_dict(run.average)


def test_the_average_lags_behind_the_weights_and_is_what_is_scored(tmp_path):
    run = run_of(tmp_path, 10, average=0.9)
    run.fit()
    average = float(run.average["weight"])
    assert 0 < average < float(run.task.model.weight.detach()) and "average" in load_checkpoint(tmp_path / "last.pt")
    with (tmp_path / "curve.csv").open() as file:
        assert float(list(csv.DictReader(file))[-1]["weight"]) == pytest.approx(average, rel=1e-4)


def test_another_model_is_refused(tmp_path):
    run_of(tmp_path, 1, identity="small").fit()
    with pytest.raises(ValueError, match="holds a run of another"):
        run_of(tmp_path, 2, identity="large")


def test_rates_rise_hold_and_fall():
    assert cosine(0.0, 0) == 0.02 and cosine(0.03, 1) == pytest.approx(1) and cosine(1.0, 9) == pytest.approx(0.02)
    assert level(0.5, 0) == 1 / 200 and level(0.5, 500) == 1 and level(0.9, 500) == pytest.approx(0.5)
