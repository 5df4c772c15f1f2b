"""A small server that answers as ComfyUI does: queue, history, files, messages, and faults on demand. It renders nothing."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import web


class FakeComfy:
    """A server on a free port; ``kill`` and ``start`` again forget queue and history, as a restart does.

    Attributes:
        seconds: that a job takes.
        rendered: how often each job was brought to its end, by id; it outlives restarts.
        fault: a function of a request that may return another answer, or None.
        refused: the answer to a prompt, in place of taking it.
        failing: a node id to fail at.
        deadly: the id of a job that takes the server down each time it runs.
        saved: files that a node saves; several are pictures.
    """

    def __init__(self, seconds: float = 0.02, port: int = 0):
        self.seconds, self.port = seconds, port
        self.rendered: Counter[str] = Counter()
        self.files: dict[tuple[str, str], bytes] = {}
        self.fault: Any = None
        self.refused: dict[str, Any] | None = None
        self.failing: str | None = None
        self.deadly: str | None = None
        self.saved = 1
        self.uploads = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.history: dict[str, Any] = {}
        self.pending: list[tuple[str, dict[str, Any], str, int]] = []
        self.running: tuple[str, dict[str, Any], str, int] | None = None
        self.number = 0
        self.interrupted = False
        self.sockets: dict[str, web.WebSocketResponse] = {}
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def kill(self) -> None:
        if not self.alive:
            return
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def drop_sockets(self) -> None:
        for socket in list(self.sockets.values()):
            self._loop.call_soon_threadsafe(socket._writer.transport.abort)

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop, self._wake = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        app = web.Application(middlewares=[self._with_faults], client_max_size=1 << 26)
        app.add_routes(
            [
                web.get("/ws", self._ws),
                web.post("/prompt", self._prompt),
                web.get("/queue", self._queue),
                web.post("/queue", self._delete),
                web.get("/history/{id}", self._history),
                web.post("/history", self._forget),
                web.post("/interrupt", self._interrupt),
                web.post("/free", self._free),
                web.get("/view", self._view),
                web.post("/upload/image", self._upload),
            ]
        )
        runner = web.AppRunner(app, shutdown_timeout=0.01)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        worker = asyncio.create_task(self._work())
        ready.set()
        await self._stop.wait()
        worker.cancel()
        for socket in list(self.sockets.values()):
            socket._writer.transport.abort()
        await runner.cleanup()

    @web.middleware
    async def _with_faults(self, request: web.Request, handler: Any) -> web.StreamResponse:
        answer = await self.fault(request) if self.fault else None
        return answer or await handler(request)

    async def _work(self) -> None:
        while True:
            while not self.pending:
                self._wake.clear()
                await self._wake.wait()
            job_id, prompt, client, _ = self.running = self.pending.pop(0)
            self.interrupted = False
            await self._send(client, "execution_start", {"prompt_id": job_id})
            if job_id == self.deadly:
                await asyncio.sleep(self.seconds / 2)
                self._stop.set()
                return
            messages = await self._nodes(job_id, prompt, client)
            outputs = {} if messages else self._outputs(job_id, prompt)
            self.rendered[job_id] += not messages
            status = {"status_str": "error" if messages else "success", "completed": not messages, "messages": messages}
            self.history[job_id], self.running = {"outputs": outputs, "status": status}, None
            await self._send(client, "executing", {"prompt_id": job_id, "node": None})

    async def _nodes(self, job_id: str, prompt: dict[str, Any], client: str) -> list[Any]:
        for key in prompt:
            place = {"prompt_id": job_id, "node_id": key, "node_type": prompt[key]["class_type"]}
            await self._send(client, "executing", {"prompt_id": job_id, "node": key})
            await self._send(client, "progress", {"prompt_id": job_id, "node": key, "value": 1, "max": 2})
            await asyncio.sleep(self.seconds / len(prompt))
            if self.interrupted:
                return [["execution_interrupted", place]]
            if key == self.failing:
                return [["execution_error", place | {"exception_message": "no such frame", "exception_type": "ValueError"}]]
        return []

    def _outputs(self, job_id: str, prompt: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in [key for key, node in prompt.items() if node["class_type"] in ("SaveVideo", "SaveImage")]:
            names = [f"{job_id}_{key}.mp4"] if self.saved == 1 else [f"{job_id}_{key}_{i + 1}.png" for i in range(self.saved)]
            for number, name in enumerate(names):
                content = hashlib.sha256(json.dumps([prompt, key, number], sort_keys=True).encode()).hexdigest()
                self.files["output", name] = content.encode() * 50
            found[key] = {"images": [{"filename": name, "subfolder": "", "type": "output"} for name in names]}
        return found

    async def _send(self, client: str, kind: str, data: dict[str, Any]) -> None:
        socket = self.sockets.get(client)
        if socket and not socket.closed:
            with contextlib.suppress(ConnectionError):  # dropped just now
                await socket.send_json({"type": kind, "data": data})

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets[request.query["clientId"]] = socket
        await socket.send_json({"type": "status", "data": {"status": {}}})
        async for _ in socket:
            pass
        return socket

    async def _prompt(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.refused:
            return web.json_response(self.refused, status=400)
        number, self.number = self.number, self.number + 1
        self.pending.append((body["prompt_id"], body["prompt"], body.get("client_id", ""), number))
        self._wake.set()
        return web.json_response({"prompt_id": body["prompt_id"], "number": number, "node_errors": {}})

    async def _queue(self, _request: web.Request) -> web.Response:
        running = [[self.running[3], *self.running[:2], {}, []]] if self.running else []
        waiting = [[number, job_id, prompt, {}, []] for job_id, prompt, _, number in self.pending]
        return web.json_response({"queue_running": running, "queue_pending": waiting})

    async def _delete(self, request: web.Request) -> web.Response:
        for unwanted in (await request.json())["delete"]:  # of several equal ones the first alone
            found = next((job for job in self.pending if job[0] == unwanted), None)
            if found:
                self.pending.remove(found)
        return web.Response()

    async def _history(self, request: web.Request) -> web.Response:
        job_id = request.match_info["id"]
        return web.json_response({job_id: self.history[job_id]} if job_id in self.history else {})

    async def _forget(self, request: web.Request) -> web.Response:
        for job_id in (await request.json())["delete"]:
            self.history.pop(job_id, None)
        return web.Response()

    async def _interrupt(self, request: web.Request) -> web.Response:
        self.interrupted = self.interrupted or bool(self.running and self.running[0] == (await request.json())["prompt_id"])
        return web.Response()

    async def _free(self, _request: web.Request) -> web.Response:
        return web.Response()

    async def _view(self, request: web.Request) -> web.Response:
        content = self.files.get((request.query["type"], request.query["filename"]))
        return web.Response(status=404) if content is None else web.Response(body=content)

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        image = form["image"]
        self.files[str(form["type"]), image.filename] = image.file.read()
        self.uploads += 1
        return web.json_response({"name": image.filename, "subfolder": form["subfolder"], "type": form["type"]})


def main(port: int, folder: Path) -> None:
    """Serve, and leave this process's id in the folder; the first server there that has ended two jobs dies of it."""
    (folder / f"{os.getpid()}.pid").touch()
    fake = FakeComfy(seconds=0.2, port=port)
    while sum(fake.rendered.values()) < 2 or not is_first_to_die(folder):
        time.sleep(0.01)
    os._exit(9)


def is_first_to_die(folder: Path) -> bool:
    """Mark the folder and return True; False if another server did: of two that end their second jobs at once, one dies."""
    try:
        (folder / "died").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
