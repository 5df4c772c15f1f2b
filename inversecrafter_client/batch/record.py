"""The record of a batch beside its manifest: what was sent where, what is delivered, and a lock against a second batch."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from ..errors import BatchLocked, InvalidManifest
from ..files import write_atomically, writing

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

SENT, FETCHED, DONE, FAILED = "sent", "fetched", "done", "failed"
VERSION = 1
Entry = dict[str, Any]


class Record:
    """State of every job of a manifest by its result's path: ``job_id``, ``status``, ``server``, ``sha256``, ``error``.

    ``sent``: it may be on that server. ``fetched``: the result is here and gets its name next. ``done``, ``failed``: it ended.
    Every change is on disk before the step that it tells of.
    """

    def __init__(self, manifest: Path):
        self.path, self._folder = manifest.with_name(f"{manifest.name}.state.json"), manifest.resolve().parent
        self._entries: dict[str, Entry] = {}
        if self.path.exists():
            self._entries = self._read()

    def __getitem__(self, out: Path) -> Entry:
        return self._entries.get(self._key(out), {})

    def note(self, out: Path, job_id: str, status: str, **facts: str) -> None:
        """Record where a job stands, on disk when this returns."""
        self._entries[self._key(out)] = {"job_id": job_id, "status": status, **facts}
        write_atomically(self.path, json.dumps({"version": VERSION, "jobs": self._entries}, indent=1) + "\n")

    def _key(self, out: Path) -> str:
        return out.relative_to(self._folder).as_posix() if out.is_relative_to(self._folder) else str(out)

    def _read(self) -> dict[str, Entry]:
        try:
            read = json.loads(self.path.read_text(encoding="utf-8"))
            entries: dict[str, Entry] = read["jobs"]
            if read["version"] != VERSION or not all("status" in entry for entry in entries.values()):
                raise ValueError("of another version")
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            advice = "Restore it, or remove it: jobs whose results are there are then named and not made again."
            raise InvalidManifest(str(self.path), f"not a record of a batch ({problem})", advice) from None
        return entries


@contextmanager
def locked(manifest: Path) -> Iterator[None]:
    """Hold the manifest's lock; the system gives it back however this process ends. Raises BatchLocked where another has it."""
    path = manifest.with_name(f"{manifest.name}.lock")
    with writing(path):
        stream = path.open("a")
    with stream:
        try:
            _lock(stream)
        except OSError:
            advice = "Wait until it ends, or end it. Batches on other manifests may run beside it."
            raise BatchLocked(str(manifest), "another batch is working on it", advice) from None
        yield
    # The file stays: removing it would let a third batch lock a new one while a second waits for this.


def _lock(stream: IO[str]) -> None:
    if sys.platform == "win32":
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
