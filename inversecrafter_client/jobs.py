"""Handles of jobs and of what they saved. The server's history and queue decide; its socket only makes waiting short."""

from __future__ import annotations

import itertools
import queue
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from .errors import JobCanceled, JobFailed, JobLost, OutputMissing, ServerError, ServerUnreachable
from .events import CANCELED, FAILED, QUEUED, RUNNING, SUCCEEDED, TERMINAL, Event, OutputReady, Progress, StatusChange
from .files import free_name, publish, writing

if TYPE_CHECKING:
    from .client import Client

POLL_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Between looks at a job where there is no socket; with one, the last of them in case a message was lost."""
LOOK = ("connection", "execution_error", "execution_interrupted")
"""Messages after which the history may say more: the job ended, or messages were missed."""
GONE = "Its server was restarted, or its history was cleared. Send it again."


@dataclass(frozen=True)
class Output:
    """A file that a node saved: ``node_id``, its ``name``, folder and kind (``output``, ``temp``) on the server.

    ``label`` is the title of its node as a folder's name, as in ``"Latent_mask_white_is_known"``.
    """

    client: Client
    job_id: str
    node_id: str
    name: str
    subfolder: str = ""
    kind: str = "output"
    label: str = ""

    @property
    def _where(self) -> dict[str, str]:
        return {"filename": self.name, "subfolder": self.subfolder, "type": self.kind}

    def exists(self) -> bool:
        """Return whether the server still has it."""
        return self.client.transport.size("/view", **self._where) is not None

    def to_bytes(self) -> bytes:
        """Return the content."""
        with self._present():
            return self.client.transport.content("/view", **self._where)

    def to_stream(self, stream: BinaryIO) -> int:
        """Write the content to a stream; return the number of bytes."""
        with self._present():
            return self.client.transport.download("/view", stream, **self._where)

    def to_file(self, path: Path | str, rename: bool = False) -> Path:
        """Save the content, whole or not at all, and never over another file.

        Args:
            rename: take ``name-2``, ``name-3``, … where the name is taken, in place of ResultExists.

        Returns:
            the path.
        """
        path = Path(path)
        part = path.with_name(f".{path.name}.{self.job_id[:13]}.part")
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with writing(path), part.open("wb") as stream:
                self.to_stream(stream)
            chosen = free_name(path) if rename else path
            publish(part, chosen)
        finally:
            part.unlink(missing_ok=True)
        return chosen

    def _present(self) -> _Present:
        return _Present(self)


@dataclass(frozen=True)
class _Present:
    """A block in which the server's 404 means that it has the file no longer."""

    output: Output

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        if isinstance(problem, ServerError) and problem.status == 404:
            found = f"the server has {self.output.name} no longer"
            raise OutputMissing(f"job {self.output.job_id}", found, "Send the job again.") from None


