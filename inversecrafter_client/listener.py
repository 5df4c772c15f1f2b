"""The server's WebSocket: one connection for all jobs of a client, opened again whenever it drops."""

from __future__ import annotations

import asyncio
import json
import queue
import threading
import time
import weakref
from typing import Any

import aiohttp

from .transport import CONNECT_SECONDS, Transport

Message = dict[str, Any]
Box = queue.SimpleQueue[Message]
HEARTBEAT_SECONDS = 20
PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the first, second, … attempt to connect again."""
CONNECTION: Message = {"type": "connection", "data": {}}
"""Told to every job when the connection ends and when it is there again: messages may have been missed."""


class Listener:
    """Messages of the server, sorted by job; where there is no socket, there are none, and whoever waits polls."""

    def __init__(self, transport: Transport, client_id: str):
        self._transport, self._client_id = transport, client_id
        self._boxes: dict[str, weakref.WeakSet[Box]] = {}
        self._lock = threading.Lock()
        self._started, self._tried, self._number, self.connected = False, threading.Event(), 0, False

    @property
    def connection(self) -> int | None:
        """The number of the connection that is open, None without one: the same number is the same run of the server."""
        return self._number if self.connected else None

    def start(self) -> None:
        """Connect, if that was not begun yet, and wait for how the first attempt ends."""
        with self._lock:
            if not self._started:
                self._transport.start(self._listen())
            self._started = True
        self._tried.wait(CONNECT_SECONDS)

    def box(self, job_id: str) -> Box:
        """Return a queue of a job's messages, each with the second at which it ``arrived``, which fills while it is kept."""
        box: Box = queue.SimpleQueue()
        with self._lock:
            self._boxes = {key: boxes for key, boxes in self._boxes.items() if boxes}
            self._boxes.setdefault(job_id, weakref.WeakSet()).add(box)
        return box

    async def _listen(self) -> None:
        attempt = 0
        while True:
            try:
                attempt = await self._connection(attempt)
            except (aiohttp.ClientError, TimeoutError, OSError):
                pass  # whoever waits polls meanwhile, and says what is wrong when that fails too
            finally:
                self.connected = False
                self._tried.set()
                self._notify(CONNECTION)
            await asyncio.sleep(PAUSES[min(attempt, len(PAUSES) - 1)])
            attempt += 1

    async def _connection(self, attempt: int) -> int:
        """Read one connection to its end; return 0, the number of failed attempts since then."""
        address = self._transport.url.replace("http", "ws", 1) + f"/ws?clientId={self._client_id}"
        async with self._transport.session.ws_connect(address, heartbeat=HEARTBEAT_SECONDS, max_msg_size=0) as socket:
            self._number += 1
            self.connected = True
            self._tried.set()
            if attempt:
                self._notify(CONNECTION)
            async for message in socket:
                if message.type == aiohttp.WSMsgType.TEXT:
                    self._sort(message.data)
        return 0

    def _sort(self, text: str) -> None:
        try:
            message = json.loads(text)
            job_id = message["data"]["prompt_id"]
        except (ValueError, KeyError, TypeError):
            return  # the state of the queue, and messages of other packs
        self._notify({**message, "arrived": time.perf_counter()}, job_id)

    def _notify(self, message: Message, job_id: str | None = None) -> None:
        with self._lock:
            boxes = [box for key, listed in self._boxes.items() if job_id in (None, key) for box in listed]
        for box in boxes:
            box.put(message)
