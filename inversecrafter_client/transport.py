"""HTTP to one server: small synchronous calls over one aiohttp session in a thread of its own, with errors in plain words."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import aiohttp

from .errors import ServerError, ServerUnreachable
from .files import CHUNK

Result = TypeVar("Result")
CONNECT_SECONDS = 10
QUIET = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError, ConnectionError)
"""Exceptions of aiohttp when there is no answer."""


class Transport:
    """Calls to the server at ``url``.

    Args:
        url: e.g. ``http://127.0.0.1:8188``; a path and a user are kept.
        timeout: seconds without a byte after which a call counts as unanswered.
    """

    def __init__(self, url: str, timeout: float):
        self.url, self.timeout = url.rstrip("/"), timeout
        self._lock, self._closed = threading.Lock(), False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name=f"client of {self.url}")
        self._thread.start()
        self.session: aiohttp.ClientSession = self.wait_for(self._open())

    def close(self) -> None:
        """Close the session and end the thread."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            ended = asyncio.run_coroutine_threadsafe(self._shut(), self._loop)
        ended.result(CONNECT_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CONNECT_SECONDS)
        self._loop.close()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a coroutine beside the calls, which ends with the transport."""
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def wait_for(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return the result of a coroutine that runs in this transport's thread."""
        with (
            self._lock
        ):  # whatever is scheduled before the end of the session is cancelled by it, and nothing is scheduled after
            if self._closed:
                work.close()
                raise ServerUnreachable(self.url, "the connection is closed", "Open a new client.")
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise ServerUnreachable(self.url, "the connection was closed meanwhile", "Open a new client.") from None
        except BaseException:
            future.cancel()  # Ctrl-C in the middle of an upload
            raise

    def get(self, path: str, **params: str) -> Any:
        """Return the JSON of a GET. Raises ServerUnreachable and ServerError."""
        return self.wait_for(self._json("GET", path, params=params))

    def post(self, path: str, body: Any) -> Any:
        """Return the JSON of a POST of JSON, None where the answer has no body. Raises ServerUnreachable and ServerError."""
        return self.wait_for(self._json("POST", path, json=body))

    def post_form(self, path: str, file: tuple[Path, str], **fields: str) -> Any:
        """Return the JSON of a POST of a file, streamed from disk, and of the name it is to have there."""
        return self.wait_for(self._form(path, file, fields))

    def post_checked(self, path: str, body: Any) -> tuple[int, Any]:
        """Return status and JSON of a POST whose refusal, 400, is an answer too."""
        return self.wait_for(self._checked(path, body))

    def size(self, path: str, **params: str) -> int | None:
        """Return the size of what a GET would give, without getting it; None where there is nothing."""
        return self.wait_for(self._size(path, params))

    def content(self, path: str, **params: str) -> bytes:
        """Return the body of a GET."""
        return self.wait_for(self._content(path, params))

    def download(self, path: str, stream: BinaryIO, **params: str) -> int:
        """Write the body of a GET to a stream, piece by piece; return the number of bytes."""
        return self.wait_for(self._download(path, stream, params))

    async def _open(self) -> aiohttp.ClientSession:
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=self.timeout)
        return aiohttp.ClientSession(timeout=timeout, trust_env=True)

    async def _shut(self) -> None:
        beside = asyncio.all_tasks() - {asyncio.current_task()}
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await self.session.close()

    @asynccontextmanager
    async def _reply(
        self, method: str, path: str, accept: tuple[int, ...] = (), **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Give the reply to a request; errors of the connection and of HTTP become ours."""
        try:
            async with self.session.request(method, self.url + path, **options) as reply:
                if reply.status >= 400 and reply.status not in accept:
                    text = (await reply.text(errors="replace")).strip()
                    raise ServerError(
                        self.url, f"{path} answers {reply.status} {text[:300] or reply.reason}", ADVICE, reply.status
                    )
                yield reply
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            raise ServerUnreachable(self.url, "no address", "Give one such as http://127.0.0.1:8188.") from None
        except TimeoutError as problem:
            found = (
                "no connection"
                if isinstance(problem, aiohttp.ConnectionTimeoutError)
                else f"no answer within {self.timeout:g} s"
            )
            raise ServerUnreachable(self.url, found, "Is it busy or stuck? Look at its log, or give it more time.") from None
        except QUIET as problem:
            advice = "Start ComfyUI there, or name another server with --server."
            why = problem.strerror if isinstance(problem, aiohttp.ClientConnectorError) else str(problem)
            raise ServerUnreachable(self.url, f"no answer ({why or type(problem).__name__})", advice) from None
        except aiohttp.ClientError as problem:
            found = f"{path} answers with no HTTP ({' '.join(str(problem).split())[:200]})"
            raise ServerError(self.url, found, "Is the address that of a ComfyUI?") from None

    async def _json(self, method: str, path: str, **options: Any) -> Any:
        async with self._reply(method, path, **options) as reply:
            return await _parsed(reply, self.url)

    async def _checked(self, path: str, body: Any) -> tuple[int, Any]:
        async with self._reply("POST", path, accept=(400,), json=body) as reply:
            return reply.status, await _parsed(reply, self.url)

    async def _form(self, path: str, file: tuple[Path, str], fields: dict[str, str]) -> Any:
        with file[0].open("rb") as stream:
            form = aiohttp.FormData(fields)
            form.add_field("image", stream, filename=file[1], content_type="application/octet-stream")
            return await self._json("POST", path, data=form)

    async def _size(self, path: str, params: dict[str, str]) -> int | None:
        async with self._reply("HEAD", path, accept=(404,), params=params) as reply:
            return None if reply.status == 404 else int(reply.headers.get("Content-Length", -1))

    async def _content(self, path: str, params: dict[str, str]) -> bytes:
        async with self._reply("GET", path, params=params) as reply:
            return await reply.read()

    async def _download(self, path: str, stream: BinaryIO, params: dict[str, str]) -> int:
        count = 0
        async with self._reply("GET", path, params=params) as reply:
            async for piece in reply.content.iter_chunked(CHUNK):
                count += stream.write(piece)
        return count


ADVICE = "Look at the server's log. Is it a ComfyUI?"


async def _parsed(reply: aiohttp.ClientResponse, url: str) -> Any:
    text = await reply.text(errors="replace")
    if not text:
        return None
    try:
        return await reply.json(content_type=None)
    except ValueError:
        found = f"{reply.url.path} answers {reply.content_type} and no JSON"
        raise ServerError(url, found, "Is the address that of a ComfyUI?", reply.status) from None
