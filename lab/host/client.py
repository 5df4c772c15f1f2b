"""A host of our own as a client sees it, with what only its own machine knows: its files, its log, its memory."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import requests

from inversecrafter_client import Client, Event, Job, Progress

HTTP_SECONDS = 60


class Host(Client):
    """A connection to a host on this machine.

    Args:
        url: e.g. ``http://127.0.0.1:8188``.
        base: its base directory (``input``, ``output`` are in it).
        log: its log file, for messages.
        pid: its process, for its memory.
    """

    def __init__(self, url: str, base: Path, log: Path, pid: int):
        super().__init__(url, patience=0)
        self.base, self.log, self.pid = base, log, pid

    def upload(self, path: Path | str) -> str:
        """Copy a picture or video into the input folder under its own name, as the page does; return that name."""
        path = Path(path)
        form = self.transport.post_form("/upload/image", (path, path.name), type="input", overwrite="true")
        return str(form["name"])

    def files(self, job: Job, node_id: str | None = None) -> list[Path]:
        """Return the paths of the files that a job saved, of one node or of all."""
        return [
            self.base / output.kind / output.subfolder / output.name
            for output in job.outputs
            if node_id in (None, output.node_id)
        ]

    def get(self, path: str) -> requests.Response:
        """Return the reply to a GET; raises on an HTTP error."""
        reply = requests.get(self.url + path, timeout=HTTP_SECONDS)
        reply.raise_for_status()
        return reply

    def peak_memory(self) -> int | None:
        """Return the largest resident size so far in bytes; None where the system does not say."""
        return self._memory("VmHWM:")

    def memory(self) -> int | None:
        """Return the resident size in bytes; None where the system does not say."""
        return self._memory("VmRSS:")

    def _memory(self, key: str) -> int | None:
        status = Path(f"/proc/{self.pid}/status")
        if not status.is_file():
            return None
        line = next(line for line in status.read_text().splitlines() if line.startswith(key))
        return int(line.split()[1]) * 1024


class NodeClock:
    """Seconds between one node's beginning and the next one's, by node id."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._node, self._since = "", 0.0

    def note(self, event: Event) -> None:
        """Take an event of a job into account, in their order."""
        if isinstance(event, Progress) and event.current_node != self._node:
            if self._node:
                self.seconds[self._node] += event.arrived - self._since
            self._node, self._since = event.current_node, event.arrived


def log_tail(log: Path | None, lines: int = 25) -> str:
    """Return the end of a log, for an error message."""
    if log is None or not log.is_file():
        return ""
    return "Its log ends:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
