"""A server that answers as ComfyUI does, and a clip's file: what every test of the client starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_comfy import FakeComfy


@pytest.fixture
def fakes() -> Iterator[Callable[..., FakeComfy]]:
    """Start a server; all of them end with the test."""
    started: list[FakeComfy] = []

    def start(seconds: float = 0.02) -> FakeComfy:
        started.append(FakeComfy(seconds))
        return started[-1]

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def fake(fakes) -> FakeComfy:
    return fakes()


@pytest.fixture
def clip(tmp_path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"a clip")
    return path
