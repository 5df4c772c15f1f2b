"""The schedule of a batch: jobs to servers, and again when a server goes away."""

from __future__ import annotations

import itertools
import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import (
    ClientError,
    InvalidOverride,
    InvalidWorkflow,
    JobFailed,
    JobLost,
    OutputMissing,
    ServerError,
    ServerUnreachable,
)
from .engines import Engine
from .manifest import Row
from .worker import Result

logger = logging.getLogger(__name__)
REST_SECONDS = (0.5, 1.0, 2.0)
"""Between attempts on a server that does not answer."""
TICK_SECONDS = 0.2
"""Between looks at servers that rest, while nothing else happens."""
PROBLEMS_OF_A_SERVER = (ServerUnreachable, ServerError, JobLost)
PROBLEMS_OF_A_JOB = (JobFailed, InvalidOverride, OutputMissing)


@dataclass
class Server:
    """A server as the schedule sees it: the jobs it has, those it was given before it went away, and since when it is away."""

    url: str
    given: set[str] = field(default_factory=set)
    strays: set[str] = field(default_factory=set)
    away_since: float | None = None
    problems: int = 0
    rests_until: float = 0.0

    def answered(self) -> None:
        """Note that it is there."""
        self.away_since, self.problems = None, 0

    def rest(self, now: float) -> None:
        """Note that it did not answer, and leave it alone for a while."""
        self.away_since = self.away_since or now
        self.rests_until = now + REST_SECONDS[min(self.problems, len(REST_SECONDS) - 1)]
        self.problems += 1


@dataclass
class Task:
    """A job to bring to its end.

    Attributes:
        part: file that its result is written to.
        owner: server that has it.
        withdrawn: other jobs that its owner is to drop, since they went elsewhere while it was away.
        refused: servers that lack what it needs.
        losses: how often a server went away in the middle of the job, or answered with an error.
    """

    row: Row
    part: Path
    owner: str | None = None
    withdrawn: tuple[str, ...] = ()
    refused: set[str] = field(default_factory=set)
    losses: int = 0


class Schedule:
    """Deliveries of tasks by an engine; iterate over it for each one's end.

    Args:
        depth: tasks that a server has at once.
        patience: seconds without any server after which iterating raises that server's error.
        attempts: losses after which a task counts as failed.
    """

    def __init__(self, engine: Engine, servers: Sequence[str], depth: int, patience: float, attempts: int):
        self._engine, self._servers = engine, {url: Server(url) for url in servers}
        self._depth, self._patience, self._attempts = depth, patience, attempts
        self._waiting: deque[Task] = deque()
        self._running: dict[Future[Result], tuple[Task, Server]] = {}
        self._last: ClientError | None = None

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Result | None, ClientError | None]]:
        """Yield each task when it starts, without a result, and when it ends, with its result or its error."""
        self._waiting = deque(tasks)
        while self._waiting or self._running:
            for task in self._handed_out():
                yield task, None, None
            ended, _ = wait(self._running, TICK_SECONDS, FIRST_COMPLETED)
            if not self._running:
                time.sleep(TICK_SECONDS)
            for future in ended:
                yield from self._settled(future)
            self._require_a_server()

    def cancel(self) -> None:
        """Cancel what the servers were given and have not delivered."""
        for task, server in self._running.values():
            self._engine.cancel(server.url, task.row.job_id)

    def _handed_out(self) -> Iterator[Task]:
        """Give tasks to servers with room, first one to each, then the next to each."""
        for room, server in itertools.product(range(self._depth), self._servers.values()):
            if len(server.given) > room or time.monotonic() < server.rests_until:
                continue
            task = self._next_for(server)
            if task is not None:
                task.owner = server.url
                server.given.add(task.row.job_id)
                yield task  # recorded before it is sent
                task.withdrawn, server.strays = tuple(server.strays - server.given), set[str]()
                future = self._engine.deliver(server.url, task.row, task.part, task.withdrawn)
                self._running[future] = (task, server)

    def _next_for(self, server: Server) -> Task | None:
        """Take the first task that this server has not refused and no other one has, as far as those are there."""
        for task in self._waiting:
            if server.url in task.refused:
                continue
            other = self._servers.get(task.owner or "")
            if other in (None, server) or (other and other.away_since is not None):
                self._waiting.remove(task)
                return task
        return None

    def _settled(self, future: Future[Result]) -> Iterator[tuple[Task, Result | None, ClientError | None]]:
        task, server = self._running.pop(future)
        server.given.discard(task.row.job_id)
        problem = future.exception()
        if problem is None:
            server.answered()
            yield task, future.result(), None
        elif isinstance(problem, PROBLEMS_OF_A_JOB):
            server.answered()
            yield task, None, problem
        elif isinstance(problem, InvalidWorkflow):
            server.answered()
            task.owner = None
            task.refused.add(server.url)
            if task.refused == set(self._servers):
                yield task, None, problem
            else:
                self._waiting.append(task)  # another server may have what this one lacks
        elif isinstance(problem, PROBLEMS_OF_A_SERVER):
            self._lost(task, server, problem)
            if task.losses >= self._attempts:
                yield task, None, problem
            else:
                self._waiting.appendleft(task)
        else:
            raise problem

    def _lost(self, task: Task, server: Server, problem: ClientError) -> None:
        logger.info("%s", problem)
        task.owner, self._last = None, problem
        server.strays |= {task.row.job_id, *task.withdrawn}  # it may not have heard of those
        if isinstance(problem, JobLost):
            server.answered()  # it had begun the job; whether it is there now, the next one finds out
        else:
            server.rest(time.monotonic())
        task.losses += problem.running if isinstance(problem, JobLost) else isinstance(problem, ServerError)

    def _require_a_server(self) -> None:
        """Raise the last error of a server when all that may take a task have been away for too long."""
        if self._running or self._last is None:
            return
        for task in self._waiting:
            away = [server.away_since for url, server in self._servers.items() if url not in task.refused]
            if all(since is not None and time.monotonic() - since > self._patience for since in away):
                raise self._last
