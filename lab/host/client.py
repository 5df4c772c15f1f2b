"""Talk to a running host: prompts over HTTP, progress over its WebSocket.

``Client`` is synchronous: a background thread listens to the socket and sorts messages by prompt.
"""

from __future__ import annotations

import asyncio
import json
import queue
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import requests

Prompt = dict[str, dict[str, Any]]
HTTP_SECONDS = 60


class PromptFailed(RuntimeError):
    """A prompt was refused or ended in an error: which node, and the message its author wrote."""

    def __init__(self, message: str, node_id: str = "", node_type: str = "", kind: str = ""):
        self.message, self.node_id, self.node_type, self.kind = message.strip(), node_id, node_type, kind
        where = f"node {node_id} ({node_type}): " if node_id else ""
        super().__init__(where + self.message)


class PromptInterrupted(PromptFailed):
    """A prompt was cancelled."""


@dataclass
class Outcome:
    """Results of a finished prompt: ``outputs`` as in the host's history, and seconds spent in each node that ran."""

    prompt_id: str
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


class Client:
    """One connection to a host.

    Args:
        url: e.g. ``http://127.0.0.1:8188``.
        base: the host's base directory when it is on this machine (``input``, ``output`` are in it).
        log: the host's log file, for messages.
        pid: the host's process, for its memory.
    """

    def __init__(self, url: str, base: Path | None = None, log: Path | None = None, pid: int | None = None):
        self.url, self.base, self.log, self.pid = url.rstrip("/"), base, log, pid
        self.client_id = uuid.uuid4().hex
        self._messages: dict[str, queue.Queue[dict[str, Any]]] = defaultdict(queue.Queue)
        self._connected, self._closing = threading.Event(), threading.Event()
        self._listener = threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True)
        self._listener.start()
        if not self._connected.wait(HTTP_SECONDS):
            raise ConnectionError(f"no WebSocket at {self.url}")

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        self._listener.join(timeout=5)

    # prompts

    def queue(self, prompt: Prompt, **extra: Any) -> str:
        """Queue a prompt in API form; return its id. Raises PromptFailed when the host refuses it, naming node and input."""
        body = {"prompt": prompt, "client_id": self.client_id, **extra}
        reply = requests.post(f"{self.url}/prompt", json=body, timeout=HTTP_SECONDS)
        if reply.status_code != 200:
            raise _refusal(reply.json())
        answer = reply.json()
        if answer.get("node_errors"):
            # The host drops the faulty outputs and runs the others: a script wants the fault, not a part of the answer.
            self._withdraw(answer["prompt_id"])
            raise _refusal(answer)
        return answer["prompt_id"]

    def _withdraw(self, prompt_id: str) -> None:
        """Take a prompt out of the queue, or end it if it has begun."""
        requests.post(f"{self.url}/queue", json={"delete": [prompt_id]}, timeout=HTTP_SECONDS).raise_for_status()
        self.interrupt(prompt_id)
        self._messages.pop(prompt_id, None)

    def wait(
        self, prompt_id: str, on_progress: Callable[[str, int, int], None] | None = None, timeout: float = 1800
    ) -> Outcome:
        """Wait for a queued prompt.

        Args:
            on_progress: called with node id, steps done and steps in all. May call ``interrupt``.
            timeout: seconds, TimeoutError after them.

        Raises:
            PromptFailed: a node failed; PromptInterrupted: it was cancelled.
            ConnectionError: the host went away.
        """
        outcome, clock = Outcome(prompt_id), _NodeClock()
        failure: PromptFailed | None = None
        for message in self._until_done(prompt_id, timeout):
            data = message["data"]
            if message["type"] == "progress" and on_progress:
                on_progress(data["node"], int(data["value"]), int(data["max"]))
            elif message["type"] == "executing":
                clock.enter(data["node"], message["arrived"])
            elif message["type"] == "execution_error":
                failure = PromptFailed(data["exception_message"], data["node_id"], data["node_type"], data["exception_type"])
            elif message["type"] == "execution_interrupted":
                failure = PromptInterrupted("cancelled", data["node_id"] or "", data["node_type"] or "")
        if failure:
            raise failure
        outcome.outputs = self.history(prompt_id).get("outputs", {})
        outcome.seconds = dict(clock.seconds)
        return outcome

    def run(self, prompt: Prompt, on_progress: Callable[[str, int, int], None] | None = None, timeout: float = 1800) -> Outcome:
        """Queue a prompt and wait for it."""
        return self.wait(self.queue(prompt), on_progress, timeout)

    def interrupt(self, prompt_id: str | None = None) -> None:
        """Cancel the running prompt (only ``prompt_id`` when given)."""
        body = {"prompt_id": prompt_id} if prompt_id else {}
        requests.post(f"{self.url}/interrupt", json=body, timeout=HTTP_SECONDS).raise_for_status()

    def forget(self) -> None:
        """Drop the host's cached node outputs and loaded models, so that the next prompt runs every node."""
        body = {"unload_models": True, "free_memory": True}
        requests.post(f"{self.url}/free", json=body, timeout=HTTP_SECONDS).raise_for_status()

    # files and facts

    def upload(self, path: Path | str, overwrite: bool = True) -> str:
        """Copy a picture or video into the host's input folder; return the name its loaders know it by."""
        path = Path(path)
        with path.open("rb") as stream:
            reply = requests.post(
                f"{self.url}/upload/image",
                files={"image": (path.name, stream)},
                data={"overwrite": str(overwrite).lower(), "type": "input"},
                timeout=HTTP_SECONDS,
            )
        reply.raise_for_status()
        answer = reply.json()
        return f"{answer['subfolder']}/{answer['name']}" if answer.get("subfolder") else answer["name"]

    def files(self, outcome: Outcome, node_id: str | None = None) -> list[Path]:
        """Paths of the files a prompt saved (of one node, or of all), for a host on this machine."""
        if self.base is None:
            raise ValueError("the host's base directory is not known")
        found = []
        for key, output in outcome.outputs.items():
            entries = [entry for value in output.values() if isinstance(value, list) for entry in value]
            listed = [entry for entry in entries if isinstance(entry, dict) and "filename" in entry]
            if node_id in (None, key):
                found += [self.base / entry["type"] / entry["subfolder"] / entry["filename"] for entry in listed]
        return found

    def object_info(self, node: str | None = None) -> dict[str, Any]:
        """Return the host's description of its nodes, or of one."""
        return self.get("/object_info" + (f"/{node}" if node else "")).json()

    def history(self, prompt_id: str) -> dict[str, Any]:
        """Return the history entry of a finished prompt."""
        return self.get(f"/history/{prompt_id}").json().get(prompt_id, {})

    def get(self, path: str) -> requests.Response:
        """Return the reply to a GET; raises on an HTTP error."""
        reply = requests.get(self.url + path, timeout=HTTP_SECONDS)
        reply.raise_for_status()
        return reply

    def peak_memory(self) -> int | None:
        """Return the host process's largest resident size so far in bytes; None where the system does not say."""
        status = Path(f"/proc/{self.pid}/status")
        if self.pid is None or not status.is_file():
            return None
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    # the socket

    def _until_done(self, prompt_id: str, timeout: float) -> Iterator[dict[str, Any]]:
        """Messages of one prompt, up to the host's word that it left the queue."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                message = self._messages[prompt_id].get(timeout=min(1.0, max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                if not self._listener.is_alive():
                    raise ConnectionError(f"the host at {self.url} went away. {log_tail(self.log)}") from None
                if time.monotonic() >= deadline:
                    raise TimeoutError(f"prompt {prompt_id} did not end within {timeout:g} s") from None
                continue
            yield message
            if message["type"] == "executing" and message["data"]["node"] is None:
                del self._messages[prompt_id]
                return

    async def _listen(self) -> None:
        address = self.url.replace("http", "ws", 1) + f"/ws?clientId={self.client_id}"
        async with aiohttp.ClientSession() as session, session.ws_connect(address, max_msg_size=0) as socket:
            self._connected.set()
            while not self._closing.is_set():
                try:
                    message = await socket.receive(timeout=0.5)
                except TimeoutError:
                    continue
                if message.type == aiohttp.WSMsgType.TEXT:
                    self._sort(json.loads(message.data))
                elif message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR):
                    return

    def _sort(self, message: dict[str, Any]) -> None:
        prompt_id = message.get("data", {}).get("prompt_id")
        if prompt_id:
            self._messages[prompt_id].put({**message, "arrived": time.perf_counter()})


class _NodeClock:
    """Seconds between one ``executing`` message and the next."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._node: str | None = None
        self._since = 0.0

    def enter(self, node: str | None, now: float) -> None:
        if self._node is not None:
            self.seconds[self._node] += now - self._since
        self._node, self._since = node, now


def _refusal(answer: dict[str, Any]) -> PromptFailed:
    """Return the host's 400 answer as one message: the first faulty node, its inputs and what is wrong with them."""
    for node_id, entry in answer.get("node_errors", {}).items():
        faults = "; ".join(f"{error['message']}: {error['details']}" for error in entry["errors"])
        return PromptFailed(faults, node_id, entry.get("class_type", ""), "prompt refused")
    error = answer.get("error", answer)
    return PromptFailed(f"{error.get('message', error)} {error.get('details', '')}", kind="prompt refused")


def log_tail(log: Path | None, lines: int = 25) -> str:
    """Return the end of a log, for an error message."""
    if log is None or not log.is_file():
        return ""
    return "Its log ends:\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
