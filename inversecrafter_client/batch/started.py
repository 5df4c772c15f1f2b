"""Servers that a batch starts itself, one a GPU for example, and starts again when they end."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from ..client import Client
from ..errors import InvalidOverride, ServerUnreachable

START_SECONDS = 300
STOP_SECONDS = 10
GUARD = Path(__file__).with_name("guard.py")


@dataclass(frozen=True)
class Start:
    """A server to start.

    Attributes:
        command: as in a shell, with ``{port}`` where its port goes, and ``{number}`` where this number does.
        number: from 0; which GPU, for example.
        log: where its output goes.

    Raises:
        InvalidOverride: the command does not say where the port goes.
    """

    command: str
    number: int
    log: Path

    def __post_init__(self) -> None:
        if "{port}" not in self.command:
            raise InvalidOverride("--start", f"'{self.command}'", "Write {port} where the server's port goes.")

    def __str__(self) -> str:
        return f"server {self.number}"


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command, posix=os.name == "posix")
    except ValueError as problem:
        raise InvalidOverride("--start", f"{problem} in '{command}'", "Close every quote.") from None


def free_port() -> int:
    """Return a port of this machine that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session of its own, and whatever it started; first politely."""
    for how in ("SIGTERM", "SIGKILL"):
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            if os.name == "posix":
                os.killpg(process.pid, getattr(signal, how))
            else:
                process.kill()
            process.wait(STOP_SECONDS)


class OwnServer:
    """The process of a server that was started here; it listens on a free port of this machine, the same after every start.

    Raises:
        InvalidOverride: there is no such program.
    """

    def __init__(self, start: Start):
        port, words = free_port(), _words(start.command)
        if shutil.which(words[0]) is None:
            raise InvalidOverride("--start", f"no program '{words[0]}'", "Mend the command, or give the program's whole path.")
        self._command = [word.replace("{port}", str(port)).replace("{number}", str(start.number)) for word in words]
        self.url, self._log = f"http://127.0.0.1:{port}", start.log
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def ensure(self, client: Client) -> None:
        """Start the server if it does not run, and wait until it answers; ServerUnreachable names its log."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = self._started()
                self._wait_for(client, self._process)

    def close(self) -> None:
        """End the server, with what it started."""
        if self._process is not None and self._process.poll() is None:
            end_group(self._process)
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _started(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            # A session of its own: Ctrl-C is for the batch, which cancels its jobs and then ends the server. The guard ends the
            # server where the batch itself is killed: the pipe to it closes then.
            return subprocess.Popen(
                [sys.executable, str(GUARD), *self._command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_for(self, client: Client, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                found = f"the server ended with status {process.returncode} while it started"
                raise ServerUnreachable(self.url, found, f"Its log is {self._log}.")
            try:
                client.list_jobs()
                return
            except ServerUnreachable:
                time.sleep(0.2)
        raise ServerUnreachable(self.url, f"the server did not answer within {START_SECONDS} s", f"Its log is {self._log}.")
