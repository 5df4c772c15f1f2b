"""Errors of the client, each a type of its own: the thing concerned, what was found there, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any


class ClientError(RuntimeError):
    """Base of every error of this client.

    Args:
        name: the thing concerned, e.g. ``"video"`` or a server's address.
        found: what was found there.
        advice: what to do, as an imperative sentence.
    """

    def __init__(self, name: str, found: str, advice: str):
        super().__init__(name, found, advice)  # all three, so that the error travels between processes
        self.name, self.found, self.advice = name, found, advice

    def __str__(self) -> str:
        return f"{self.name}: {self.found.rstrip('.')}. {self.advice}"


class ServerUnreachable(ClientError):
    """No answer: nobody listens there, the connection broke, or the answer took too long."""


class ServerError(ClientError):
    """An HTTP error, or an answer that no ComfyUI gives."""

    def __init__(self, name: str, found: str, advice: str, status: int = 0):
        super().__init__(name, found, advice)
        self.args = (name, found, advice, status)
        self.status = status


class InvalidWorkflow(ClientError):
    """A workflow that the server refuses, or that is none. ``node_errors`` is the server's own list, by node id."""

    def __init__(self, name: str, found: str, advice: str, node_errors: dict[str, Any] | None = None):
        super().__init__(name, found, advice)
        self.args = (name, found, advice, node_errors)
        self.node_errors = node_errors or {}


class UnknownWorkflow(ClientError):
    """A name that no shipped workflow has."""


class UnknownOverride(ClientError):
    """A name that the workflow has no input for."""


class InvalidOverride(ClientError):
    """A value that the input does not take, or a file that nobody gave."""


class JobFailed(ClientError):
    """A job that ended in an error, with the node that failed and the message its author wrote."""

    def __init__(self, job_id: str, found: str, advice: str, node: tuple[str, str, str] = ("", "", "")):
        super().__init__(f"job {job_id}", found, advice)
        self.args = (job_id, found, advice, node)
        self.job_id, self.message = job_id, found
        self.node_id, self.node_type, self.kind = node


class JobCanceled(JobFailed):
    """A job that was cancelled, by this client or by another."""


class JobLost(ClientError):
    """A job that the server no longer knows: it was restarted, or its history was cleared. ``running``: in the middle of it."""

    def __init__(self, name: str, found: str, advice: str, running: bool = False):
        super().__init__(name, found, advice)
        self.args = (name, found, advice, running)
        self.running = running


class OutputMissing(ClientError):
    """A finished job without the file that was wanted."""


class ResultExists(ClientError):
    """A file where a result would go; nothing is overwritten."""


class WriteFailed(ClientError):
    """A result or a record that could not be written, on a full disk for example."""


class InvalidManifest(ClientError):
    """A manifest that cannot be read, or a line of it."""


class BatchLocked(ClientError):
    """A manifest that another batch is working on."""


class MissingPackage(ClientError):
    """An optional package that the command needs."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return advice that names the known words nearest to a name, or all of them when none is near."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(close)}?" if close else f"Choose one of: {', '.join(known) or 'none'}."
