"""The same workers as actors of a Ray cluster: one actor a server, or a GPU, restarted by Ray when its process dies.

``pip install "ray[default]"`` brings the dashboard too, where every actor, its node and its calls are seen. Ray is started on
this machine, or the cluster of ``--ray ADDRESS`` is used; its nodes must see the manifest's folder under the same path.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ClientError, MissingPackage, ServerUnreachable
from .manifest import Row
from .started import Start
from .worker import Result, Worker

LOCAL_CLUSTER = "local"
RESTARTS = 100
"""Times that Ray starts an actor again; a call under way goes to the new one, and finds its job on the server."""


class Cluster:
    """An actor for each server.

    Args:
        address: of a running cluster, ``auto`` for the one of this machine, ``local`` for one that this call starts.

    Raises:
        MissingPackage: Ray is not installed.
    """

    def __init__(self, servers: Sequence[str | Start], depth: int, timeout: float, address: str):
        if importlib.util.find_spec("ray") is None:
            advice = "Install it with: pip install ray. Without --ray one process serves all servers."
            raise MissingPackage("--ray", "Ray is not installed", advice)
        import ray

        self._ray: Any = ray
        self._own = not ray.is_initialized()
        if self._own:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody unless the user says so
            where = None if address == LOCAL_CLUSTER else address
            try:
                ray.init(address=where, log_to_driver=False, logging_level=logging.WARNING, namespace="inversecrafter")
            except ConnectionError as problem:
                raise ServerUnreachable(f"Ray at {address}", str(problem), "Start it with: ray start --head.") from None
        options = {"max_restarts": RESTARTS, "max_task_retries": RESTARTS, "max_concurrency": depth + 1, "num_cpus": 0}
        actor = ray.remote(Worker)
        gpus = ray.cluster_resources().get("GPU", 0)
        self._actors = {}
        for server in servers:
            # Ray shows an actor that starts a server one GPU, as number 0 of its own.
            placed = options | ({"num_gpus": 1} if gpus and isinstance(server, Start) else {})
            chosen = replace(server, number=0) if gpus and isinstance(server, Start) else server
            self._actors[str(server)] = actor.options(name=f"worker of {server}", **placed).remote(chosen, timeout)

    def deliver(self, server: str, row: Row, part: Path, withdrawn: tuple[str, ...]) -> Future[Result]:
        """Start a delivery in the server's actor."""
        return _plain(self._actors[server].deliver.remote(row, part, withdrawn).future())

    def cancel(self, server: str, job_id: str) -> None:
        """Cancel a job on a server."""
        self._ray.get(self._actors[server].cancel.remote(job_id))

    def close(self) -> None:
        """End the actors, and the cluster if it was started here."""
        for actor in self._actors.values():
            with suppress(self._ray.exceptions.RayError):  # one that is dead has nothing to close
                self._ray.get(actor.close.remote())
            self._ray.kill(actor)
        if self._own:
            self._ray.shutdown()


def _plain(future: Future[Result]) -> Future[Result]:
    """Return a future that ends as this one, with the worker's own error in place of Ray's wrapping."""
    outcome: Future[Result] = Future()

    def done(ended: Future[Result]) -> None:
        problem = ended.exception()
        if problem is None:
            outcome.set_result(ended.result())
        else:
            cause = getattr(problem, "cause", None)
            outcome.set_exception(cause if isinstance(cause, ClientError) else problem)

    future.add_done_callback(done)
    return outcome
