"""A clock of trainings that no machine's speed moves."""

from __future__ import annotations

import pytest


@pytest.fixture
def minute_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each step of a training count as one minute of its budget, however long the step takes."""
    from lab.training import loop

    learnt, learn = [0], loop.Run.learn

    class StepClock(loop.Clock):
        def __init__(self, total, spent=0.0, seconds=None):
            super().__init__(total, spent, lambda: 60.0 * learnt[0])

    def counted(run, batch):
        found = learn(run, batch)
        learnt[0] += 1
        return found

    monkeypatch.setattr(loop, "Clock", StepClock)
    monkeypatch.setattr(loop.Run, "learn", counted)
