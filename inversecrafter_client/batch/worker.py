"""The worker of a batch at one server: bring a job to its end there, and its result here."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from ..client import Client
from ..errors import ClientError, InvalidOverride, JobLost, OutputMissing, ServerUnreachable
from ..events import RUNNING
from ..files import sha256, writing
from ..jobs import GONE, Output
from .manifest import Row
from .started import OwnServer, Start

logger = logging.getLogger(__name__)
Result = tuple[tuple[Path, str], ...]
"""The files of a job's result, each with its SHA-256; the first is the part that was asked for, the others lie beside it."""


class Worker:
    """One server, used by several threads of one process.

    Args:
        server: address of one that runs, or how to start one.
        timeout: seconds without a byte after which a call counts as unanswered.
    """

    def __init__(self, server: str | Start, timeout: float):
        self._own = OwnServer(server) if isinstance(server, Start) else None
        self._client = Client(self._own.url if self._own else str(server), timeout, patience=0)
        self._given, self._giving = set[str](), threading.Lock()

    def close(self) -> None:
        """Close the connection; a server that was started here ends."""
        self._client.close()
        if self._own:
            self._own.close()

    def deliver(self, row: Row, part: Path, withdrawn: tuple[str, ...] = ()) -> Result:
        """Have a job rendered, unless the server has it already, and write its result.

        Args:
            part: file for the result, which has no final name yet; overwritten. Further files get names that begin with its.
            withdrawn: jobs that this server was given before it went away, and that are others' now.

        Returns:
            the files of the result.

        Raises:
            ServerUnreachable: the job was not begun. JobLost, ServerError: it was, and may be tried again.
            JobFailed, InvalidOverride, OutputMissing: of this job. InvalidWorkflow: of this job on this server.
        """
        if self._own:
            self._own.ensure(self._client)
        with self._giving:  # a job that comes back here must neither meet its own withdrawal nor begin in the middle of it
            for job_id in set(withdrawn) - self._given:
                self._client.cancel(job_id)
            self._given.add(row.job_id)
        try:
            return self._delivered(row, part)
        finally:
            self._given.discard(row.job_id)

    def cancel(self, job_id: str) -> None:
        """Cancel a job, if the server still answers."""
        try:
            self._client.cancel(job_id)
        except ClientError as problem:
            logger.info("%s", problem)

    def _delivered(self, row: Row, part: Path) -> Result:
        """Write a row's result; return its files."""
        made = self._made(row)
        try:
            return _written(made, part)
        except OutputMissing:
            # It was made, and somebody removed a file. A server that still has it cached would only name it again.
            self._client.renew(row.job_id)
            return _written(self._made(row), part)

    def _made(self, row: Row) -> list[Output]:
        """Return the files of a row's result on the server."""
        workflow = row.workflow()
        if workflow.content_id() != row.job_id:
            names = ", ".join(str(path) for path in row.files.values())
            raise InvalidOverride(names, "changed after the table was read", "Give the same command again.")
        job = self._client.submit(workflow, once=True)
        try:
            job.result()
        except ServerUnreachable as problem:
            found = f"its server went away while it was {job.status} ({problem.found})"
            raise JobLost(f"job {job.id}", found, GONE, job.status == RUNNING) from None
        return job.require_outputs(row.node)


def _written(outputs: list[Output], part: Path) -> Result:
    paths = [part]
    for number, output in enumerate(outputs[1:], 2):
        paths.append(part.with_name(f"{part.name}.{number}{Path(output.name).suffix or '.bin'}"))
    for output, path in zip(outputs, paths, strict=True):
        with writing(path), path.open("wb") as stream:
            output.to_stream(stream)
    return tuple((path, sha256(path)) for path in paths)
