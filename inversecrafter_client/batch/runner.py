"""The run of a batch: what is left to do, and how results get their names."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ..client import LOCAL
from ..errors import ClientError, InvalidManifest, ResultExists
from ..files import free_name, numbered_name, publish, publish_free, sha256, writing
from .cluster import Cluster
from .engines import Engine, Threads
from .manifest import Row, read_manifest
from .record import DONE, FAILED, FETCHED, SENT, Record, locked
from .schedule import Schedule, Task
from .started import Start
from .worker import Result

PART = ".part"
"""What marks the files in which results arrive."""


@dataclass(frozen=True)
class Options:
    """Options of a batch.

    Attributes:
        workflow: of rows that name none.
        depth: jobs that each server is given at once: one runs, the next waits, so that none stands idle.
        timeout: seconds without a byte after which a call counts as unanswered.
        patience: seconds without any server after which the batch stops; the same command goes on later.
        attempts: how often a server may go away in the middle of a job, before the job counts as failed: it may be why.
        rename: give a result whose name another file has the name ``name-2``, …, in place of ResultExists.
        ray: address of a Ray cluster, ``local`` for one on this machine; None for threads of this process.
    """

    workflow: str | None = None
    depth: int = 2
    timeout: float = 60
    patience: float = 600
    attempts: int = 5
    rename: bool = False
    ray: str | None = None


@dataclass
class Summary:
    """Results of a batch: those made now, those that were there, and the errors of those that failed, by their paths.

    ``beside``: the further files of results that are several, by the first one's path. ``left``: sentences about results that
    no row asked for.
    """

    made: list[Path] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    failed: dict[Path, str] = field(default_factory=dict)
    beside: dict[Path, list[Path]] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


Report = Callable[[Summary, int], None]
"""Called after each job with the summary so far and the number of jobs."""


def run_batch(
    manifest: Path,
    servers: Sequence[str | Start] = (LOCAL,),
    options: Options | None = None,
    report: Report | None = None,
) -> Summary:
    """Deliver every job of a manifest, each once, and return what became of them.

    What a former run delivered is kept; what a server has already is fetched, not made again. A job whose server goes away is
    given to another, or to the same when it is back. One that fails is recorded, and the others go on.

    Args:
        servers: addresses of servers that run, and servers to start for as long as the batch lasts.
        report: called after each job.

    Raises:
        InvalidManifest, BatchLocked, ResultExists, WriteFailed: nothing was overwritten.
        ServerUnreachable: no server answered for ``patience`` seconds.
    """
    options, manifest = options or Options(), Path(manifest).resolve()
    if not manifest.is_file():
        raise InvalidManifest(str(manifest), "no such file", "Give the path of a CSV or JSONL file.")
    with locked(manifest):
        batch = Batch(manifest, options, report or (lambda _summary, _count: None))
        batch.run(list(dict.fromkeys(one if isinstance(one, Start) else one.rstrip("/") for one in servers)))
        return batch.summary


class Batch:
    """One manifest: its rows, their record, and the summary so far."""

    def __init__(self, manifest: Path, options: Options, report: Report):
        self.options, self.summary, self._report = options, Summary(), report
        self._rows, self._record = read_manifest(manifest, options.workflow), Record(manifest)
        self._outs = {row.out for row in self._rows}
        self.summary.left = list(dict.fromkeys(row.left for row in self._rows if row.left))

    def run(self, servers: Sequence[str | Start]) -> None:
        """Deliver what is left to do."""
        left: dict[str, list[Row]] = {}
        _remove_parts(self._rows)  # of a run that was killed
        for row in self._rows:
            if not self._delivered(row):
                left.setdefault(row.job_id, []).append(row)
        if not left:
            return
        tasks = [self._task(rows[0]) for rows in left.values()]
        try:
            with closing(self._engine(servers)) as engine:
                options = self.options
                schedule = Schedule(
                    engine, [str(server) for server in servers], options.depth, options.patience, options.attempts
                )
                self._go(schedule, tasks, left)
        finally:
            _remove_parts(self._rows)

    def _engine(self, servers: Sequence[str | Start]) -> Engine:
        depth, timeout, ray = self.options.depth, self.options.timeout, self.options.ray
        return Cluster(servers, depth, timeout, ray) if ray else Threads(servers, depth, timeout)

    def _go(self, schedule: Schedule, tasks: Sequence[Task], left: dict[str, list[Row]]) -> None:
        """Run the schedule; equal jobs are made once, and each of their rows gets a copy."""
        try:
            for task, result, problem in schedule.run(tasks):
                for row in left[task.row.job_id]:
                    self._take(row, task, result, problem)
                for path, _ in result or ():
                    path.unlink()
        except KeyboardInterrupt:
            schedule.cancel()
            raise

    def _take(self, row: Row, task: Task, result: Result | None, problem: ClientError | None) -> None:
        """Record what the schedule says of a row's job, and give its result its name."""
        if result is not None:
            self._deliver(row, result)
        elif problem is not None:
            self._fail(row, str(problem))
        else:
            self._record.note(row.out, row.job_id, SENT, server=task.owner or "")

    def _delivered(self, row: Row) -> bool:
        """Return whether a row's result is here. Raises ResultExists for a file that this batch did not make."""
        entry = self._record[row.out]
        if entry.get("job_id") == row.job_id and entry["status"] in (FETCHED, DONE):
            result = row.out.with_name(entry["result"])
            # A run that ended between giving a result its name and recording that left `fetched`.
            if result.is_file() and (entry["status"] == DONE or sha256(result) == entry["sha256"]):
                if entry["status"] == FETCHED:
                    self._record.note(row.out, row.job_id, DONE, result=result.name, sha256=entry["sha256"])
                self.summary.kept.append(result)
                return True
        if row.out.exists() and not self.options.rename:
            other = "job_id" in entry and entry["job_id"] != row.job_id
            found = "exists, made by the job that this row was before" if other else "exists, and this batch did not make it"
            raise ResultExists(str(row.out), found, "Remove it, change the row's 'out', or add --rename.")
        return False

    def _task(self, row: Row) -> Task:
        entry = self._record[row.out]
        with writing(row.out):
            row.out.parent.mkdir(parents=True, exist_ok=True)
        sent = entry.get("status") == SENT and entry.get("job_id") == row.job_id
        return Task(row, _parts(row)[0], entry["server"] if sent else None)

    def _deliver(self, row: Row, result: Result) -> None:
        """Give a result its name, recorded before and after; its further files first, so that a recorded result is whole."""
        target = free_name(row.out) if self.options.rename else row.out
        own, ((part, digest), *others) = _parts(row)[1], result
        for number, (path, _) in enumerate(others, 2):
            with writing(row.out):
                shutil.copyfile(path, own)
            name = publish_free(own, numbered_name(target, number, len(result), path.suffix), self._outs)
            self.summary.beside.setdefault(target, []).append(name)
        with writing(row.out):
            shutil.copyfile(part, own)
        try:
            self._record.note(row.out, row.job_id, FETCHED, result=target.name, sha256=digest)
            publish(own, target)
            self._record.note(row.out, row.job_id, DONE, result=target.name, sha256=digest)
        finally:
            own.unlink(missing_ok=True)
        self.summary.made.append(target)
        self._report(self.summary, len(self._rows))

    def _fail(self, row: Row, problem: str) -> None:
        self._record.note(row.out, row.job_id, FAILED, error=problem)
        self.summary.failed[row.out] = problem
        self._report(self.summary, len(self._rows))


def _parts(row: Row) -> tuple[Path, Path]:
    """Return the files in which a result arrives, and is made ready for its name."""
    name = f".{row.out.name}.{row.job_id[:13]}{PART}"
    return row.out.with_name(name), row.out.with_name(f"{name}.{row.line}")


def _remove_parts(rows: Sequence[Row]) -> None:
    """Remove the files in which results of these rows arrive, from their folders."""
    names: dict[Path, set[str]] = {}
    for row in rows:
        names.setdefault(row.out.parent, set()).add(_parts(row)[0].name)
    for folder, parts in names.items():
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name.rpartition(PART)[0] + PART in parts:
                path.unlink(missing_ok=True)