class Job:
    """A job on a server. ``status`` and ``outputs`` are as of the last ``refresh``, ``wait``, ``result`` or event.

    Args:
        titles: of its nodes, by id, for progress.
    """

    def __init__(self, client: Client, job_id: str, titles: dict[str, str] | None = None):
        self.client, self.id, self._titles = client, job_id, titles or {}
        self.status: str = QUEUED
        self.queue_position: int | None = None
        self.queued_on: int | None = None
        """The listener's connection when the server last had the job in its queue."""
        self.node_outputs: dict[str, dict[str, Any]] = {}
        self._failure: JobFailed | None = None
        self._box = client.listener.box(job_id)

    def __repr__(self) -> str:
        return f"Job(id={self.id!r}, status={self.status!r})"

    @property
    def outputs(self) -> list[Output]:
        """Every file that the job saved, also as previews."""
        return [one for node, output in self.node_outputs.items() for one in self._files(node, output)]

    @property
    def error(self) -> JobFailed | None:
        """The failure of a job that failed or was cancelled, else None."""
        return self._failure

    def get_outputs(self, node_id: str) -> list[Output]:
        """Return the files that one node saved."""
        return [output for output in self.outputs if output.node_id == node_id]

    def require_outputs(self, node_id: str) -> list[Output]:
        """Return the files that one node saved; OutputMissing where it saved none."""
        saved = self.get_outputs(node_id)
        if not saved:
            raise OutputMissing(f"job {self.id}", "it saved nothing", "Does the workflow end in Save Video or Save Image?")
        return saved

    def get_output(self, node_id: str) -> Output:
        """Return the first file that one node saved; OutputMissing where it saved none."""
        return self.require_outputs(node_id)[0]

    def refresh(self) -> Job:
        """Ask the server once; return this job. Raises JobLost when the server does not know it."""
        if self._finished():
            return self
        connection = self.client.listener.connection
        place = self.client.place(self.id)
        if place is not None:
            self.queued_on = connection
            self.status, self.queue_position = (RUNNING, None) if place < 0 else (QUEUED, place)
        elif self._finished():  # it ended between the two questions
            return self
        elif self.id in self.client.canceled or self._deleted():
            self.status, self._failure = CANCELED, cancellation(self.id)
        else:
            raise JobLost(f"job {self.id}", f"{self.client.url} does not know it", GONE, self.status == RUNNING)
        return self

    def wait(self, timeout: float | None = None) -> Job:
        """Wait until the job has ended, however it did, and return it. Raises TimeoutError after so many seconds, JobLost."""
        for _ in self.events(timeout):
            pass
        return self

    def result(self, timeout: float | None = None) -> Job:
        """Wait, and return the job; raises JobFailed or JobCanceled unless it succeeded."""
        self.wait(timeout)
        if self._failure:
            raise self._failure
        return self

    def cancel(self) -> Job:
        """Take the job out of the queue, or stop it; a request: look at ``status`` after ``wait``."""
        self.client.cancel(self.id)
        return self

    def events(self, timeout: float | None = None) -> Iterator[Event]:
        """Yield what happens to the job until it has ended, with its last StatusChange at the end.

        Where the socket drops it is opened again, and the job's state is asked for meanwhile. Raises as ``wait``.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        reader = _Reader(self)
        self.client.listener.start()
        self._refresh_patiently()
        while self.status in TERMINAL and (message := self._next(0, deadline=0.0)):  # what it did meanwhile
            yield from reader.events(message)
        yield StatusChange(self.status, self.queue_position)
        quiet = 0
        while self.status not in TERMINAL:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"job {self.id} did not end within {timeout:g} s; it is {self.status}")
            before = (self.status, self.queue_position)
            message = self._next(quiet, deadline)
            quiet = quiet + 1 if message is None else 0
            if message is None or message["type"] in LOOK or _ends(message):
                self._refresh_patiently()
            else:
                self.status, self.queue_position = RUNNING, None
            if message is not None:
                yield from reader.events(message)
            if (self.status, self.queue_position) != before:
                yield StatusChange(self.status, self.queue_position)

    def _next(self, quiet: int, deadline: float | None) -> dict[str, Any] | None:
        """Return the next message, or None after the pause between two looks, which grows where there is no socket."""
        pause = POLL_SECONDS[-1 if self.client.listener.connected else min(quiet, len(POLL_SECONDS) - 1)]
        if deadline is not None:
            pause = max(0.0, min(pause, deadline - time.monotonic()))
        try:
            return self._box.get(timeout=pause)
        except queue.Empty:
            return None

    def _refresh_patiently(self) -> None:
        """Refresh; a server that does not answer gets the client's ``patience``, for it may be starting again."""
        deadline = time.monotonic() + self.client.patience
        for number in itertools.count():
            try:
                self.refresh()
                return
            except ServerUnreachable:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(POLL_SECONDS[min(number, len(POLL_SECONDS) - 1)])

    def _finished(self) -> bool:
        """Read the history; return whether the job is there."""
        entry = self.client.history(self.id)
        if not entry:
            return False
        self.node_outputs = entry.get("outputs", {})
        self._failure = _failure(self.id, entry)
        self.status = SUCCEEDED if self._failure is None else CANCELED if isinstance(self._failure, JobCanceled) else FAILED
        self.queue_position = None
        return True

    def _deleted(self) -> bool:
        """Return whether somebody took the job out of the queue: it has not run, and its server was there all the time."""
        unbroken = self.queued_on is not None and self.queued_on == self.client.listener.connection
        return unbroken and self.status == QUEUED and self._box.empty()

    def _files(self, node: str, output: dict[str, Any]) -> list[Output]:
        listed = [entry for value in output.values() if isinstance(value, list) for entry in value]
        label = "_".join("".join(c if c.isalnum() else " " for c in self._titles.get(node, node)).split())
        return [
            Output(
                self.client, self.id, node, entry["filename"], entry.get("subfolder", ""), entry.get("type", "output"), label
            )
            for entry in listed
            if isinstance(entry, dict) and "filename" in entry
        ]


def cancellation(job_id: str, node: tuple[str, str, str] = ("", "", "")) -> JobCanceled:
    """Return the error of a job that was cancelled, at a node where that is known."""
    return JobCanceled(job_id, "cancelled", "Send it again if it is still wanted.", node)


def _ends(message: dict[str, Any]) -> bool:
    """Return whether a message is the server's last one of a job."""
    return message["type"] == "executing" and message["data"]["node"] is None


class _Reader:
    """The events of one job's messages."""

    def __init__(self, job: Job):
        self.job, self.done, self.node = job, set[str](), ""

    def events(self, message: dict[str, Any]) -> Iterator[Event]:
        """Yield the events of a message."""
        kind, data, arrived = message["type"], message["data"], message.get("arrived", 0.0)
        if kind == "execution_cached":
            self.done |= set(data["nodes"])
        elif kind == "executing":
            self.done |= {self.node} - {""}
            self.node = data["node"] or ""
            yield self._progress(arrived)
        elif kind == "progress":
            yield self._progress(arrived, int(data["value"]), int(data["max"]), data.get("node"))
        elif kind == "executed":
            yield from (OutputReady(one) for one in self.job._files(data["node"], data.get("output") or {}))

    def _progress(self, arrived: float, step: int | None = None, steps: int | None = None, node: str | None = None) -> Progress:
        node, total = node or self.node, len(self.job._titles)
        share = min(1.0, len(self.done) / total) if total else 0.0
        return Progress(share, self.job._titles.get(node, ""), len(self.done), total, node, step, steps, arrived)


def _failure(job_id: str, entry: dict[str, Any]) -> JobFailed | None:
    """Return the failure that a history entry tells of, None for success."""
    status = entry.get("status") or {}
    for kind, data in status.get("messages", []):
        node = (data.get("node_id") or "", data.get("node_type") or "", data.get("exception_type", ""))
        if kind == "execution_error":
            message = data["exception_message"].strip()
            return JobFailed(
                job_id, f"node {node[0]} ({node[1]}): {message}", "Mend the input that it names and send it again.", node
            )
        if kind == "execution_interrupted":
            return cancellation(job_id, node)
    if status.get("status_str") == "error":
        return JobFailed(job_id, "failed, and the server says no more", "Look at the server's log.")
    return None
