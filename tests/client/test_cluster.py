"""The engine of actors, with a Ray of the test's own; tests/server has real ones."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from inversecrafter_client.batch.cluster import LOCAL_CLUSTER, Cluster


class RayError(Exception):
    """Error of a Ray call."""


class Actor:
    """An actor whose calls run at once; a dead one's fail."""

    def __init__(self, name: str, log: list[str]):
        self.name, self.log = name, log
        self.close = SimpleNamespace(remote=lambda: self)

    def get(self) -> None:
        if self.name.endswith("dead"):
            raise RayError("The actor died.")
        self.log.append(f"closed {self.name}")


@pytest.fixture
def ray_log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done to actors and to the cluster, by a Ray without processes."""
    log: list[str] = []

    def options(name: str, **others: Any) -> Any:
        return SimpleNamespace(remote=lambda server, timeout: Actor(name, log))

    ray: Any = ModuleType("ray")
    ray.__spec__ = ModuleSpec("ray", None)
    ray.exceptions = SimpleNamespace(RayError=RayError)
    ray.is_initialized, ray.init, ray.cluster_resources = lambda: False, lambda **how: None, dict
    ray.remote = lambda kind: SimpleNamespace(options=options)
    ray.get = Actor.get
    ray.kill = lambda actor: log.append(f"killed {actor.name}")
    ray.shutdown = lambda: log.append("shut down")
    monkeypatch.setitem(sys.modules, "ray", ray)
    return log


def test_an_actor_that_is_dead_does_not_keep_the_others_from_ending(ray_log):
    Cluster(["first", "dead", "last"], 1, 5, LOCAL_CLUSTER).close()
    assert ray_log == [
        "closed worker of first",
        "killed worker of first",
        "killed worker of dead",
        "closed worker of last",
        "killed worker of last",
        "shut down",
    ]
