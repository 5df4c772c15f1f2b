"""The loop that trains every model here: a :class:`Task` says what to learn, a :class:`Plan` for how long and how fast.

The budget is minutes over all restarts and the learning rate follows it. A checkpoint ``last.pt`` holds the weights, their
running average where one is kept, the optimiser, and what the task adds; a stopped run goes on from there.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from inversecrafter_core.errors import InputError

from .optimiser import Muon
from .records import add_row, load_checkpoint, save_checkpoint

AVERAGE_START = 20
"""Steps after which the running average remembers half of what came before; at first it is shorter."""


class Task:
    """A model and its lesson; every model here makes a subclass."""

    model: torch.nn.Module

    def batch(self, step: int, along: float) -> Any:
        """Draw what step ``step`` learns from; ``along`` is the share of the minutes that is spent."""
        raise NotImplementedError

    def loss(self, batch: Any) -> torch.Tensor:
        """Return what a step makes smaller."""
        raise NotImplementedError

    def score(self, weights: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return the curve's columns on held-out data, of the averaged weights, or of the model's where none is kept."""
        return {}

    def state(self) -> dict[str, Any]:
        """Return what the checkpoint holds besides; :meth:`restore` takes it back."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what :meth:`state` gave."""


def cosine(along: float, step: int, warm_up: float = 0.03, floor: float = 0.02) -> float:
    """Linear warm-up, then a cosine down to ``floor``; ``along`` is in 0...1."""
    if along < warm_up:
        return max(0.02, along / warm_up)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (along - warm_up) / (1 - warm_up)))


def level(along: float, step: int, warm_up: int = 200, cool_down: float = 0.2) -> float:
    """Linear warm-up over steps, then 1, then down over the last ``cool_down`` of the time."""
    return min(1.0, (step + 1) / warm_up, max(0.01, (1 - along) / cool_down))


class Clock:
    """Minutes trained so far, over restarts; ``seconds`` is the time of day, or ``time.process_time`` on a shared core."""

    def __init__(self, total: float, spent: float = 0.0, seconds: Callable[[], float] = time.monotonic):
        self.total, self._before, self._seconds, self._start = total, spent, seconds, seconds()

    @property
    def spent(self) -> float:
        return self._before + (self._seconds() - self._start) / 60

    @property
    def along(self) -> float:
        return min(1.0, self.spent / self.total)


@dataclass(frozen=True)
class Plan:
    """The course of a run.

    Attributes:
        folder: of its checkpoint and curve.
        minutes: over all restarts, by ``seconds``.
        rate: the highest learning rate; ``schedule`` of the spent share and the step gives the part of it in use.
        average: what the running average keeps of itself a step; 0 = there is none.
        save, report: minutes between checkpoints, and between scores.
        identity: of the model; a folder that holds another one is refused.
    """

    folder: Path
    minutes: float
    rate: float
    schedule: Callable[[float, int], float] = cosine
    seconds: Callable[[], float] = time.monotonic
    average: float = 0.0
    save: float = 2.0
    report: float = 2.0
    identity: str | None = None


class Run:
    """A task in progress: all that a checkpoint holds, and one step of it."""

    def __init__(self, task: Task, plan: Plan):
        self.task, self.plan, self.step = task, plan, 0
        self.optimiser = Muon(task.model.parameters(), lr=plan.rate)
        before = load_checkpoint(self.checkpoint) if self.checkpoint.is_file() else None
        if before is not None:
            self._restore(before)
        self.average = {name: value.detach().clone() for name, value in task.model.state_dict().items() if plan.average}
        if before is not None and plan.average:
            self.average = {name: value.to(self.average[name].device) for name, value in before["average"].items()}
        self.clock = Clock(plan.minutes, before["minutes"] if before else 0.0, plan.seconds)

    @property
    def checkpoint(self) -> Path:
        return self.plan.folder / "last.pt"

    def _restore(self, before: dict[str, Any]) -> None:
        if before.get("identity") != self.plan.identity:
            found = f"{self.plan.folder.name} holds a run of another VAE or model"
            raise InputError("--run", found, "Give another name, or remove that folder.")
        self.task.model.load_state_dict(before["model"])
        self.optimiser.load_state_dict(before["optimiser"])
        self.task.restore(before)
        self.step = before["step"]

    def state(self) -> dict[str, Any]:
        """Return what the checkpoint holds."""
        state = {"model": self.task.model.state_dict(), "optimiser": self.optimiser.state_dict(), **self.task.state()}
        state |= {"average": self.average} if self.average else {}
        state |= {"identity": self.plan.identity} if self.plan.identity else {}
        return state | {"minutes": self.clock.spent, "step": self.step}

    def rate(self) -> float:
        """Return the learning rate of the next step."""
        return self.plan.rate * self.plan.schedule(self.clock.along, self.step)

    def learn(self, batch: Any) -> float:
        """Take one step on ``batch``; return its loss."""
        rate = self.rate()
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        loss = self.task.loss(batch)
        loss.backward()
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
        keep = min(self.plan.average, self.step / (self.step + AVERAGE_START))
        for name, value in self.task.model.state_dict().items() if self.average else ():
            if value.is_floating_point():
                self.average[name].lerp_(value, 1 - keep)
        return float(loss.detach())

    def fit(self) -> None:
        """Learn until the minutes are spent, with checkpoints and scores on the way and at the end."""
        random.seed(self.step)
        torch.manual_seed(self.step)
        clock, plan, losses = self.clock, self.plan, list[float]()
        saved, reported = clock.spent, clock.spent - plan.report * (self.step == 0)
        along = clock.along
        while along < 1:
            losses.append(self.learn(self.task.batch(self.step, along)))
            along = clock.along
            if along >= 1 or clock.spent - saved > plan.save:
                saved = clock.spent
                save_checkpoint(self.checkpoint, self.state())
            if along >= 1 or clock.spent - reported > plan.report:
                reported = clock.spent
                self._report(losses)

    def _report(self, losses: list[float]) -> None:
        plan, weights = self.plan, self.average or self.task.model.state_dict()
        row = {"minutes": self.clock.spent, "step": self.step, "rate": self.rate(), "loss": sum(losses) / len(losses)}
        add_row(plan.folder / "curve.csv", row | self.task.score(weights))
        losses.clear()
