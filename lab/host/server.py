"""A real host for as long as a ``with`` block: ``with running_host() as client: client.run(prompt)``.

It listens on a free port of 127.0.0.1 only, keeps its data in a base directory of ours, has no API nodes and no telemetry, and
is gone when the block ends, however it ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import requests

from inversecrafter_client.batch.started import end_group, free_port

from .client import Host, log_tail
from .launch import OWNER
from .paths import BASE, ROOT, comfyui_path, prepare_base

__all__ = ["Host", "running_host"]
START_SECONDS = 240


@contextmanager
def running_host(
    port: int | None = None,
    extra_args: Sequence[str] = (),
    base: Path = BASE,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Host]:
    """Start a host with the pack in it, yield a connected client, stop the host.

    Args:
        port: a free one by default.
        extra_args: more host options, e.g. ``("--preview-method", "latent2rgb")``.
        base: the host's base directory; made, with the pack linked into it.
        log: where the host's output goes; ``base/host.log`` by default.
        environment: variables beside those of this process.

    Raises:
        FileNotFoundError: there is no host; run ``make setup``.
        RuntimeError: it did not come up; the message has the end of its log.
    """
    comfyui_path()
    prepare_base(base)
    port = port or free_port()
    log = log or base / "host.log"
    with log.open("w") as sink:
        process = _start(port, extra_args, base, sink, environment or {})
        try:
            _wait_until_ready(process, port, log)
            client = Host(f"http://127.0.0.1:{port}", base, log, process.pid)
            try:
                yield client
            finally:
                client.close()
        finally:
            end_group(process)


def _start(port: int, extra_args: Sequence[str], base: Path, sink: IO[str], environment: Mapping[str, str]) -> subprocess.Popen:
    import torch

    options = ["--listen", "127.0.0.1", "--port", str(port), "--base-directory", str(base)]
    options += ["--database-url", f"sqlite:///{base / 'user' / 'comfyui.db'}", "--disable-api-nodes", "--disable-auto-launch"]
    options += [] if torch.cuda.is_available() else ["--cpu"]
    quiet = {"DO_NOT_TRACK": "1", "HF_HUB_DISABLE_TELEMETRY": "1", OWNER: str(os.getpid())}
    return subprocess.Popen(
        [sys.executable, "-m", "lab.host.launch", *options, *extra_args],
        cwd=ROOT,
        env={**os.environ, **quiet, **environment},
        stdout=sink,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _wait_until_ready(process: subprocess.Popen, port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the host ended with status {process.returncode} while starting. {log_tail(log)}")
        try:
            if requests.get(f"http://127.0.0.1:{port}/system_stats", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.2)
    raise RuntimeError(f"the host was not ready after {START_SECONDS} s. {log_tail(log)}")
