"""Engines that run workers: threads of this process, or the actors of a Ray cluster. Both give futures."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from .manifest import Row
from .started import Start
from .worker import Result, Worker


class Engine(Protocol):
    """Workers, one a server."""

    def deliver(self, server: str, row: Row, part: Path, withdrawn: tuple[str, ...]) -> Future[Result]:
        """Start a delivery; see ``Worker.deliver``."""

    def cancel(self, server: str, job_id: str) -> None:
        """Cancel a job on a server."""

    def close(self) -> None:
        """End the workers."""


class Threads:
    """A worker for each server in this process."""

    def __init__(self, servers: Sequence[str | Start], depth: int, timeout: float):
        self._workers = {str(server): Worker(server, timeout) for server in servers}
        self._pool = ThreadPoolExecutor(depth * len(servers), thread_name_prefix="batch")

    def deliver(self, server: str, row: Row, part: Path, withdrawn: tuple[str, ...]) -> Future[Result]:
        """Start a delivery in a thread."""
        return self._pool.submit(self._workers[server].deliver, row, part, withdrawn)

    def cancel(self, server: str, job_id: str) -> None:
        """Cancel a job on a server."""
        self._workers[server].cancel(job_id)

    def close(self) -> None:
        """Close the connections, which ends deliveries under way, and wait for the threads."""
        for worker in self._workers.values():
            worker.close()
        self._pool.shutdown(cancel_futures=True)
